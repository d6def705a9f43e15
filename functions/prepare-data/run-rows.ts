/** A run's rows, batch by batch. */
import type { Engine } from '../../shared/data/engine.ts';
import { typedRows } from '../../shared/data/merge-columns.ts';
import type { ResolvedInput } from '../../shared/definition/resolve.ts';
import type { Column, ColumnBatch } from '../../shared/features/columns.ts';

/** A run's rows: typed copies on local disk, in order. */
export interface RunRows {
  readonly engine: Engine;
  readonly paths: readonly string[];
  readonly input: ResolvedInput;
}

const BATCH_ROWS = 16_384;

/** Batches of a run's rows, with some of its columns. */
export async function* batches(
  { engine, paths, input }: RunRows,
  names: Iterable<string>,
): AsyncGenerator<ColumnBatch> {
  const columns = [...new Set(names)].map((name) => {
    const type = input.columnTypes[name];
    if (type === undefined) throw new RangeError(`the data has no column ${name}`);
    return { name, type };
  });
  for (const path of paths) yield* engine.columns(typedRows(path, columns), BATCH_ROWS);
}

/** A column of a batch. @throws RangeError where it has none of the name */
export function columnOf(batch: ColumnBatch, name: string): Column {
  const found = Object.hasOwn(batch.columns, name) ? batch.columns[name] : undefined;
  if (found === undefined) throw new RangeError(`the batch has no column ${name}`);
  return found;
}

/** The rows of a side, in their order. */
export function chosen(sides: Uint8Array, side: number): Uint32Array {
  const rows = new Uint32Array(sides.length);
  let found = 0;
  for (let row = 0; row < sides.length; row += 1) {
    if (sides[row] !== side) continue;
    rows[found] = row;
    found += 1;
  }
  return rows.subarray(0, found);
}
