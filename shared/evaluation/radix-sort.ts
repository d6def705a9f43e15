/** Digits of 11 bits: 2,048 counters of a pass fit the first-level cache, and six passes cover 64 bits. */
const DIGIT_BITS = 11;
const BUCKETS = 1 << DIGIT_BITS;
const MASK = BUCKETS - 1;
const PASSES = 6;

/**
 * Doubles whose bit patterns, read as unsigned 64-bit integers, stand in the order of their values: a positive number
 * gets its sign bit set, a negative one all its bits turned. -0 becomes 0 first, so that the two tie as they do in
 * `===`.
 */
function toKeys(values: Float64Array): Uint32Array {
  const keys = new Float64Array(values.length);
  for (let i = 0; i < values.length; i += 1) keys[i] = (values[i] ?? 0) + 0;
  const words = new Uint32Array(keys.buffer);
  for (let i = 1; i < words.length; i += 2) {
    const high = words[i] ?? 0;
    if (high >>> 31 === 0) words[i] = high | 0x80000000;
    else {
      words[i] = ~high;
      words[i - 1] = ~(words[i - 1] ?? 0);
    }
  }
  return words;
}

function fromKeys(words: Uint32Array): Float64Array {
  for (let i = 1; i < words.length; i += 2) {
    const high = words[i] ?? 0;
    if (high >>> 31 === 1) words[i] = high & 0x7fffffff;
    else {
      words[i] = ~high;
      words[i - 1] = ~(words[i - 1] ?? 0);
    }
  }
  return new Float64Array(words.buffer);
}

/** Digit `pass` of the key whose words are `low` and `high`. */
function digit(low: number, high: number, pass: number): number {
  const shift = pass * DIGIT_BITS;
  if (shift + DIGIT_BITS <= 32) return (low >>> shift) & MASK;
  if (shift < 32) return ((low >>> shift) | (high << (32 - shift))) & MASK;
  return (high >>> (shift - 32)) & MASK;
}

function histograms(words: Uint32Array): Uint32Array {
  const counts = new Uint32Array(PASSES * BUCKETS);
  for (let i = 0; i < words.length; i += 2) {
    const low = words[i] ?? 0;
    const high = words[i + 1] ?? 0;
    for (let pass = 0; pass < PASSES; pass += 1) {
      const at = pass * BUCKETS + digit(low, high, pass);
      counts[at] = (counts[at] ?? 0) + 1;
    }
  }
  return counts;
}

/**
 * Where each digit's block starts in one pass, or undefined where all keys share the digit and the pass would change
 * nothing.
 */
function starts(counts: Uint32Array, pass: number, rows: number): Uint32Array | undefined {
  const offsets = new Uint32Array(BUCKETS);
  let offset = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    const count = counts[pass * BUCKETS + bucket] ?? 0;
    if (count === rows) return undefined;
    offsets[bucket] = offset;
    offset += count;
  }
  return offsets;
}

/**
 * The values in ascending order, in a new array: a least-significant-digit radix sort over the bits of the doubles.
 * Passes in which every value has the same digit are skipped, so scores that were float32 once (XGBoost's are) cost
 * four passes, not six.
 *
 * NaN has no place in an order; callers refuse it before.
 */
export function sortAscending(values: Float64Array): Float64Array {
  const rows = values.length;
  let words: Uint32Array = toKeys(values);
  const counts = histograms(words);
  let spare: Uint32Array = new Uint32Array(0);
  for (let pass = 0; pass < PASSES; pass += 1) {
    const next = starts(counts, pass, rows);
    if (next === undefined) continue;
    if (spare.length === 0) spare = new Uint32Array(words.length);
    for (let i = 0; i < words.length; i += 2) {
      const low = words[i] ?? 0;
      const high = words[i + 1] ?? 0;
      const bucket = digit(low, high, pass);
      const to = next[bucket] ?? 0;
      next[bucket] = to + 1;
      spare[2 * to] = low;
      spare[2 * to + 1] = high;
    }
    [words, spare] = [spare, words];
  }
  return fromKeys(words);
}

/** The indexes of the values in ascending order of value; equal values keep the order they came in. */
export function orderAscending(values: Float64Array): Uint32Array {
  const rows = values.length;
  const words = toKeys(values);
  const counts = histograms(words);
  let order = new Uint32Array(rows);
  for (let i = 0; i < rows; i += 1) order[i] = i;
  let spare = new Uint32Array(rows);
  for (let pass = 0; pass < PASSES; pass += 1) {
    const next = starts(counts, pass, rows);
    if (next === undefined) continue;
    for (let i = 0; i < rows; i += 1) {
      const row = order[i] ?? 0;
      const bucket = digit(words[2 * row] ?? 0, words[2 * row + 1] ?? 0, pass);
      const to = next[bucket] ?? 0;
      next[bucket] = to + 1;
      spare[to] = row;
    }
    [order, spare] = [spare, order];
  }
  return order;
}
