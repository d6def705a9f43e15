import { sumOf } from '../evaluation/sums.ts';
import { binOf, equalMassQuantiles, padded, presentSorted, quantileEdges } from './bins.ts';
import { type Distances, histogramDistances } from './distances.ts';
import { exactMoments } from './exact-moments.ts';
import { addExact, type ExactSum, exactProduct, exactSum, rounded } from './exact-sum.ts';

/**
 * What a window of a column of numbers held, in counts and exact sums: profiles of windows over the same edges add up
 * to the profile of all their rows, in any order, to the bit.
 */
export interface NumericProfile {
  readonly rows: number;
  readonly nulls: number;
  /** Infinite values, and those beyond 1e150, whose squares have no double: in the end bins, and in no moment. */
  readonly unmeasured: number;
  /** Null where no value was measured. */
  readonly min: number | null;
  readonly max: number | null;
  readonly sum: ExactSum;
  readonly sumOfSquares: ExactSum;
  /** Fixed with the baseline, for ever; bins are closed on the right. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  /** Values outside the baseline's range. */
  readonly below: number;
  readonly above: number;
}

/** Mean, and the sum of squared deviations from it. */
export interface Moments {
  readonly n: number;
  readonly mean: number;
  readonly m2: number;
}

/** What a window is counted against: the baseline's bins and range. */
export interface Bounds {
  readonly edges: ArrayLike<number>;
  readonly min: number | null;
  readonly max: number | null;
}

const MEASURABLE = 1e150;

/** Counts a window of a column of numbers, batch by batch. */
export interface NumericTally {
  /** NaN stands for a missing value. */
  readonly add: (values: Float64Array) => void;
  readonly profile: () => NumericProfile;
}

/** Begins to count a window over a baseline's bins: no copy of the values is made. */
export function numericTally({ edges, min, max }: Bounds): NumericTally {
  const [low, high] = [min ?? Number.NEGATIVE_INFINITY, max ?? Number.POSITIVE_INFINITY];
  const bins = padded(edges);
  const counts = new Float64Array(edges.length + 1);
  const moments = exactMoments();
  const total = { rows: 0, nulls: 0, unmeasured: 0, below: 0, above: 0 };
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return {
    add: (values) => {
      let [nulls, unmeasured, below, above, from, to] = [0, 0, 0, 0, least, most];
      for (let at = 0; at < values.length; at += 1) {
        const value = values[at] ?? Number.NaN;
        if (Number.isNaN(value)) {
          nulls += 1;
          continue;
        }
        const bin = binOf(bins, value);
        counts[bin] = (counts[bin] ?? 0) + 1;
        if (value < low) below += 1;
        if (value > high) above += 1;
        if (Math.abs(value) <= MEASURABLE) {
          if (value < from) from = value;
          if (value > to) to = value;
        } else unmeasured += 1;
      }
      moments.add(values, MEASURABLE);
      total.rows += values.length;
      total.nulls += nulls;
      total.unmeasured += unmeasured;
      total.below += below;
      total.above += above;
      [least, most] = [from, to];
    },
    profile: () => {
      const measured = total.rows - total.nulls - total.unmeasured > 0;
      return {
        rows: total.rows,
        nulls: total.nulls,
        unmeasured: total.unmeasured,
        // Zero gets one sign: which of the two came first must not show.
        min: measured ? least + 0 : null,
        max: measured ? most + 0 : null,
        ...moments.sums(),
        edges: Array.from(edges),
        counts: [...counts],
        below: total.below,
        above: total.above,
      };
    },
  };
}

/** Profiles a window over a baseline's edges; NaN stands for a missing value. */
export function profileWindow(values: Float64Array, bounds: Bounds): NumericProfile {
  const tally = numericTally(bounds);
  tally.add(values);
  return tally.profile();
}

/** Profiles the baseline itself: edges at its own quantiles, `bins` of equal mass unless quantiles are given. */
export function profileBaseline(values: Float64Array, quantiles: readonly number[] | number): NumericProfile {
  const sorted = presentSorted(values);
  const cuts = typeof quantiles === 'number' ? equalMassQuantiles(quantiles) : quantiles;
  const [min = null, max = null] = [sorted[0], sorted.at(-1)];
  if (min === null || max === null) return profileWindow(values, { edges: [], min, max });
  // An edge at an end of the range would cut off a bin without width, which no line can be drawn through.
  const edges = quantileEdges(sorted, cuts).filter((edge) => edge > min && edge < max);
  return profileWindow(values, { edges, min, max });
}

const sameEdges = (a: NumericProfile, b: NumericProfile): boolean =>
  a.edges.length === b.edges.length && a.edges.every((edge, at) => edge === b.edges[at]);

const chosen = (a: number | null, b: number | null, choose: (a: number, b: number) => number): number | null =>
  a === null ? b : b === null ? a : choose(a, b);

/**
 * The profile of two windows' rows together. Both must have been taken against one baseline: the range it gave `below`
 * and `above` is not in a profile.
 * @throws RangeError where their edges differ
 */
