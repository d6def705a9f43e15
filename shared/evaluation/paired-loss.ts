import { assertClusters, type Clusters, clusterSums } from './clusters.ts';
import { normalCritical, studentTwoSided } from './distributions.ts';
import type { Interval } from './intervals.ts';
import { sumOf } from './sums.ts';

/** Two models' losses row by row (lower is better): log loss, squared or absolute error, 0/1. */
export interface PairedLosses {
  readonly challenger: Float64Array;
  readonly champion: Float64Array;
  /** How much more loss is still as good, in units of the loss. */
  readonly margin: number;
  /** Rows that move together; without, every row stands for itself. */
  readonly clusters?: Clusters | undefined;
}

/** The mean of (challenger - champion); null where it is undefined. */
export interface LossComparison {
  readonly rows: number;
  readonly meanDifference: number | null;
  /** Null below two rows (two clusters). */
  readonly standardError: number | null;
  readonly interval95: Interval | null;
  /** Null where the standard error is zero or undefined. */
  readonly t: number | null;
  /** Student's t with rows (clusters) - 1 degrees of freedom. */
  readonly pTwoSided: number | null;
  /** The one-sided normal upper bound of the mean difference. */
  readonly upper95OneSided: number | null;
  /** The upper bound lies below the margin. */
  readonly nonInferior: boolean | null;
  /** The upper bound lies below zero. */
  readonly superior: boolean | null;
  /** How many independent rows would tell as much; without clusters the number of rows, null where nothing varies. */
  readonly effectiveRows: number | null;
}

/**
 * Compares two mean losses on the same rows. With clusters the standard error is the cluster-robust one (Liang and
 * Zeger 1986, with the factor G/(G-1)): deviations add up within a cluster before they are squared.
 * @throws RangeError where the columns differ in length, or a loss is not finite
 */
export function compareLosses({ challenger, champion, margin, clusters }: PairedLosses): LossComparison {
  const rows = challenger.length;
  if (champion.length !== rows) throw new RangeError(`${rows} and ${champion.length} losses`);
  if (clusters !== undefined) assertClusters(clusters, rows);
  const difference = (row: number): number => (challenger[row] ?? 0) - (champion[row] ?? 0);
  const total = sumOf(rows, difference);
  if (!Number.isFinite(total)) throw new RangeError('a loss is not a finite number');
  const mean = rows === 0 ? null : total / rows;
  const groups = clusters?.count ?? rows;
  if (mean === null || groups < 2) {
    return {
      rows,
      meanDifference: mean,
      standardError: null,
      interval95: null,
      t: null,
      pTwoSided: null,
      upper95OneSided: null,
      nonInferior: null,
      superior: null,
      effectiveRows: null,
    };
  }
  const independent = sumOf(rows, (row) => (difference(row) - mean) ** 2) / (rows - 1) / rows;
  const variance = clusters === undefined ? independent : clusteredVariance(clusters, (row) => difference(row) - mean);
  const standardError = Math.sqrt(variance);
  const t = standardError === 0 ? null : mean / standardError;
  const half = normalCritical(0.025) * standardError;
  const upper = mean + normalCritical(0.05) * standardError;
  return {
    rows,
    meanDifference: mean,
    standardError,
    interval95: [mean - half, mean + half],
    t,
    pTwoSided: t === null ? null : studentTwoSided(t, groups - 1),
    upper95OneSided: upper,
    nonInferior: upper < margin,
    superior: upper < 0,
    effectiveRows: variance === 0 ? null : rows * (independent / variance),
  };
}

function clusteredVariance(clusters: Clusters, deviation: (row: number) => number): number {
  const sums = clusterSums(clusters, deviation);
  return (
    (clusters.count / (clusters.count - 1)) *
    (sumOf(sums.length, (at) => (sums[at] ?? 0) ** 2) / clusters.ids.length ** 2)
  );
}
