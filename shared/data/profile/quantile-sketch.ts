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
  /** NaN is left out. */
  readonly add: (values: Float64Array) => void;
  readonly counts: () => BucketCounts;
}

/** Sizes of a power of two, with a sign, have a page of counts: the negative ones first. */
const PAGES_OF_A_SIGN = Math.ceil((LAST_KEY + 1) / STEPS);

/** Begins to count; memory is taken by powers of two that occur. */
export function bucketTally(): BucketTally {
  // Where the page of a power of two begins among the counts; the first page is of those that have none yet.
  const pages = new Int32Array(2 * PAGES_OF_A_SIGN);
  let counts = new Uint32Array(2 * STEPS);
  let used = STEPS;
  let zeros = 0;
  const open = (place: number): number => {
    if (used === counts.length) {
      const more = new Uint32Array(counts.length * 2);
      more.set(counts);
      counts = more;
    }
    pages[place] = used;
    used += STEPS;
    return used - STEPS;
  };
  return {
    add: (values) => {
      const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
      let [into, nothing] = [counts, 0];
      for (let at = 0; at < values.length; at += 1) {
        const value = values[at] ?? 0;
        if (value === 0) {
          nothing += 1;
          continue;
        }
        if (Number.isNaN(value)) continue;
        const high = words[at * 2 + HIGH_WORD] ?? 0;
        const key = keyOf(high);
        const place = (high >>> 31 === 1 ? 0 : PAGES_OF_A_SIGN) + (key >>> STEP_BITS);
        let page = pages[place] ?? 0;
        if (page === 0) {
          page = open(place);
          into = counts;
        }
        const slot = page + (key & (STEPS - 1));
        into[slot] = (into[slot] ?? 0) + 1;
      }
      zeros += nothing;
    },
    counts: () => {
      const found: [BucketKey, number][] = [];
      for (const [place, page] of pages.entries()) {
        if (page === 0) continue;
        const sign = place < PAGES_OF_A_SIGN ? -1 : 1;
        const first = (place % PAGES_OF_A_SIGN) * STEPS;
        counts.subarray(page, page + STEPS).forEach((count, step) => {
          if (count > 0) found.push([sign * (first + step), count]);
        });
      }
      if (zeros > 0) found.push([0, zeros]);
      return found.sort(([a], [b]) => a - b);
    },
  };
}

/** The counts of both. */
export function mergeBuckets(a: BucketCounts, b: BucketCounts): BucketCounts {
  const counts = new Map<BucketKey, number>(a);
  for (const [key, count] of b) counts.set(key, (counts.get(key) ?? 0) + count);
  return [...counts].sort(([x], [y]) => x - y);
}
