import { chiSquareCritical } from '../evaluation/distributions.ts';
import { quantileOfSorted } from '../evaluation/quantile.ts';
import { ratio, sumOf } from '../evaluation/sums.ts';
import { binCounts, DECILES, presentSorted, quantileEdges, TAILED_DECILES } from './bins.ts';
import { type Distances, histogramDistances } from './distances.ts';
import { exceedance, type KolmogorovSmirnov, kolmogorovSmirnov, wasserstein } from './two-samples.ts';

/** Two histograms over the same bins, and how far apart they are. */
export interface BinnedDistances {
  readonly edges: Float64Array;
  readonly referenceCounts: Float64Array;
  readonly currentCounts: Float64Array;
  readonly distances: Distances;
}

/** How a column of numbers moved; null where either side holds no value. */
export interface NumericDrift {
  readonly reference: Present;
  readonly current: Present;
  /** Null: insufficient data, never "no drift". */
  readonly measured: NumericDistances | null;
}

/** How many rows, and how many of them without a value. */
export interface Present {
  readonly rows: number;
  readonly nulls: number;
}

/** The distances of a column of numbers, from the values themselves. */
export interface NumericDistances {
  readonly ks: KolmogorovSmirnov;
  readonly wasserstein: {
    readonly raw: number;
    /** By the reference's standard deviation, at least 0.001. */
    readonly normedByDeviation: number;
    /** By the reference's interquartile range; null where that is zero. */
    readonly normedByQuartiles: number | null;
    /** Current values clipped to the reference's range first, so that one outlier does not drown the rest. */
    readonly clampedNormed: number;
  };
  /** Population standard deviation of the reference. */
  readonly deviation: number;
  readonly deciles: BinnedDistances;
  /** Deciles and the null values as one bin more. */
  readonly decilesWithNulls: Omit<BinnedDistances, 'edges'>;
  /** Deciles with finer tails: what the detector works on. */
  readonly tailed: BinnedDistances;
  /** Few distinct reference values: each a category, whatever else comes under `OTHER`. */
  readonly discrete: DiscreteDistances | null;
  /** Share of current values outside the reference's range. */
  readonly outOfRangeShare: number;
  /** Null where the reference does not vary. */
  readonly meanShiftInDeviations: number | null;
  /** The chance that a current value exceeds a reference one. */
  readonly exceedance: number;
}

/** The distances over few distinct values. */
export interface DiscreteDistances {
  readonly values: readonly number[];
  /** A count for each value and, last, one for all others. */
  readonly referenceCounts: Float64Array;
  readonly currentCounts: Float64Array;
  readonly distances: Distances;
}

/** Up to this many distinct values a column of numbers is also taken as categories: bins cannot see below a constant. */
export const DISCRETE_VALUES = 10;
/** Evidently's least deviation to divide by. */
const LEAST_DEVIATION = 0.001;

const mean = (values: Float64Array): number => sumOf(values.length, (at) => values[at] ?? 0) / values.length;

function deviationOf(values: Float64Array): number {
  const centre = mean(values);
  return Math.sqrt(sumOf(values.length, (at) => ((values[at] ?? 0) - centre) ** 2) / values.length);
}

function distancesOf(reference: Float64Array, current: Float64Array): Distances {
  const distances = histogramDistances(reference, current);
  if (distances === null) throw new RangeError('a histogram of values that are there is empty');
  return distances;
}

function binned(reference: Float64Array, current: Float64Array, quantiles: readonly number[]): BinnedDistances {
  const edges = quantileEdges(reference, quantiles);
  const [referenceCounts, currentCounts] = [binCounts(edges, reference), binCounts(edges, current)];
  return { edges, referenceCounts, currentCounts, distances: distancesOf(referenceCounts, currentCounts) };
}

function discrete(reference: Float64Array, current: Float64Array): DiscreteDistances | null {
  const values = [...new Set(reference)];
  if (values.length > DISCRETE_VALUES) return null;
  const place = new Map(values.map((value, at) => [value, at]));
  const count = (sample: Float64Array): Float64Array => {
    const counts = new Float64Array(values.length + 1);
    for (const value of sample) {
      const at = place.get(value) ?? values.length;
      counts[at] = (counts[at] ?? 0) + 1;
    }
    return counts;
  };
  const [referenceCounts, currentCounts] = [count(reference), count(current)];
  return { values, referenceCounts, currentCounts, distances: distancesOf(referenceCounts, currentCounts) };
}

const appended = (counts: Float64Array, count: number): Float64Array => Float64Array.of(...counts, count);

/**
 * The Jensen-Shannon distance (base 2) that samples of `reference` and `current` rows from one distribution over `bins`
 * bins exceed with probability `alpha`: 8 ln 2 JSD x n m / (n + m) is then chi-square with bins - 1 degrees of freedom.
 * Null with fewer than two bins or an empty side.
 */
export function jensenShannonNoise(bins: number, reference: number, current: number, alpha: number): number | null {
  if (bins < 2 || reference <= 0 || current <= 0) return null;
  return Math.sqrt((chiSquareCritical(alpha, bins - 1) * (1 / reference + 1 / current)) / (8 * Math.LN2));
}

/** The PSI that samples of one distribution exceed with probability `alpha`, and its mean (Yurdakul 2018). */
export function psiNoise(
  bins: number,
  reference: number,
  current: number,
  alpha: number,
): { readonly critical: number; readonly expected: number } | null {
  if (bins < 2 || reference <= 0 || current <= 0) return null;
  const scale = 1 / reference + 1 / current;
  return { critical: chiSquareCritical(alpha, bins - 1) * scale, expected: (bins - 1) * scale };
}

/** How a column of numbers moved from the reference to the current window; NaN stands for a missing value. */
export function numericDrift(reference: Float64Array, current: Float64Array): NumericDrift {
  const [before, now] = [presentSorted(reference), presentSorted(current)];
  const present = (all: Float64Array, values: Float64Array): Present => ({
    rows: all.length,
    nulls: all.length - values.length,
  });
  const sides = { reference: present(reference, before), current: present(current, now) };
  const [ks, raw] = [kolmogorovSmirnov(before, now), wasserstein(before, now)];
  const [least, most] = [before[0], before.at(-1)];
  if (ks === null || raw === null || least === undefined || most === undefined) return { ...sides, measured: null };
  const deviation = deviationOf(before);
  const divisor = Math.max(deviation, LEAST_DEVIATION);
  const clamped = now.map((value) => Math.min(Math.max(value, least), most));
  const deciles = binned(before, now, DECILES);
  const withNulls = {
    referenceCounts: appended(deciles.referenceCounts, sides.reference.nulls),
    currentCounts: appended(deciles.currentCounts, sides.current.nulls),
  };
  return {
    ...sides,
    measured: {
      ks,
      wasserstein: {
        raw,
        normedByDeviation: raw / divisor,
        normedByQuartiles: ratio(raw, quantileOfSorted(before, 0.75) - quantileOfSorted(before, 0.25)),
        clampedNormed: (wasserstein(before, clamped) ?? 0) / divisor,
      },
      deviation,
      deciles,
      decilesWithNulls: { ...withNulls, distances: distancesOf(withNulls.referenceCounts, withNulls.currentCounts) },
      tailed: binned(before, now, TAILED_DECILES),
      discrete: discrete(before, now),
      outOfRangeShare: now.filter((value) => value < least || value > most).length / now.length,
      meanShiftInDeviations: ratio(mean(now) - mean(before), deviation),
      exceedance: exceedance(before, now) ?? 0.5,
    },
  };
}
