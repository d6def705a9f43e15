import { assertClusters, type Clusters, clusterSums } from './clusters.ts';
import { normalCritical, normalTail } from './distributions.ts';
import type { Interval } from './intervals.ts';
import { orderAscending } from './radix-sort.ts';
import { sumOf } from './sums.ts';

/** Two models' scores for the same rows; labels are 0 or 1. */
export interface PairedScores {
  readonly labels: Float64Array;
  readonly challenger: Float64Array;
  readonly champion: Float64Array;
  /** Rows that move together; without, every row stands for itself. */
  readonly clusters?: Clusters | undefined;
}

/** The difference of two ROC AUCs on the same rows, challenger minus champion; null where it is undefined. */
export interface AucComparison {
  /** Null with one class only. */
  readonly auc: readonly [challenger: number, champion: number] | null;
  readonly variance: readonly [challenger: number, champion: number] | null;
  readonly covariance: number | null;
  readonly difference: number | null;
  readonly standardError: number | null;
  /** Null where the standard error is zero. */
  readonly z: number | null;
  readonly pTwoSided: number | null;
  readonly interval95: Interval | null;
  readonly lower95OneSided: number | null;
  /**
   * How many independent rows would tell as much: rows x (DeLong's variance of the difference / the clustered one).
   * Without clusters the number of rows; null where nothing varies.
   */
  readonly effectiveRows: number | null;
}

/** Below it the standard error is rounding. */
const NO_ERROR = 1e-12;

interface Ranked {
  readonly labels: Float64Array;
  readonly scores: Float64Array;
  readonly weights?: Float64Array | undefined;
}

/**
 * DeLong's structural components of one AUC: for a positive row the share of negatives it beats, for a negative one the
 * share of positives that beat it, ties half; from midranks, in O(n log n) (Sun and Xu 2014). With weights, shares of
 * weight.
 */
export function structuralComponents({ labels, scores, weights }: Ranked): Float64Array {
  const order = orderAscending(scores);
  const components = new Float64Array(labels.length);
  const weight = (row: number): number => (weights === undefined ? 1 : (weights[row] ?? 0));
  const all = sumOf(labels.length, weight);
  const positives = sumOf(labels.length, (row) => weight(row) * (labels[row] ?? 0));
  const negatives = all - positives;
  let [positivesBelow, negativesBelow] = [0, 0];
  for (let start = 0; start < order.length; ) {
    const score = scores[order[start] ?? 0];
    let end = start;
    let [tied, tiedPositives] = [0, 0];
    while (end < order.length && scores[order[end] ?? 0] === score) {
      const row = order[end] ?? 0;
      tied += weight(row);
      tiedPositives += weight(row) * (labels[row] ?? 0);
      end += 1;
    }
    const tiedNegatives = tied - tiedPositives;
    const beaten = (negativesBelow + tiedNegatives / 2) / negatives;
    const beatenBy = (positives - positivesBelow - tiedPositives / 2) / positives;
    for (let at = start; at < end; at += 1) {
      const row = order[at] ?? 0;
      components[row] = labels[row] === 1 ? beaten : beatenBy;
    }
    positivesBelow += tiedPositives;
    negativesBelow += tiedNegatives;
    start = end;
  }
  return components;
}

/** One AUC, and for each row how far it moves it: the deviations of the structural components by the row's share. */
export interface RankContributions {
  readonly auc: number;
  readonly values: Float64Array;
}

/** The AUC of a column of scores as a sum over its rows; null with one class only. */
export function rankContributions({ labels, scores, weights }: Ranked): RankContributions | null {
  const rows = labels.length;
  const weight = (row: number): number => (weights === undefined ? 1 : (weights[row] ?? 0));
  const positives = sumOf(rows, (row) => weight(row) * (labels[row] ?? 0));
  const negatives = sumOf(rows, (row) => weight(row) * (1 - (labels[row] ?? 0)));
  if (positives <= 0 || negatives <= 0) return null;
  const values = structuralComponents({ labels, scores, weights });
  const auc = sumOf(rows, (row) => (labels[row] === 1 ? weight(row) * (values[row] ?? 0) : 0)) / positives;
  for (let row = 0; row < rows; row += 1) {
    values[row] = (weight(row) * ((values[row] ?? 0) - auc)) / (labels[row] === 1 ? positives : negatives);
  }
  return { auc, values };
}

/** So many groups vary with one degree of freedom less. */
const freed = (groups: number): number => groups / (groups - 1);

/** DeLong, DeLong and Clarke-Pearson 1988: S10/m + S01/n with m - 1 and n - 1 degrees of freedom. */
function delongCovariance(labels: Float64Array, a: Float64Array, b: Float64Array): number {
  const within = (label: number): number =>
    sumOf(labels.length, (row) => (labels[row] === label ? (a[row] ?? 0) * (b[row] ?? 0) : 0));
  const positives = sumOf(labels.length, (row) => labels[row] ?? 0);
  return freed(positives) * within(1) + freed(labels.length - positives) * within(0);
}

const product = (a: Float64Array, b: Float64Array): number => sumOf(a.length, (at) => (a[at] ?? 0) * (b[at] ?? 0));

/**
 * Obuchowski 1997 ("Nonparametric analysis of clustered ROC curve data", Biometrics 53): components add up within a
 * cluster before they are squared, and a cluster's positives and negatives vary together. With a cluster per row it is
 * DeLong's.
 */
