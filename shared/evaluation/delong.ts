import { assertClusters, type Clusters, clusterSums } from './clusters.ts';
import { normalCritical, normalTail } from './distributions.ts';
import type { Interval } from './intervals.ts';
import { widestError } from './neighbours.ts';
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

/** What rows of either class add up to in each cluster, and how many there are. */
interface ClassSums {
  readonly positive: Float64Array;
  readonly negative: Float64Array;
}

function classSums(labels: Float64Array, clusters: Clusters, value: (row: number) => number): ClassSums {
  const sums = (label: number): Float64Array =>
    clusterSums(clusters, (row) => (labels[row] === label ? value(row) : 0));
  return { positive: sums(1), negative: sums(0) };
}

const holding = (rows: Float64Array): number => rows.reduce((sum, found) => sum + (found > 0 ? 1 : 0), 0);

/**
 * Obuchowski 1997 ("Nonparametric analysis of clustered ROC curve data", Biometrics 53): components add up within a
 * cluster before they are squared, and a cluster's positives and negatives vary together. With a cluster per row it is
 * DeLong's.
 */
function covarianceOf(rows: ClassSums, a: ClassSums, b: ClassSums): number | null {
  const [withPositives, withNegatives] = [holding(rows.positive), holding(rows.negative)];
  if (withPositives < 2 || withNegatives < 2) return null;
  return (
    freed(withPositives) * product(a.positive, b.positive) +
    freed(withNegatives) * product(a.negative, b.negative) +
    freed(rows.positive.length) * (product(a.positive, b.negative) + product(a.negative, b.positive))
  );
}

function clusteredCovariance(
  labels: Float64Array,
  clusters: Clusters,
  a: Float64Array,
  b: Float64Array,
): number | null {
  const ours = classSums(labels, clusters, (row) => a[row] ?? 0);
  const theirs = a === b ? ours : classSums(labels, clusters, (row) => b[row] ?? 0);
  return covarianceOf(
    classSums(labels, clusters, () => 1),
    ours,
    theirs,
  );
}

/** How far an area, or the difference of two, may be off. */
export interface RankError {
  readonly standardError: number;
  readonly independentError: number;
  /** Null: normal. */
  readonly degreesOfFreedom: number | null;
  /** How many neighbouring blocks of time were taken together; null where clusters have no order in time. */
  readonly neighbours: number | null;
  /** With clusters: the error with each of them for itself. */
  readonly byCluster?: number | undefined;
}

/**
 * The error of one area, or with `other` of the difference of two on the same rows: DeLong's, with clusters
 * Obuchowski's, of blocks of time the widest ({@link widestError}). Null below two rows (clusters) of a class.
 */
export function rankError(
  labels: Float64Array,
  { values }: RankContributions,
  clusters: Clusters | null,
  other?: RankContributions,
): RankError | null {
  const rows = labels.length;
  const positives = sumOf(rows, (row) => labels[row] ?? 0);
  if (positives < 2 || rows - positives < 2) return null;
  const them = other?.values;
  const value = (row: number): number => (values[row] ?? 0) - (them?.[row] ?? 0);
  const squares = (label: number): number => sumOf(rows, (row) => (labels[row] === label ? value(row) ** 2 : 0));
  const independent = freed(positives) * squares(1) + freed(rows - positives) * squares(0);
  // Rounding, and Obuchowski's cross terms for few clusters, can leave a little less than nothing.
  const rootOf = (variance: number): number => {
    const root = Math.sqrt(Math.max(variance, 0));
    return root < NO_ERROR ? 0 : root;
  };
  const independentError = rootOf(independent);
  if (clusters === null) {
    return { standardError: independentError, independentError, degreesOfFreedom: null, neighbours: null };
  }
  assertClusters(clusters, rows);
  const counts = classSums(labels, clusters, () => 1);
  const sums = classSums(labels, clusters, value);
  const found = widestError(clusters, (join) => {
    const joined = ({ positive, negative }: ClassSums) => ({ positive: join(positive), negative: join(negative) });
    const of = joined(sums);
    const variance = covarianceOf(joined(counts), of, of);
    return variance === null ? null : rootOf(variance);
  });
  return found === null ? null : { independentError, ...found };
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
 * {@link compareAuc} of two rankings of the same rows, each worked out before.
 * @throws RangeError where the clusters are not of these rows
 */
function compareRankings(
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
