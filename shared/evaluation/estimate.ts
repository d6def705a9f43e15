import { type Clusters, clusterSums } from './clusters.ts';
import { normalCritical, normalTail, studentCritical, studentTwoSided } from './distributions.ts';
import type { Interval } from './intervals.ts';
import { sumOf } from './sums.ts';

/**
 * With fewer clusters nothing is said: their spread is itself a guess. Five is the least with which a t of four
 * degrees of freedom has a use (2.78 for 95 %, against 4.30 with three clusters).
 */
export const LEAST_CLUSTERS = 5;

/** A figure and how far it may be off. */
export interface Estimate {
  readonly value: number;
  readonly standardError: number;
  /** The standard error were every row independent; null where it was not worked out. */
  readonly independentError: number | null;
  /** Of Student's t: clusters - 1, or rows - 1; null: normal. */
  readonly degreesOfFreedom: number | null;
}

/** Why a figure has no standard error. */
export interface NoEstimate {
  readonly undefinedBecause: string;
}

/** Terms of a mean: the row's value, and its weight (0: the row does not count). */
export interface RowTerms {
  readonly terms: Float64Array;
  /** Null: every row counts once. */
  readonly weights: Float64Array | null;
}

/** Why so few clusters say nothing. */
export const tooFewClusters = (count: number): string =>
  `the rows fall into ${count === 1 ? '1 cluster' : `${count} clusters`}; at least ${LEAST_CLUSTERS} are needed to tell how far figures vary`;

/**
 * The (weighted) mean of row terms. Its standard error is that of a ratio of sums (Taylor linearisation); with clusters
 * deviations add up within a cluster before they are squared (Liang and Zeger 1986, with the factor G/(G-1)). Student's
 * t with clusters - 1 degrees of freedom, for with a few clusters the normal is too sure of itself.
 */
export function meanEstimate({ terms, weights }: RowTerms, clusters: Clusters | null): Estimate | NoEstimate {
  const rows = terms.length;
  const weight = (row: number): number => (weights === null ? 1 : (weights[row] ?? 0));
  const total = sumOf(rows, weight);
  if (!(total > 0)) return { undefinedBecause: 'no row counts' };
  const value = sumOf(rows, (row) => weight(row) * (terms[row] ?? 0)) / total;
  const deviation = (row: number): number => (weight(row) * ((terms[row] ?? 0) - value)) / total;
  const counted = weights === null ? rows : sumOf(rows, (row) => (weight(row) > 0 ? 1 : 0));
  if (counted < 2) return { undefinedBecause: 'one row alone does not vary' };
  const independent = (sumOf(rows, (row) => deviation(row) ** 2) * counted) / (counted - 1);
  if (clusters === null) {
    const standardError = Math.sqrt(independent);
    return { value, standardError, independentError: standardError, degreesOfFreedom: counted - 1 };
  }
  const holding =
    weights === null
      ? clusters.count
      : clusterSums(clusters, (row) => (weight(row) > 0 ? 1 : 0)).filter((rowsIn) => rowsIn > 0).length;
  if (holding < LEAST_CLUSTERS) return { undefinedBecause: tooFewClusters(holding) };
  const sums = clusterSums(clusters, deviation);
  const variance = (sumOf(sums.length, (at) => (sums[at] ?? 0) ** 2) * holding) / (holding - 1);
  return {
    value,
    standardError: Math.sqrt(variance),
    independentError: Math.sqrt(independent),
    degreesOfFreedom: holding - 1,
  };
}

/** The value the estimate's distribution exceeds with probability `tail`. */
function criticalOf(degreesOfFreedom: number | null, tail: number): number {
  return degreesOfFreedom === null ? normalCritical(tail) : studentCritical(tail, degreesOfFreedom);
}

/** What follows from an estimate at a confidence. */
export interface Bounds {
  readonly interval: Interval;
  /** One-sided: the figure lies above it with the confidence. */
  readonly lower: number;
  readonly upper: number;
  /** Of zero, two-sided. */
  readonly pValue: number;
}

/** Interval, one-sided bounds, and the p-value of zero. */
export function boundsOf({ value, standardError, degreesOfFreedom }: Estimate, confidence: number): Bounds {
  const [half, one] = [(1 - confidence) / 2, 1 - confidence].map(
    (tail) => criticalOf(degreesOfFreedom, tail) * standardError,
  );
  return {
    interval: [value - (half ?? Number.NaN), value + (half ?? Number.NaN)],
    lower: value - (one ?? Number.NaN),
    upper: value + (one ?? Number.NaN),
    pValue: 2 * tailBelow({ value: -Math.abs(value), standardError, degreesOfFreedom }, 0),
  };
}

/**
 * How likely an estimate as low as this, or lower, is where the truth is `truth`. Without spread it is certain: 0
 * below, else 1 (a half at the truth itself, so that two-sided it is 1).
 */
export function tailBelow(
  { value, standardError, degreesOfFreedom }: Omit<Estimate, 'independentError'>,
  truth: number,
): number {
  if (standardError === 0) return value < truth ? 0 : value === truth ? 0.5 : 1;
  const t = (value - truth) / standardError;
  const beyond = degreesOfFreedom === null ? normalTail(Math.abs(t)) : studentTwoSided(t, degreesOfFreedom) / 2;
  return t < 0 ? beyond : 1 - beyond;
}
