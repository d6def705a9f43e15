import { type Clusters, clusterSums } from './clusters.ts';
import { normalCritical, normalTail, studentCritical, studentTwoSided } from './distributions.ts';
import type { Interval } from './intervals.ts';
import { errorOfParts, LEAST_TIME_BLOCKS, widestError } from './neighbours.ts';
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
  /** Of Student's t: clusters - 1 (blocks of neighbours - 1), or rows - 1; null: normal. */
  readonly degreesOfFreedom: number | null;
  /** How many neighbouring blocks of time the error takes together; null where clusters have no order in time. */
  readonly neighbours: number | null;
  /** With clusters: the standard error with each of them for itself, where it was worked out apart. */
  readonly byCluster?: number | undefined;
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

/** Why so few clusters say nothing; undefined where they are enough. */
export function tooFewClusters({ count, inTime }: Pick<Clusters, 'count' | 'inTime'>): NoEstimate | undefined {
  const least = inTime === undefined ? LEAST_CLUSTERS : LEAST_TIME_BLOCKS;
  if (count >= least) return undefined;
  const found = count === 1 ? '1 cluster' : `${count} clusters`;
  return {
    undefinedBecause: `the rows fall into ${found}; at least ${least} are needed to tell how far figures vary`,
  };
}

/**
 * The (weighted) mean of row terms. Its standard error is that of a ratio of sums (Taylor linearisation); with clusters
 * deviations add up within a cluster before they are squared (Liang and Zeger 1986, with the factor G/(G-1)). Student's
 * t with clusters - 1 degrees of freedom, for with a few clusters the normal is too sure of itself. Blocks of time are
 * taken together with their neighbours where that is the wider ({@link widestError}).
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
    return { value, standardError, independentError: standardError, degreesOfFreedom: counted - 1, neighbours: null };
  }
  const holding = weights === null ? clusters : holdingOf(clusters, (row) => (weights[row] ?? 0) > 0);
  const tooFew = tooFewClusters(holding);
  if (tooFew !== undefined) return tooFew;
  const found = widestError(holding, errorOfParts(clusterSums(clusters, deviation)));
  if (found === null) return { undefinedBecause: 'the clusters have no spread' };
  return { value, independentError: Math.sqrt(independent), ...found };
}

/** The clusters with a row that counts. */
function holdingOf(clusters: Clusters, counts: (row: number) => boolean): Pick<Clusters, 'count' | 'inTime'> {
  const rows = clusterSums(clusters, (row) => (counts(row) ? 1 : 0));
  return {
    count: rows.filter((found) => found > 0).length,
    inTime: clusters.inTime?.filter((id) => (rows[id] ?? 0) > 0),
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
  { value, standardError, degreesOfFreedom }: Pick<Estimate, 'value' | 'standardError' | 'degreesOfFreedom'>,
  truth: number,
): number {
  if (standardError === 0) return value < truth ? 0 : value === truth ? 0.5 : 1;
  const t = (value - truth) / standardError;
  const beyond = degreesOfFreedom === null ? normalTail(Math.abs(t)) : studentTwoSided(t, degreesOfFreedom) / 2;
  return t < 0 ? beyond : 1 - beyond;
}
