/** What a column of numbers holds, counted batch by batch. */
import { exactMoments } from '../../monitoring/exact-moments.ts';
import { addExact, exactProduct, exactSum } from '../../monitoring/exact-sum.ts';
import { numberTally } from './number-tally.ts';
import { type BucketKey, bucketOf, bucketTally, mergeBuckets } from './quantile-sketch.ts';
import type { Distinct, NumberCounts } from './working.ts';

/** Beyond it squares have no double. */
const MEASURABLE = 1e150;

/** The smaller, or the greater, of two values of which either may be missing. */
export const chosen = (a: number | null, b: number | null, choose: (a: number, b: number) => number): number | null =>
  a === null ? b : b === null ? a : choose(a, b);

/** Counts the values of a column, of which none is missing. */
export interface ColumnTally<Counts> {
  readonly add: (values: Float64Array) => void;
  readonly distinct: () => Distinct;
  readonly counts: () => Counts;
}

/** What a column holds that holds each of these values so often. */
function numbersOfCounts(counts: Iterable<readonly [number, number]>): NumberCounts {
  const buckets = new Map<BucketKey, number>();
  const [sum, sumOfSquares]: [number[], number[]] = [[], []];
  let [unmeasured, min, max] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [value, rows] of counts) {
    if (Math.abs(value) > MEASURABLE) {
      unmeasured += rows;
      continue;
    }
    min = Math.min(min, value);
    max = Math.max(max, value);
    const key = bucketOf(value);
    buckets.set(key, (buckets.get(key) ?? 0) + rows);
    sum.push(...exactProduct(value, rows));
    for (const part of exactProduct(value, value)) sumOfSquares.push(...exactProduct(part, rows));
  }
  return {
    unmeasured,
    min: min <= max ? min : null,
    max: min <= max ? max : null,
    sum: exactSum(sum),
    sumOfSquares: exactSum(sumOfSquares),
    buckets: [...buckets].sort(([a], [b]) => a - b),
  };
}

/** Measures values that are too many to be counted one by one, after those that were. */
function measured(before: NumberCounts): Pick<ColumnTally<NumberCounts>, 'add' | 'counts'> {
  const [buckets, moments] = [bucketTally(), exactMoments()];
  let [unmeasured, min, max] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return {
    add: (values) => {
      let [least, most, beyond] = [min, max, 0];
      for (let at = 0; at < values.length; at += 1) {
        const value = values[at] ?? 0;
        if (Math.abs(value) <= MEASURABLE) {
          if (value < least) least = value;
          if (value > most) most = value;
        } else beyond += 1;
      }
      [min, max, unmeasured] = [least, most, unmeasured + beyond];
      moments.add(values, MEASURABLE);
      buckets.add(beyond > 0 ? values.filter((value) => Math.abs(value) <= MEASURABLE) : values);
    },
    counts: () =>
      mergeNumbers(before, {
        unmeasured,
        // Zero gets one sign: which of the two came first must not show.
        min: min <= max ? min + 0 : null,
        max: min <= max ? max + 0 : null,
        ...moments.sums(),
        buckets: buckets.counts(),
      }),
  };
}

/** Begins to count a column of numbers. What few values add up to is known from their counts. */
export function numbersTally(cap: number): ColumnTally<NumberCounts> {
  const distinct = numberTally(cap);
  let many: ReturnType<typeof measured> | null = null;
  return {
    add: (values) => {
      const counted = distinct.add(values, (counts) => {
        many = measured(numbersOfCounts(counts));
      });
      if (counted < values.length) many?.add(values.subarray(counted));
    },
    distinct: distinct.distinct,
    counts: () => many?.counts() ?? numbersOfCounts(distinct.counts() ?? []),
  };
}

/** The counts of both. */
export function mergeNumbers(a: NumberCounts, b: NumberCounts): NumberCounts {
  return {
    unmeasured: a.unmeasured + b.unmeasured,
    min: chosen(a.min, b.min, Math.min),
    max: chosen(a.max, b.max, Math.max),
    sum: addExact(a.sum, b.sum),
    sumOfSquares: addExact(a.sumOfSquares, b.sumOfSquares),
    buckets: mergeBuckets(a.buckets, b.buckets),
  };
}
