import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { type Engine, literal } from '../../shared/data/engine.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';

/** Rows of one batch of labels. */
const BATCH_ROWS = 65_536;

async function labelsOf(engine: Engine, file: string): Promise<Float64Array[]> {
  const batches: Float64Array[] = [];
  for await (const { columns, rows } of engine.columns(
    `SELECT label FROM read_parquet(${literal(file)})`,
    BATCH_ROWS,
  )) {
    const { label } = columns;
    if (label === undefined || typeof label.values[0] === 'string')
      throw new TypeError(`the labels of ${file} are no numbers`);
    const { nulls, values } = label;
    batches.push(
      Float64Array.from({ length: rows }, (_, row) => (nulls?.[row] === 1 ? Number.NaN : Number(values[row]))),
    );
  }
  return batches;
}

function joined(batches: readonly Float64Array[]): Float64Array {
  const labels = new Float64Array(batches.reduce((sum, batch) => sum + batch.length, 0));
  let offset = 0;
  for (const batch of batches) {
    labels.set(batch, offset);
    offset += batch.length;
  }
  return labels;
}

/**
 * Reads the labels out of rows files in the store, in the order of the keys and of the rows; NaN where a row has
 * none.
 */
export const labelReader =
  (store: ObjectStore, openEngine: (tempDirectory: string) => Promise<Engine>) =>
  async (rowsKeys: readonly string[]): Promise<Float64Array> => {
    const directory = await mkdtemp(join(tmpdir(), 'labels-'));
    const engine = await openEngine(directory);
    try {
      const batches: Float64Array[] = [];
      for (const key of rowsKeys) {
        const file = join(directory, 'rows.parquet');
        const { body } = await store.open(key);
        await pipeline(body, createWriteStream(file));
        batches.push(...(await labelsOf(engine, file)));
      }
      return joined(batches);
    } finally {
      engine.close();
      await rm(directory, { recursive: true, force: true });
    }
  };