function clusteredCovariance(
  labels: Float64Array,
  clusters: Clusters,
  a: Float64Array,
  b: Float64Array,
): number | null {
  const sums = (values: Float64Array, label: number): Float64Array =>
    clusterSums(clusters, (row) => (labels[row] === label ? (values[row] ?? 0) : 0));
  const holding = (label: number): number =>
    clusterSums(clusters, (row) => (labels[row] === label ? 1 : 0)).filter((rows) => rows > 0).length;
  const [withPositives, withNegatives] = [holding(1), holding(0)];
  if (withPositives < 2 || withNegatives < 2) return null;
  const [a1, a0] = [sums(a, 1), sums(a, 0)];
  const [b1, b0] = a === b ? [a1, a0] : [sums(b, 1), sums(b, 0)];
  return (
    freed(withPositives) * product(a1, b1) +
    freed(withNegatives) * product(a0, b0) +
    freed(clusters.count) * (product(a1, b0) + product(a0, b1))
  );
}

/** The variance of one AUC, and what it would be were every row independent; null below two rows (clusters) a class. */
export function rankVariance(
  labels: Float64Array,
  { values }: RankContributions,
  clusters?: Clusters,
): { readonly variance: number; readonly independent: number } | null {
  const positives = sumOf(labels.length, (row) => labels[row] ?? 0);
  if (positives < 2 || labels.length - positives < 2) return null;
  const independent = delongCovariance(labels, values, values);
  const variance = clusters === undefined ? independent : clusteredCovariance(labels, clusters, values, values);
  // Obuchowski's cross terms can leave a little less than nothing where clusters are few.
  return variance === null ? null : { variance: Math.max(variance, 0), independent };
}

const UNDEFINED: AucComparison = {
  auc: null,
  variance: null,
  covariance: null,
  difference: null,
  standardError: null,
  z: null,
  pTwoSided: null,
  interval95: null,
  lower95OneSided: null,
  effectiveRows: null,
};

interface Moments {
  readonly variance: readonly [number, number];
  readonly covariance: number;
  readonly standardError: number;
}

function momentsOf(covariance: (i: 0 | 1, j: 0 | 1) => number | null): Moments | null {
  const [first, second, both] = [covariance(0, 0), covariance(1, 1), covariance(0, 1)];
  if (first === null || second === null || both === null) return null;
  return {
    variance: [first, second],
    covariance: both,
    // Rounding, and Obuchowski's cross terms for few clusters, can leave a little less than nothing.
    standardError: Math.sqrt(Math.max(first + second - 2 * both, 0)),
  };
}

/**
 * Compares two ROC AUCs on the same rows: DeLong's test, or Obuchowski's clustered form of it where clusters are
 * given. Below two rows (two clusters) of a class there is no variance and so no answer.
 * @throws RangeError where columns differ in length, or a label is neither 0 nor 1
 */
export function compareAuc({ labels, challenger, champion, clusters }: PairedScores): AucComparison {
  const rows = labels.length;
  if (challenger.length !== rows || champion.length !== rows) {
    throw new RangeError(`${rows} labels, ${challenger.length} and ${champion.length} scores`);
  }
  if (labels.some((label) => label !== 0 && label !== 1)) throw new RangeError('a label is neither 0 nor 1');
  const contributions = [challenger, champion].map((scores) => rankContributions({ labels, scores }));
  return compareRankings(labels, contributions[0] ?? null, contributions[1] ?? null, clusters);
}

/**
 * {@link compareAuc} of two rankings of the same rows, each worked out before, perhaps with weights.
 * @throws RangeError where the clusters are not of these rows
 */
export function compareRankings(
  labels: Float64Array,
  challenger: RankContributions | null,
  champion: RankContributions | null,
  clusters?: Clusters,
): AucComparison {
  const rows = labels.length;
  if (clusters !== undefined) assertClusters(clusters, rows);
  if (challenger === null || champion === null) return UNDEFINED;
  const positives = sumOf(rows, (row) => labels[row] ?? 0);
  const negatives = rows - positives;
  const sides = [challenger.values, champion.values] as const;
  const auc = [challenger.auc, champion.auc] as const;
  const difference = auc[0] - auc[1];
  const point = { ...UNDEFINED, auc, difference };
  if (positives < 2 || negatives < 2) return point;

  const independent = momentsOf((i, j) => delongCovariance(labels, sides[i], sides[j]));
  const moments =
    clusters === undefined
      ? independent
      : momentsOf((i, j) => clusteredCovariance(labels, clusters, sides[i], sides[j]));
  if (moments === null || independent === null) return point;
  const certain = moments.standardError < NO_ERROR;
  const standardError = certain ? 0 : moments.standardError;
  const z = certain ? null : difference / standardError;
  const half = normalCritical(0.025) * standardError;
  return {
    ...point,
    variance: moments.variance,
    covariance: moments.covariance,
    standardError,
    z,
    pTwoSided: z === null ? (Math.abs(difference) < NO_ERROR ? 1 : 0) : 2 * normalTail(Math.abs(z)),
    interval95: [difference - half, difference + half],
    lower95OneSided: difference - normalCritical(0.05) * standardError,
    effectiveRows: certain ? null : rows * (independent.standardError / standardError) ** 2,
  };
}
