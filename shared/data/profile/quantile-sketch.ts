/**
 * Counts of numbers in buckets whose borders are fixed for ever: 256 a power of two, as in HdrHistogram, so that a
 * bucket is the first bits of a double and no logarithm is taken. Counts of parts add up in any order to the same
 * bytes. A quantile read from them is off by at most 1/512 of the value itself.
 */

const STEP_BITS = 8;
const STEPS = 2 ** STEP_BITS;
/** Sizes below 2^-64 share the first bucket, those from 2^64 on the last. */
const LEAST_POWER = -64;
const MOST_POWER = 64;
const BIAS = 1023;
const FIRST = (BIAS + LEAST_POWER) * STEPS;
const LAST_KEY = (MOST_POWER - LEAST_POWER) * STEPS + 2;

/** A bucket: 0 is zero itself, -n the mirror image of n. */
export type BucketKey = number;

/** Buckets that are not empty, in order, and how many values lie in each. */
export type BucketCounts = readonly (readonly [key: BucketKey, count: number])[];

const cell = new DataView(new ArrayBuffer(8));

/** The smallest size a bucket holds; that of the first is 0. */
function leastSize(key: BucketKey): number {
  if (key <= 1) return 0;
  cell.setUint32(0, (FIRST + key - 2) << (20 - STEP_BITS));
  cell.setUint32(4, 0);
  return cell.getFloat64(0);
}

/** Where the values of a bucket lie, in ascending order; zero's has no width, the last is taken to end where it begins. */
export function bucketRange(key: BucketKey): readonly [low: number, high: number] {
  if (key === 0) return [0, 0];
  const size = Math.abs(key);
  const [inner, outer] = [leastSize(size), leastSize(Math.min(size + 1, LAST_KEY))];
  return key < 0 ? [-outer, -inner] : [inner, outer];
}

/** Words of a double with its sign and exponent come second where the least significant byte comes first. */
const HIGH_WORD = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;

/** The bucket of a double that is not zero, by the word with its sign and exponent. */
function keyOf(high: number): number {
  const bucket = ((high & 0x7fffffff) >>> (20 - STEP_BITS)) - FIRST + 2;
  return bucket < 1 ? 1 : bucket > LAST_KEY ? LAST_KEY : bucket;
}

/** The bucket of a number. */
export function bucketOf(value: number): BucketKey {
  if (value === 0) return 0;
  cell.setFloat64(0, value);
  return value < 0 ? -keyOf(cell.getUint32(0)) : keyOf(cell.getUint32(0));
}

/** Counts numbers. */
export interface BucketTally {
  /** None is NaN. */
  readonly add: (values: Float64Array) => void;
  readonly counts: () => BucketCounts;
}

/** A page of counts per sign and power of two, found by the first twelve bits of a double. */
const PAGES = 2 ** 12;
const [FIRST_POWER, POWERS] = [BIAS + LEAST_POWER, MOST_POWER - LEAST_POWER];

/** Counts zeros, and values whose page is open; returns the place of the first other one. */
function countOpen(values: Float64Array, from: number, pages: Uint16Array, counts: Uint32Array): number {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  for (let at = from; at < values.length; at += 1) {
    const high = words[at * 2 + HIGH_WORD] ?? 0;
    const page = pages[high >>> 20] ?? 0;
    if (page === 0) {
      if (values[at] !== 0) return at;
      // No page has this number.
      counts[0] = (counts[0] ?? 0) + 1;
      continue;
    }
    const slot = (page << STEP_BITS) | ((high >>> (20 - STEP_BITS)) & (STEPS - 1));
    counts[slot] = (counts[slot] ?? 0) + 1;
  }
  return values.length;
}

/** Begins to count; memory is taken by powers of two that occur. */
export function bucketTally(): BucketTally {
  // 0 where there is none yet, and where buckets are wider than a page's: the first bucket and the last.
  const pages = new Uint16Array(PAGES);
  let counts = new Uint32Array(2 * STEPS);
  let used = 1;
  const others = new Map<BucketKey, number>();
  const open = (place: number): void => {
    if (used * STEPS === counts.length) {
      const more = new Uint32Array(counts.length * 2);
      more.set(counts);
      counts = more;
    }
    pages[place] = used;
    used += 1;
  };
  return {
    add: (values) => {
      for (let at = countOpen(values, 0, pages, counts); at < values.length; ) {
        const value = values[at] ?? 0;
        cell.setFloat64(0, value);
        const place = cell.getUint32(0) >>> 20;
        const power = (place & 0x7ff) - FIRST_POWER;
        if (power >= 0 && power < POWERS) open(place);
        else {
          const key = bucketOf(value);
          others.set(key, (others.get(key) ?? 0) + 1);
          at += 1;
        }
        at = countOpen(values, at, pages, counts);
      }
    },
    counts: () => {
      const zeros = counts[0] ?? 0;
      const found: [BucketKey, number][] = zeros > 0 ? [[0, zeros], ...others] : [...others];
      for (const [place, page] of pages.entries()) {
        if (page === 0) continue;
        const sign = place >>> 11 === 1 ? -1 : 1;
        const first = ((place & 0x7ff) << STEP_BITS) - FIRST + 2;
        counts.subarray(page * STEPS, (page + 1) * STEPS).forEach((count, step) => {
          if (count > 0) found.push([sign * (first + step), count]);
        });
      }
      return found.sort(([x], [y]) => x - y);
    },
  };
}

/** The counts of both. */
export function mergeBuckets(a: BucketCounts, b: BucketCounts): BucketCounts {
  const counts = new Map<BucketKey, number>(a);
  for (const [key, count] of b) counts.set(key, (counts.get(key) ?? 0) + count);
  return [...counts].sort(([x], [y]) => x - y);
}
