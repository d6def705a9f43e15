/** The profile of what a candidate answers on the gate rows: what the answers of its windows are held against. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { type Engine, literal } from '../../shared/data/engine.ts';
import type { Prepared } from '../../shared/ledger/facts.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';
import { type Baseline, buildBaseline } from '../../shared/monitoring/baseline.ts';
import { predictionCells, predictionSpecs } from '../../shared/monitoring/model-columns.ts';

/** Reads when the gate rows were, in epoch milliseconds and in their order; null where they have no time. */
export type ReadGateTimes = (parts: Prepared['splits']['gate']['parts']) => Promise<Float64Array | null>;

const BATCH_ROWS = 65_536;
const DAY_MS = 86_400_000;

/** Reads times from the rows files, one file at a time on the function's disk. */
export const gateTimesReader =
  (store: ObjectStore, openEngine: (tempDirectory: string) => Promise<Engine>): ReadGateTimes =>
  async (parts) => {
    const directory = await mkdtemp(join(tmpdir(), 'times-'));
    const engine = await openEngine(directory);
    try {
      const times = new Float64Array(parts.reduce((sum, { rows }) => sum + rows, 0)).fill(Number.NaN);
      let offset = 0;
      for (const { rowsKey, rows } of parts) {
        const file = join(directory, 'rows.parquet');
        const { body } = await store.open(rowsKey);
        await pipeline(body, createWriteStream(file));
        const from = `read_parquet(${literal(file)})`;
        if (!(await engine.describe(`SELECT * FROM ${from}`)).some(({ name }) => name === 'time')) return null;
        let place = offset;
        for await (const batch of engine.columns(`SELECT time FROM ${from}`, BATCH_ROWS)) {
          const column = batch.columns.time;
          // Dates are days since 1970, timestamps microseconds.
          const unit = column?.type === 'date' ? DAY_MS : 1 / 1000;
          for (let row = 0; row < batch.rows; row += 1, place += 1) {
            if (column?.nulls?.[row] !== 1) times[place] = Number(column?.values[row]) * unit;
          }
        }
        offset += rows;
      }
      return times;
    } finally {
      engine.close();
      await rm(directory, { recursive: true, force: true });
    }
  };

/** Scores of the gate rows, in their order. */
interface GateScores {
  readonly rows: number;
  readonly columns: readonly { readonly name: string; readonly values: Float64Array }[];
}

const CLASS_COLUMN = 'score.';

/**
 * Profiles a candidate's scores of the gate rows.
 *
 * @param windowMs How long a window will be, and so a chunk.
 */
export function predictionBaseline(
  { rows, columns }: GateScores,
  times: Float64Array | null,
  windowMs: number,
): Baseline {
  const classes = columns.some(({ name }) => name.startsWith(CLASS_COLUMN))
    ? columns.map(({ name }) => name.slice(CLASS_COLUMN.length))
    : null;
  const answered = new Float64Array(rows * columns.length);
  for (const [place, { values }] of columns.entries()) {
    for (let row = 0; row < rows; row += 1) answered[row * columns.length + place] = values[row] ?? Number.NaN;
  }
  return buildBaseline(
    predictionSpecs(classes),
    [{ rows, times, cells: predictionCells(answered, rows, classes) }],
    windowMs,
  );
}
