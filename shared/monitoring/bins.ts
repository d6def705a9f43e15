import { quantileOfSorted } from '../evaluation/quantile.ts';
import { sortAscending } from '../evaluation/radix-sort.ts';

/** Quantiles that cut into deciles. */
export const DECILES: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((tenth) => tenth / 10);
/** Deciles, and the tails cut finer: 14 bins. */
export const TAILED_DECILES: readonly number[] = [0.01, 0.05, ...DECILES, 0.95, 0.99];

/** The quantiles that cut into bins of equal mass. */
export function equalMassQuantiles(bins: number): readonly number[] {
  return Array.from({ length: bins - 1 }, (_, at) => (at + 1) / bins);
}

/** The values that are there, in ascending order; NaN stands for a missing one. */
export function presentSorted(values: Float64Array): Float64Array {
  return sortAscending(values.filter((value) => !Number.isNaN(value)));
}

/**
 * The edges of bins at quantiles of ascending values, equal edges once. Bins are closed on the right: `(-inf, e1],
 * (e1, e2], …, (ek, inf)`.
 * @throws RangeError without values
 */
export function quantileEdges(sorted: Float64Array, quantiles: readonly number[]): Float64Array {
  const edges = quantiles.map((quantile) => quantileOfSorted(sorted, quantile));
  return Float64Array.from(new Set(edges)).sort();
}

/** Edges filled up to a power of two with infinity, below which every value lies: what {@link binOf} searches. */
export function padded(edges: ArrayLike<number>): Float64Array {
  const size = 2 ** Math.ceil(Math.log2(edges.length + 1));
  return new Float64Array(size).fill(Number.POSITIVE_INFINITY).map((filler, at) => edges[at] ?? filler);
}

/** The bin of a value: how many of the padded edges lie below it. */
export function binOf(edges: Float64Array, value: number): number {
  let bin = 0;
  // No branch depends on the value: guessing wrong every other time would cost three times as much.
  for (let step = edges.length >> 1; step > 0; step >>= 1) {
    bin += step & -Number((edges[bin + step - 1] ?? 0) < value);
  }
  return bin;
}

/** How many values lie in each bin; NaN in none. */
export function binCounts(edges: ArrayLike<number>, values: Float64Array): Float64Array {
  const counts = new Float64Array(edges.length + 1);
  const filled = padded(edges);
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    const bin = binOf(filled, value);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}
