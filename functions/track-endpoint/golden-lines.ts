import { NotFoundError } from '../../shared/errors.ts';
import { type GoldenRow, goldenSchema } from '../../shared/evaluation/golden.ts';
import { type Prepared, preparedSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';

/** A golden row as the model reads it, and what the candidate said of it: one number, or one for each class. */
export interface GoldenLine {
  readonly line: string;
  readonly candidate: readonly number[];
}

/** A golden row that two models read alike, and what each said of it. */
export interface SharedGoldenLine extends GoldenLine {
  readonly champion: readonly number[];
}

/** The lines of a text object at these places (the first is 0). */
const linesAt = async (store: ObjectStore, key: string, places: ReadonlySet<number>): Promise<Map<number, string>> => {
  const { body } = await store.open(key);
  const found = new Map<number, string>();
  let place = 0;
  const take = (line: string) => {
    if (places.has(place)) found.set(place, line);
    place += 1;
  };
  const decoder = new TextDecoder();
  const pieces: AsyncIterable<Uint8Array> = body;
  let begun = '';
  // A loop that is left ends the stream, too.
  for await (const piece of pieces) {
    const lines = (begun + decoder.decode(piece, { stream: true })).split('\n');
    begun = lines.pop() ?? '';
    for (const line of lines) take(line);
    if (found.size === places.size) return found;
  }
  if (begun !== '') take(begun);
  return found;
};

/** The lines of golden rows in the parts of a split, in the order of the gate; `rows` are in that order too. */
const linesOf = async (
  store: ObjectStore,
  parts: Prepared['splits']['gate']['parts'],
  golden: readonly GoldenRow[],
): Promise<{ readonly row: GoldenRow; readonly line: string }[]> => {
  const all: { row: GoldenRow; line: string }[] = [];
  for (const [index, part] of parts.entries()) {
    const rows = golden.filter((row) => row.part === index);
    if (rows.length === 0) continue;
    const found = await linesAt(store, part.dataKey, new Set(rows.map((row) => row.ordinal)));
    for (const row of rows) {
      const line = found.get(row.ordinal);
      if (line === undefined) throw new NotFoundError(`${part.dataKey} has no row ${row.ordinal}`);
      all.push({ row, line });
    }
  }
  return all;
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
  const lines = await linesOf(store, splits.gate.parts, golden.rows);
  return lines.map(({ row, line }) => ({ line, candidate: [row.candidate].flat() }));
};

/**
 * The golden rows of a run that its candidate and its champion read alike, byte for byte, so that whichever of them is asked
 * is asked the same. A category that only the newer dictionary knows makes a line that the other would answer otherwise
 * than it did; such rows are left out.
 *
 * @param champion The run whose model is asked beside the candidate: none where that is not the one the candidate was
 *   judged against.
 */
export const sharedGoldenLines = async (
  ledger: Ledger,
  store: ObjectStore,
  { model, run, champion }: { readonly model: string; readonly run: string; readonly champion: string },
): Promise<SharedGoldenLine[]> => {
  const [golden, { splits, gateChampion }] = await Promise.all([
    ledger.read(goldenSchema, keys.golden(model, run)),
    ledger.read(preparedSchema, keys.prepared(model, run)),
  ]);
  if (golden.championRun !== champion || gateChampion === null) return [];
  const [read, otherwise] = await Promise.all([
    linesOf(store, splits.gate.parts, golden.rows),
    linesOf(store, gateChampion.parts, golden.rows),
  ]);
  return read.flatMap(({ row, line }, index) =>
    row.champion !== null && otherwise[index]?.line === line
      ? [{ line, candidate: [row.candidate].flat(), champion: [row.champion].flat() }]
      : [],
  );
};
