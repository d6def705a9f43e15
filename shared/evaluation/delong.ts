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

/**
 * DeLong's structural components of one AUC: for a positive row the share of negatives it beats, for a negative one the
 * share of positives that beat it, ties half; from midranks, in O(n log n) (Sun and Xu 2014).
 */
export function structuralComponents(labels: Float64Array, scores: Float64Array): Float64Array {
  const order = orderAscending(scores);
  const components = new Float64Array(labels.length);
  let positives = 0;
  for (let row = 0; row < labels.length; row += 1) positives += labels[row] ?? 0;
  const negatives = labels.length - positives;
  let [positivesBelow, negativesBelow] = [0, 0];
  for (let start = 0; start < order.length; ) {
    const score = scores[order[start] ?? 0];
    let end = start;
    let tiedPositives = 0;
    while (end < order.length && scores[order[end] ?? 0] === score) {
      tiedPositives += labels[order[end] ?? 0] ?? 0;
      end += 1;
    }
    const tiedNegatives = end - start - tiedPositives;
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

interface Classes {
  readonly labels: Float64Array;
  readonly positives: number;
  readonly negatives: number;
}

type Components = readonly [values: Float64Array, auc: number];

/** DeLong, DeLong and Clarke-Pearson 1988: S10/m + S01/n with m - 1 and n - 1 degrees of freedom. */
function delongCovariance({ labels, positives, negatives }: Classes, [a, aucA]: Components, [b, aucB]: Components) {
  const within = (label: number): number =>
    sumOf(labels.length, (row) => (labels[row] === label ? ((a[row] ?? 0) - aucA) * ((b[row] ?? 0) - aucB) : 0));
  return within(1) / (positives - 1) / positives + within(0) / (negatives - 1) / negatives;
}

const product = (a: Float64Array, b: Float64Array): number => sumOf(a.length, (at) => (a[at] ?? 0) * (b[at] ?? 0));

/**
 * Obuchowski 1997 ("Nonparametric analysis of clustered ROC curve data", Biometrics 53): components add up within a
 * cluster before they are squared, and a cluster's positives and negatives vary together. With a cluster per row it is
 * DeLong's.
 */
function clusteredCovariance(
  { labels, positives, negatives }: Classes,
  clusters: Clusters,
  [a, aucA]: Components,
  [b, aucB]: Components,
): number | null {
  const sums = (values: Float64Array, auc: number, label: number): Float64Array =>
    clusterSums(clusters, (row) => (labels[row] === label ? (values[row] ?? 0) - auc : 0));
  const holding = (label: number): number =>
    clusterSums(clusters, (row) => (labels[row] === label ? 1 : 0)).filter((rows) => rows > 0).length;
  const [withPositives, withNegatives] = [holding(1), holding(0)];
  if (withPositives < 2 || withNegatives < 2) return null;
  const [a1, a0, b1, b0] = [sums(a, aucA, 1), sums(a, aucA, 0), sums(b, aucB, 1), sums(b, aucB, 0)];
  const freed = (groups: number): number => groups / (groups - 1);
  return (
    (freed(withPositives) * product(a1, b1)) / positives ** 2 +
    (freed(withNegatives) * product(a0, b0)) / negatives ** 2 +
    (freed(clusters.count) * (product(a1, b0) + product(a0, b1))) / (positives * negatives)
  );
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
  if (clusters !== undefined) assertClusters(clusters, rows);
  const positives = sumOf(rows, (row) => labels[row] ?? 0);
  const negatives = rows - positives;
  if (positives === 0 || negatives === 0) return UNDEFINED;
  const classes: Classes = { labels, positives, negatives };
  const componentsOf = (scores: Float64Array): Components => {
    const values = structuralComponents(labels, scores);
    return [values, sumOf(rows, (row) => (labels[row] === 1 ? (values[row] ?? 0) : 0)) / positives];
  };
  const components = [componentsOf(challenger), componentsOf(champion)] as const;
  const auc = [components[0][1], components[1][1]] as const;
  const difference = auc[0] - auc[1];
  const point = { ...UNDEFINED, auc, difference };
  if (positives < 2 || negatives < 2) return point;

  const independent = momentsOf((i, j) => delongCovariance(classes, components[i], components[j]));
  const moments =
    clusters === undefined
      ? independent
      : momentsOf((i, j) => clusteredCovariance(classes, clusters, components[i], components[j]));
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
