import { createInterface } from 'node:readline';
import { NotFoundError } from '../../shared/errors.ts';
import { goldenSchema } from '../../shared/evaluation/golden.ts';
import { preparedSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';

/** A golden row as the model reads it, and what the candidate said of it: one number, or one for each class. */
export interface GoldenLine {
  readonly line: string;
  readonly candidate: readonly number[];
}

/** The lines of a text object at these places (the first is 0). */
const linesAt = async (store: ObjectStore, key: string, places: ReadonlySet<number>): Promise<Map<number, string>> => {
  const { body } = await store.open(key);
  const found = new Map<number, string>();
  let place = 0;
  for await (const line of createInterface({ input: body, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (places.has(place)) found.set(place, line);
    place += 1;
    if (found.size === places.size) break;
  }
  body.destroy();
  return found;
};

/** The golden rows of a run, in the order of the gate. @throws NotFoundError where a part lacks one of them. */
export const goldenLines = async (
  ledger: Ledger,
  store: ObjectStore,
  { model, run }: { readonly model: string; readonly run: string },
): Promise<GoldenLine[]> => {
  const [golden, { splits }] = await Promise.all([
    ledger.read(goldenSchema, keys.golden(model, run)),
    ledger.read(preparedSchema, keys.prepared(model, run)),
  ]);
  const all: GoldenLine[] = [];
  for (const [index, part] of splits.gate.parts.entries()) {
    const rows = golden.rows.filter((row) => row.part === index);
    if (rows.length === 0) continue;
    const found = await linesAt(store, part.dataKey, new Set(rows.map((row) => row.ordinal)));
    for (const row of rows) {
      const line = found.get(row.ordinal);
      if (line === undefined) throw new NotFoundError(`${part.dataKey} has no row ${row.ordinal}`);
      all.push({ line, candidate: [row.candidate].flat() });
    }
  }
  return all;
};
