import { orderAscending, sortAscending } from './radix-sort.ts';
import { ratio, sumOf } from './sums.ts';

/** What was there and what the model said, row by row. */
export interface RegressionInput {
  readonly labels: Float64Array;
  readonly scores: Float64Array;
  readonly weights?: Float64Array | undefined;
}

/** The figures of a regression; null where a figure is undefined. Errors are prediction minus truth. */
export interface RegressionMetrics {
  readonly rmse: number | null;
  readonly mse: number | null;
  readonly mae: number | null;
  readonly medae: number | null;
  readonly max_error: number | null;
  readonly bias: number | null;
  readonly r2: number | null;
  readonly explained_variance: number | null;
  /** Over the rows whose truth is not zero; null where there is none. */
  readonly mape_nonzero: number | null;
  readonly wape: number | null;
  /** Between 0 and 2; a row of zero and zero counts 0. */
  readonly smape_0_2: number | null;
  /** Null where a truth or a prediction is below zero. */
  readonly rmsle: number | null;
}

/**
 * The value in the middle of the total weight: at or below it lies half. Where the half falls exactly between two
 * values it is their mean, so that equal weights give the plain median (and scikit-learn 1.8's weighted one). Null
 * without values.
 */
function median(values: Float64Array, weights?: Float64Array): number | null {
  if (weights === undefined) {
    const sorted = sortAscending(values);
    const low = sorted[(sorted.length - 1) >> 1];
    const high = sorted[sorted.length >> 1];
    return low === undefined || high === undefined ? null : (low + high) / 2;
  }
  const order = orderAscending(values).filter((row) => (weights[row] ?? 0) > 0);
  const half = sumOf(order.length, (at) => weights[order[at] ?? 0] ?? 0) / 2;
  let below = 0;
  for (let at = 0; at < order.length; at += 1) {
    const row = order[at] ?? 0;
    below += weights[row] ?? 0;
    const value = values[row] ?? Number.NaN;
    if (below > half) return value;
    if (below === half) return (value + (values[order[at + 1] ?? row] ?? value)) / 2;
  }
  return null;
}

/** 1 - unexplained/total; a truth that never varies is explained by a perfect prediction (1) and by no other (0). */
function explained(unexplained: number, total: number): number {
  if (total === 0) return unexplained === 0 ? 1 : 0;
  return 1 - unexplained / total;
}

/**
 * All figures of a regression at once.
 * @throws RangeError where truths, predictions and weights differ in length
 */
export function regressionMetrics({ labels, scores, weights }: RegressionInput): RegressionMetrics {
  const rows = labels.length;
  if (scores.length !== rows || (weights !== undefined && weights.length !== rows)) {
    throw new RangeError(`${rows} labels, ${scores.length} scores, ${weights?.length ?? 'no'} weights`);
  }
  const truth = (row: number): number => labels[row] ?? 0;
  const error = (row: number): number => (scores[row] ?? 0) - truth(row);
  const weight = (row: number): number => (weights === undefined ? 1 : (weights[row] ?? 0));
  const sum = (term: (row: number) => number): number => sumOf(rows, (row) => weight(row) * term(row));

  const total = sum(() => 1);
  const mean = (term: (row: number) => number): number | null => ratio(sum(term), total);
  const mse = mean((row) => error(row) ** 2);
  const bias = mean(error);
  // Two passes: subtracting squares of values near 1e9 would leave nothing of their spread.
  const centre = mean(truth) ?? 0;
  const spread = sum((row) => (truth(row) - centre) ** 2);
  const withTruth = sum((row) => (truth(row) === 0 ? 0 : 1));
  const absolute = new Float64Array(rows);
  let negative = false;
  let largest: number | null = null;
  for (let row = 0; row < rows; row += 1) {
    absolute[row] = Math.abs(error(row));
    negative ||= truth(row) < 0 || (scores[row] ?? 0) < 0;
    largest = Math.max(largest ?? 0, absolute[row] ?? 0);
  }
  const rmsle = negative ? null : mean((row) => (Math.log1p(scores[row] ?? 0) - Math.log1p(truth(row))) ** 2);
  return {
    rmse: mse === null ? null : Math.sqrt(mse),
    mse,
    mae: mean((row) => absolute[row] ?? 0),
    medae: median(absolute, weights),
    max_error: largest,
    bias,
    r2: rows < 2 || mse === null ? null : explained(mse * total, spread),
    explained_variance:
      rows < 2 || bias === null
        ? null
        : explained(
            sum((row) => (error(row) - bias) ** 2),
            spread,
          ),
    mape_nonzero: ratio(
      sum((row) => (truth(row) === 0 ? 0 : Math.abs(error(row) / truth(row)))),
      withTruth,
    ),
    wape: ratio(
      sum((row) => absolute[row] ?? 0),
      sum((row) => Math.abs(truth(row))),
    ),
    smape_0_2: mean((row) => {
      const scale = Math.abs(truth(row)) + Math.abs(scores[row] ?? 0);
      return scale === 0 ? 0 : (2 * (absolute[row] ?? 0)) / scale;
    }),
    rmsle: rmsle === null ? null : Math.sqrt(rmsle),
  };
}
