/** Which fold a row to train on is in: what is learned of a row's category must come from other rows than its like. */
import { ENCODING_FOLDS } from '../../shared/data/category-encoding.ts';
import { needsFolds } from '../../shared/data/run-input.ts';
import { hashFolds, timeFolds } from '../../shared/data/split.ts';
import type { ResolvedInput } from '../../shared/definition/resolve.ts';
import type { ColumnBatch } from '../../shared/features/columns.ts';
import type { RunPlan, SplitMethod } from '../../shared/ledger/facts.ts';
import { columnOf } from './run-rows.ts';

/** The folds of a batch's rows; null where no feature needs them. */
export type FoldRows = (batch: ColumnBatch) => Uint8Array | null;

/** Microseconds. */
const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;
/** With fewer days to train on, some folds would have none. */
const LEAST_DAYS = 2 * ENCODING_FOLDS;

/**
 * Folds as the rows are split: with a time the rows of a day (of an hour, where there are few days) are in one fold, for
 * they move together; without one those of a key or an entity.
 */
export function foldRows(
  { features }: Pick<ResolvedInput, 'features'>,
  split: SplitMethod,
  cut: RunPlan['cut'],
): FoldRows {
  if (!needsFolds(features)) return () => null;
  if (split.by !== 'time') {
    return (batch) =>
      hashFolds(
        split.key.map((name) => columnOf(batch, name)),
        batch.rows,
        ENCODING_FOLDS,
      );
  }
  const days =
    cut === null || cut.from === null ? LEAST_DAYS : (Date.parse(cut.validation) - Date.parse(cut.from)) / 86_400_000;
  const block = days < LEAST_DAYS ? HOUR : DAY;
  return (batch) => timeFolds(columnOf(batch, split.column), block, ENCODING_FOLDS);
}
