import { waitingSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { AT_WORK_MS } from '../../shared/runtime/at-work.ts';

/**
 * Since when a step of a run has waited; undefined when it never has. The fact is of its first waiting: what it waits
 * for now may have been decided later.
 */
export const waitingSince = async (
  ledger: Ledger,
  step: 'launch-training' | `launch-training-f${number}` | 'deploy-model',
  { model, run, decidedAt }: { model: string; run: string; decidedAt: string },
): Promise<Date | undefined> => {
  const fact = await ledger.find(waitingSchema, keys.waiting(model, run, step));
  return fact && new Date(Math.max(Date.parse(fact.since), Date.parse(decidedAt)));
};

/** A message that waits comes back by itself; one that has not ended its waiting by now is lost. */
export const waits = (since: Date | undefined, patienceMs: number, now: Date): boolean =>
  since !== undefined && now.getTime() - since.getTime() < patienceMs + AT_WORK_MS * 2;
