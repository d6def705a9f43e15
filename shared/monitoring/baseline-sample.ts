/** The profile of the rows a model learns from, or answers for: what windows of its life are held against. */
import type { Column, ColumnBatch } from '../features/columns.ts';
import { type Baseline, buildBaseline } from './baseline.ts';
import { featureCells, featureSpecs, type ModelColumns, withUnseen } from './model-columns.ts';

/** Takes rows to train on, and never more than a bounded memory. */
export interface BaselineRowsSample {
  /** Takes some of the chosen rows of a batch, encoded for the model. */
  add(batch: ColumnBatch, features: readonly Float64Array[], chosen: Uint32Array): void;
  /** The profile of what was taken. */
  baseline(): Baseline;
}

/** Cells of the sample, 96 MB of doubles. */
const MAX_CELLS = 12_000_000;

const MS_OF = { timestamp: 1 / 1000, date: 86_400_000 } as const;

/** Times in epoch milliseconds, NaN where there is none. */
function timesOf(column: Column): (row: number) => number {
  const unit = column.type === 'date' ? MS_OF.date : MS_OF.timestamp;
  return (row) => (column.nulls?.[row] === 1 ? Number.NaN : Number(column.values[row]) * unit);
}

/**
 * Samples evenly: every row first, every second once the sample is full, then every fourth, and so on.
 *
 * @param time The column that says when a row was; null where rows have none, and the baseline then has no chunks.
 * @param windowMs How long a window will be, and so a chunk.
 */
export function baselineRowsSample(
  input: ModelColumns,
  time: string | null,
  windowMs: number,
  maxRows: number = Math.max(10_000, Math.floor(MAX_CELLS / (input.features.length + 1))),
): BaselineRowsSample {
  const specs = featureSpecs(input, time);
  let [length, kept, seen, step] = [Math.min(maxRows, 65_536), 0, 0, 1];
  let columns = input.features.map(() => new Float64Array(length));
  let times = new Float64Array(length);

  const grow = (): void => {
    length = Math.min(maxRows, length * 2);
    const larger = (values: Float64Array): Float64Array<ArrayBuffer> => {
      const grown = new Float64Array(length);
      grown.set(values);
      return grown;
    };
    columns = columns.map(larger);
    times = larger(times);
  };
  const thin = (): void => {
    for (const column of [...columns, times]) {
      for (let row = 0; row * 2 < kept; row += 1) column[row] = column[row * 2] ?? Number.NaN;
    }
    kept = Math.ceil(kept / 2);
    step *= 2;
  };

  return {
    add(batch, features, chosen) {
      const column = time === null ? undefined : batch.columns[time];
      if (time !== null && column === undefined) throw new RangeError(`the batch has no column ${time}`);
      const atMs = column && timesOf(column);
      for (const row of chosen) {
        const isTaken = seen % step === 0;
        seen += 1;
        if (!isTaken) continue;
        if (kept === length && length < maxRows) grow();
        if (kept === length) {
          thin();
          // Of the rows that are left every second is no longer in step.
          if ((seen - 1) % step !== 0) continue;
        }
        for (const [place, values] of features.entries()) (columns[place] ?? values)[kept] = values[row] ?? Number.NaN;
        if (atMs !== undefined) times[kept] = atMs(row);
        kept += 1;
      }
    },
    baseline() {
      const cells = featureCells(input, specs)(columns, kept);
      const rows = { rows: kept, times: time === null ? null : times.subarray(0, kept), cells };
      return withUnseen(buildBaseline(specs, [rows], windowMs));
    },
  };
}
