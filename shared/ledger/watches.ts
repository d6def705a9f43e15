import { DependencyError } from '../errors.ts';
import { type Watch, watchSchema } from './facts.ts';
import { keys } from './keys.ts';
import type { Ledger } from './ledger.ts';

/** How often it is tried again while others do the same. */
const TRIES = 5;

/** Whether a dataset is the better baseline: the newest one, or any under a definition that has come into force. */
const follows = (next: Omit<Watch, 'n'>, current: Watch): boolean => {
  if (next.definitionDigest !== current.definitionDigest) return true;
  if (next.receivedAt !== current.receivedAt) return next.receivedAt > current.receivedAt;
  return next.dataset > current.dataset;
};

/**
 * Makes a dataset what a watched endpoint is held against from now on, unless a newer one is. Each watch lies in the
 * history before another takes its place.
 *
 * @throws DependencyError while others do the same.
 */
export async function moveWatch(ledger: Ledger, next: Omit<Watch, 'n'>): Promise<Watch> {
  const { model } = next;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const current = await ledger.find(watchSchema, keys.watch(model));
    if (current) await ledger.record(watchSchema, keys.watchHistory(model, current.n), current);
    if (current && !follows(next, current)) return current;
    const wanted = { ...next, n: (current?.n ?? 0) + 1 };
    const stands = await ledger.point(watchSchema, keys.watch(model), (found) =>
      found?.n === current?.n ? wanted : undefined,
    );
    if (stands === wanted) return ledger.record(watchSchema, keys.watchHistory(model, wanted.n), wanted);
  }
  throw new DependencyError(`what ${model} is held against was changed ${TRIES} times meanwhile`);
}

/** The watches of a model, the present one first. */
export async function* watchesOf(ledger: Ledger, model: string): AsyncGenerator<Watch> {
  const current = await ledger.find(watchSchema, keys.watch(model));
  if (current === undefined) return;
  yield current;
  for (let n = current.n - 1; n >= 1; n -= 1) yield ledger.read(watchSchema, keys.watchHistory(model, n));
}
