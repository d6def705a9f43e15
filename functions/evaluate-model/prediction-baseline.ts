/** The profile of what a candidate answers on the gate rows: what the answers of its windows are held against. */
import { type Baseline, buildBaseline } from '../../shared/monitoring/baseline.ts';
import { predictionCells, predictionSpecs } from '../../shared/monitoring/model-columns.ts';

/** Scores of the gate rows, in their order. */
interface GateScores {
  readonly rows: number;
  readonly columns: readonly { readonly name: string; readonly values: Float64Array }[];
}

const CLASS_COLUMN = 'score.';

/**
 * Profiles a candidate's scores of the gate rows.
 *
 * @param times When the rows were, in epoch milliseconds; null where that is not known.
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
