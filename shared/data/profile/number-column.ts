/** What a column of numbers, or of times, holds, counted batch by batch. */
import { addExact, exactMoments, exactProduct, exactSum } from '../../monitoring/exact-sum.ts';
import { numberTally } from './distinct.ts';
import { type BucketKey, bucketOf, bucketTally, mergeBuckets } from './quantile-sketch.ts';
import { type Distinct, MOST_DAYS, type NumberCounts, type TimeCounts } from './working.ts';

/** Beyond it squares have no double. */
const MEASURABLE = 1e150;
const DAY_US = 86_400_000_000;

/** The smaller, or the greater, of two values of which either may be missing. */
export const chosen = (a: number | null, b: number | null, choose: (a: number, b: number) => number): number | null =>
  a === null ? b : b === null ? a : choose(a, b);

/** Counts a column; NaN stands for a missing value. */
export interface ColumnTally<Counts> {
  readonly add: (values: Float64Array) => void;
  readonly distinct: () => Distinct;
  readonly counts: () => Counts;
}

const NOTHING: NumberCounts = { unmeasured: 0, min: null, max: null, sum: [], sumOfSquares: [], buckets: [] };

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

/** Begins to count a column of numbers. What few values add up to is known from their counts. */
export function numbersTally(cap: number): ColumnTally<NumberCounts> {
  const distinct = numberTally(cap);
  let before = NOTHING;
  const [buckets, moments] = [bucketTally(), exactMoments()];
  let [unmeasured, min, max] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const addMany = (values: Float64Array): void => {
    let [least, most, beyond] = [min, max, 0];
    for (let at = 0; at < values.length; at += 1) {
      const value = values[at] ?? 0;
      if (Math.abs(value) <= MEASURABLE) {
        if (value < least) least = value;
        if (value > most) most = value;
      } else if (!Number.isNaN(value)) beyond += 1;
    }
    [min, max, unmeasured] = [least, most, unmeasured + beyond];
    moments.add(values, MEASURABLE);
    buckets.add(beyond > 0 ? values.map((value) => (Math.abs(value) <= MEASURABLE ? value : Number.NaN)) : values);
  };
  return {
    add: (values) => {
      const counted = distinct.add(values, (counts) => {
        before = numbersOfCounts(counts);
      });
      if (counted < values.length) addMany(values.subarray(counted));
    },
    distinct: distinct.distinct,
    counts: () => {
      const counts = distinct.counts();
      if (counts !== null) return numbersOfCounts(counts);
      return mergeNumbers(before, {
        unmeasured,
        // Zero gets one sign: which of the two came first must not show.
        min: min <= max ? min + 0 : null,
        max: min <= max ? max + 0 : null,
        ...moments.sums(),
        buckets: buckets.counts(),
      });
    },
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

const daysOf = (days: ReadonlyMap<number, number> | null): TimeCounts['days'] =>
  days === null || days.size > MOST_DAYS ? null : [...days].sort(([a], [b]) => a - b);

/** Begins to count a column of times, in microseconds since 1970. */
export function timesTally(cap: number): ColumnTally<TimeCounts> {
  const distinct = numberTally(cap);
  let days: Map<number, number> | null = new Map();
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return {
    add: (values) => {
      distinct.add(values, () => undefined);
      // Rows mostly come by time: a day is looked up once for all that follow each other.
      let [day, rows] = [0, 0];
      const settle = (): void => {
        if (rows > 0) days?.set(day, (days.get(day) ?? 0) + rows);
        if ((days?.size ?? 0) > MOST_DAYS) days = null;
      };
      for (let at = 0; at < values.length; at += 1) {
        const value = values[at] ?? 0;
        if (Number.isNaN(value)) continue;
        if (value < min) min = value;
        if (value > max) max = value;
        const here = Math.floor(value / DAY_US);
        if (here !== day) {
          settle();
          [day, rows] = [here, 0];
        }
        rows += 1;
      }
      settle();
    },
    distinct: distinct.distinct,
    counts: () => ({
      min: min <= max ? min : null,
      max: min <= max ? max : null,
      days: daysOf(days),
    }),
  };
}

/** The counts of both. */
export function mergeTimes(a: TimeCounts, b: TimeCounts): TimeCounts {
  const days = a.days && b.days && new Map(a.days);
  for (const [day, rows] of b.days ?? []) days?.set(day, (days.get(day) ?? 0) + rows);
  return {
    min: chosen(a.min, b.min, Math.min),
    max: chosen(a.max, b.max, Math.max),
    days: daysOf(days),
  };
}