export function mergeProfiles(a: NumericProfile, b: NumericProfile): NumericProfile {
  if (!sameEdges(a, b)) throw new RangeError('profiles over different edges do not add up');
  return {
    rows: a.rows + b.rows,
    nulls: a.nulls + b.nulls,
    unmeasured: a.unmeasured + b.unmeasured,
    min: chosen(a.min, b.min, Math.min),
    max: chosen(a.max, b.max, Math.max),
    sum: addExact(a.sum, b.sum),
    sumOfSquares: addExact(a.sumOfSquares, b.sumOfSquares),
    edges: a.edges,
    counts: a.counts.map((count, bin) => count + (b.counts[bin] ?? 0)),
    below: a.below + b.below,
    above: a.above + b.above,
  };
}

/** Mean and spread of what a profile measured; null where it measured nothing. */
export function momentsOf({
  rows,
  nulls,
  unmeasured,
  sum,
  sumOfSquares,
}: Pick<NumericProfile, 'rows' | 'nulls' | 'unmeasured' | 'sum' | 'sumOfSquares'>): Moments | null {
  const n = rows - nulls - unmeasured;
  if (n === 0) return null;
  const mean = rounded(sum) / n;
  // sum x^2 - 2 mean sum x + n mean^2, added without rounding: no digits are lost where the mean dwarfs the spread.
  const crossed = sum.flatMap((part) => exactProduct(-2 * mean, part));
  const [square, error] = exactProduct(mean, mean);
  const m2 = exactSum([...sumOfSquares, ...crossed, ...exactProduct(square, n), ...exactProduct(error, n)]);
  // The mean was rounded: what deviations from it are too large by is known from what they add up to.
  const left = rounded(exactSum([...sum, ...exactProduct(-n, mean)]));
  return { n, mean, m2: Math.max(rounded(m2) - (left * left) / n, 0) };
}

/** Distances between a baseline and a window, from their profiles alone. */
export interface ProfileDistances {
  readonly distances: Distances;
  /** The largest gap of the distribution functions at the edges: at most the exact Kolmogorov-Smirnov statistic. */
  readonly ksLowerBound: number;
  /** The area between the distribution functions, each taken as linear within a bin; the baseline's units. */
  readonly wasserstein: number;
  /** By the baseline's standard deviation, at least 0.001. */
  readonly wassersteinNormed: number;
  /** The same with the window's values clipped to the baseline's range. */
  readonly wassersteinClampedNormed: number;
  readonly outOfRangeShare: number;
  /** Population standard deviation of the baseline. */
  readonly deviation: number;
}

/** Evidently's least deviation to divide by. */
export const LEAST_DEVIATION = 0.001;

/** The area between two lines over a stretch on which their gap goes from `from` to `to`. */
function areaBetween(from: number, to: number, width: number): number {
  const [a, b] = [Math.abs(from), Math.abs(to)];
  if (from * to >= 0) return (width * (a + b)) / 2;
  // Two triangles, from either end to where the lines cross.
  return (width * (a * a + b * b)) / (2 * (a + b));
}

/** The area between the distribution functions of two histograms through the knots, both linear between them. */
export function binnedWasserstein(
  knots: readonly number[],
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
): number {
  const total = (counts: ArrayLike<number>): number => sumOf(counts.length, (bin) => counts[bin] ?? 0);
  const [n, m] = [total(reference), total(current)];
  let [area, before] = [0, 0];
  for (let bin = 0; bin + 1 < knots.length; bin += 1) {
    const after = before + (reference[bin] ?? 0) / n - (current[bin] ?? 0) / m;
    area += areaBetween(before, after, (knots[bin + 1] ?? 0) - (knots[bin] ?? 0));
    before = after;
  }
  return area;
}

/**
 * How far a window is from the baseline, without a single row; null where either holds no value.
 * @throws RangeError where the edges differ
 */
export function profileDistances(baseline: NumericProfile, window: NumericProfile): ProfileDistances | null {
  if (!sameEdges(baseline, window)) throw new RangeError('profiles over different edges cannot be compared');
  const distances = histogramDistances(baseline.counts, window.counts);
  const moments = momentsOf(baseline);
  if (distances === null || moments === null || window.min === null || window.max === null) return null;
  const { min, max } = baseline;
  if (min === null || max === null) return null;
  const present = window.rows - window.nulls;
  const present0 = baseline.rows - baseline.nulls;
  let [gap, ks] = [0, 0];
  for (let edge = 0; edge < baseline.edges.length; edge += 1) {
    gap += (baseline.counts[edge] ?? 0) / present0 - (window.counts[edge] ?? 0) / present;
    ks = Math.max(ks, Math.abs(gap));
  }
  const between = (low: number, high: number): number =>
    binnedWasserstein([low, ...baseline.edges, high], baseline.counts, window.counts);
  const deviation = Math.sqrt(moments.m2 / moments.n);
  const divisor = Math.max(deviation, LEAST_DEVIATION);
  const area = between(Math.min(min, window.min), Math.max(max, window.max));
  return {
    distances,
    ksLowerBound: ks,
    wasserstein: area,
    wassersteinNormed: area / divisor,
    wassersteinClampedNormed: between(min, max) / divisor,
    outOfRangeShare: (window.below + window.above) / present,
    deviation,
  };
}
