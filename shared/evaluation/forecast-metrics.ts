import { ratio, sumOf } from './sums.ts';

/**
 * The mean absolute change from one season to the next within the history: the error of answering "as last season".
 */
export function naiveError(history: Float64Array, seasonality: number): number | null {
  const rows = history.length - seasonality;
  return rows < 1 ? null : sumOf(rows, (i) => Math.abs((history[i + seasonality] ?? 0) - (history[i] ?? 0))) / rows;
}

/** The mean squared change from one season to the next within the history. */
function naiveSquaredError(history: Float64Array, seasonality: number): number | null {
  const rows = history.length - seasonality;
  return rows < 1 ? null : sumOf(rows, (i) => ((history[i + seasonality] ?? 0) - (history[i] ?? 0)) ** 2) / rows;
}

/** What happened, what was forecast, and what had happened before. */
export interface ForecastInput {
  readonly history: Float64Array;
  readonly actual: Float64Array;
  readonly forecast: Float64Array;
  /** The number of values in a season; 1 where there is none. */
  readonly seasonality: number;
}

/**
 * Errors scaled by those of the seasonal naive forecast: below 1 the forecast beats it. Null where the naive one
 * never errs.
 */
export function scaledErrors({ history, actual, forecast, seasonality }: ForecastInput): {
  readonly mase: number | null;
  readonly rmsse: number | null;
} {
  const rows = actual.length;
  const absolute = ratio(
    sumOf(rows, (i) => Math.abs((forecast[i] ?? 0) - (actual[i] ?? 0))),
    rows,
  );
  const squared = ratio(
    sumOf(rows, (i) => ((forecast[i] ?? 0) - (actual[i] ?? 0)) ** 2),
    rows,
  );
  const naive = naiveError(history, seasonality);
  const naiveSquared = naiveSquaredError(history, seasonality);
  const rmsse = squared === null || naiveSquared === null ? null : ratio(squared, naiveSquared);
  return {
    mase: absolute === null || naive === null ? null : ratio(absolute, naive),
    rmsse: rmsse === null ? null : Math.sqrt(rmsse),
  };
}

/**
 * The mean pinball loss of a forecast of one quantile: what lies above costs `quantile`, what lies below `1 -
 * quantile`.
 */
export function pinballLoss(actual: Float64Array, forecast: Float64Array, quantile: number): number | null {
  const loss = sumOf(actual.length, (i) => {
    const above = (actual[i] ?? 0) - (forecast[i] ?? 0);
    return Math.max(quantile * above, (quantile - 1) * above);
  });
  return ratio(loss, actual.length);
}

/** The share of what happened that lies within the interval, ends included. */
export function coverage(actual: Float64Array, lower: Float64Array, upper: Float64Array): number | null {
  const within = sumOf(actual.length, (i) => {
    const value = actual[i] ?? Number.NaN;
    return value >= (lower[i] ?? Number.NaN) && value <= (upper[i] ?? Number.NaN) ? 1 : 0;
  });
  return ratio(within, actual.length);
}
