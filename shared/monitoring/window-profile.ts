/** What the captured records of one run in one window amount to. */
import type { Baseline } from './baseline.ts';
import { type CaptureBatch, type CaptureTally, emptyTally } from './capture.ts';
import { EventSet } from './event-set.ts';
import { type FeatureCells, featureCells, type ModelColumns, predictionCells } from './model-columns.ts';
import { type WindowProfile, type WindowProfiler, windowProfiler } from './window-profiler.ts';
import type { Window } from './windows.ts';

/** How many records were met, and what became of them. */
export interface WindowCounts {
  /** Requests of the window, each once. */
  records: number;
  /** Rows of these requests. */
  rows: number;
  /** Requests that were captured before under the same event id. */
  duplicates: number;
  /** Requests for which there was no room to look for duplicates. */
  unchecked: number;
  /** Requests of other windows that lie in the same folders. */
  outside: number;
}

/** Takes the records of one run's capture files and profiles those of one window. */
export interface WindowCollector {
  readonly counts: WindowCounts;
  /** Where readers of capture files tell what they left out. */
  readonly tally: CaptureTally;
  take(batch: CaptureBatch): void;
  features(): WindowProfile;
  /** Null where there is no baseline of answers. */
  predictions(): WindowProfile | null;
}

/** Moves the rows of the kept records of a batch to its front; returns how many there are. */
function compact(batch: CaptureBatch, kept: Uint8Array, outputs: number): number {
  const { columns, predictions, firstRow } = batch;
  let rows = 0;
  for (let record = 0; record < batch.records; record += 1) {
    if (kept[record] !== 1) continue;
    const [from, to] = [firstRow[record] ?? 0, firstRow[record + 1] ?? 0];
    for (const column of columns) column.copyWithin(rows, from, to);
    predictions.copyWithin(rows * outputs, from * outputs, to * outputs);
    rows += to - from;
  }
  return rows;
}

/**
 * Begins to collect a window of a run. An event that comes twice counts once, in whatever file it lies.
 *
 * @param classes What the run's model tells apart; null where it answers one number.
 * @param predictions The baseline of answers; null where there is none.
 */
export function windowCollector(
  window: Window,
  input: ModelColumns,
  classes: readonly string[] | null,
  baseline: Baseline,
  predictions: Baseline | null,
): WindowCollector {
  const { startMs, endMs } = window;
  const outputs = classes?.length ?? 1;
  const cellsOf: FeatureCells = featureCells(input, baseline.columns);
  const features = windowProfiler(baseline);
  const answers: WindowProfiler | null = predictions && windowProfiler(predictions);
  const counts: WindowCounts = { records: 0, rows: 0, duplicates: 0, unchecked: 0, outside: 0 };
  const seen = new EventSet();

  const isKept = (atMs: number, high: number, low: number): boolean => {
    if (atMs < startMs || atMs >= endMs) {
      counts.outside += 1;
      return false;
    }
    const isNew = seen.add(high, low);
    if (isNew === null) counts.unchecked += 1;
    if (isNew === false) counts.duplicates += 1;
    return isNew !== false;
  };

  return {
    counts,
    tally: emptyTally(),
    take(batch) {
      const { atMs, eventHash } = batch;
      const kept = new Uint8Array(batch.records);
      let records = 0;
      for (let record = 0; record < batch.records; record += 1) {
        if (!isKept(atMs[record] ?? 0, eventHash[record * 2] ?? 0, eventHash[record * 2 + 1] ?? 0)) continue;
        kept[record] = 1;
        records += 1;
      }
      const rows = records === batch.records ? batch.rows : compact(batch, kept, outputs);
      if (rows === 0) return;
      features.add(rows, cellsOf(batch.columns, rows));
      answers?.add(rows, predictionCells(batch.predictions, rows, classes));
      counts.records += records;
      counts.rows += rows;
    },
    features: () => features.profile(),
    predictions: () => answers?.profile() ?? null,
  };
}
