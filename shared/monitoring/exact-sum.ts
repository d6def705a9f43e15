/**
 * A sum of doubles without rounding, as doubles that do not overlap, the largest first. Equal sums have equal parts,
 * whatever the order in which the terms came: windows merged in any order give the same bytes.
 */
export type ExactSum = readonly number[];

/** Adds a term to an expansion in place (Shewchuk 1997, "grow expansion", the smallest part first). */
function grow(parts: number[], term: number): void {
  let kept = 0;
  for (const part of parts) {
    const sum = term + part;
    const shifted = sum - term;
    const error = term - (sum - shifted) + (part - shifted);
    if (error !== 0) {
      parts[kept] = error;
      kept += 1;
    }
    term = sum;
  }
  parts.length = kept;
  if (term !== 0) parts.push(term);
}

/** The double nearest to the sum of an expansion's parts. */
function nearest(parts: readonly number[]): number {
  let at = parts.length - 1;
  if (at < 0) return 0;
  let sum = parts[at] ?? 0;
  let error = 0;
  while (at > 0 && error === 0) {
    at -= 1;
    const high = sum;
    const low = parts[at] ?? 0;
    sum = high + low;
    error = low - (sum - high);
  }
  // Half a unit is rounded to even above; what lies further down says which way it must go (as in Python's fsum).
  const below = at > 0 ? (parts[at - 1] ?? 0) : 0;
  if (error !== 0 && below !== 0 && error < 0 === below < 0) {
    const doubled = 2 * error;
    const moved = sum + doubled;
    if (moved - sum === doubled) return moved;
  }
  return sum;
}

/** The one expansion of a sum in which each part is the double nearest to what the parts before it leave. */
function canonical(parts: number[]): ExactSum {
  const rest = [...parts];
  const found: number[] = [];
  while (rest.length > 0) {
    const part = nearest(rest);
    if (part === 0) break;
    found.push(part);
    grow(rest, -part);
  }
  return found;
}

/** The exact sum of the terms. */
export function exactSum(terms: Iterable<number>): ExactSum {
  const parts: number[] = [];
  for (const term of terms) grow(parts, term);
  return canonical(parts);
}

/** The exact sum of sums. */
export function addExact(...sums: readonly ExactSum[]): ExactSum {
  return exactSum(sums.flat());
}

/** The double nearest to the sum. */
export function rounded(sum: ExactSum): number {
  return sum[0] ?? 0;
}

// 2^27 + 1 splits a double's 53 bits into halves whose products are exact (Dekker 1971).
const SPLITTER = 134_217_729;

/** A product as two doubles, without rounding; exact for factors between 1e-150 and 1e150. */
export function exactProduct(a: number, b: number): readonly [high: number, low: number] {
  const high = a * b;
  const [aTop, bTop] = [a * SPLITTER, b * SPLITTER];
  const [aHigh, bHigh] = [aTop - (aTop - a), bTop - (bTop - b)];
  const [aLow, bLow] = [a - aHigh, b - bHigh];
  return [high, aLow * bLow - (high - aHigh * bHigh - aLow * bHigh - aHigh * bLow)];
}

/** Terms a bucket of {@link exactMoments} takes before it is emptied: its sums then still have 53 bits. */
const BUCKET_TERMS = 2 ** 24;
const EXPONENTS = 2_048;

/** The sum of many values and that of their squares, some nanoseconds a value. */
export interface ExactMoments {
  /** Values beyond `limit` in size, which is at most 1e150, and those that are no number are left out. */
  readonly add: (values: Float64Array, limit: number) => void;
  readonly sums: () => { readonly sum: ExactSum; readonly sumOfSquares: ExactSum };
}

interface Buckets {
  readonly tops: Float64Array;
  readonly rests: Float64Array;
}

const buckets = (): Buckets => ({ tops: new Float64Array(EXPONENTS), rests: new Float64Array(EXPONENTS) });

const emptied = ({ tops, rests }: Buckets, before: ExactSum): ExactSum => {
  const parts = [...before];
  for (const half of [tops, rests]) for (const part of half) if (part !== 0) parts.push(part);
  const sum = exactSum(parts);
  tops.fill(0);
  rests.fill(0);
  return sum;
};

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
/** The word with sign and exponent is the second where the least significant byte comes first. */
const EXPONENT_WORD = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;

/** Each half of 26 bits joins those of terms with the same exponent: 2^27 of them add up without rounding. */
function put({ tops, rests }: Buckets, term: number): void {
  double[0] = term;
  const exponent = ((words[EXPONENT_WORD] ?? 0) >>> 20) & 0x7ff;
  const split = term * SPLITTER;
  const top = split - (split - term);
  tops[exponent] = (tops[exponent] ?? 0) + top;
  rests[exponent] = (rests[exponent] ?? 0) + (term - top);
}

/** Begins two sums without rounding, of values that come in batches. */
export function exactMoments(): ExactMoments {
  const [first, second] = [buckets(), buckets()];
  let [sum, sumOfSquares]: [ExactSum, ExactSum] = [[], []];
  const empty = (): void => {
    sum = emptied(first, sum);
    sumOfSquares = emptied(second, sumOfSquares);
  };
  let taken = 0;
  const addPart = (values: Float64Array, limit: number): void => {
    for (let at = 0; at < values.length; at += 1) {
      const value = values[at] ?? 0;
      if (!(Math.abs(value) <= limit)) continue;
      put(first, value);
      const square = value * value;
      const split = value * SPLITTER;
      const top = split - (split - value);
      const rest = value - top;
      put(second, square);
      // What `exactProduct` leaves over, without a pair for every value.
      const left = rest * rest - (square - top * top - rest * top - top * rest);
      if (left !== 0) put(second, left);
    }
  };
  return {
    add: (values, limit) => {
      for (let start = 0; start < values.length; start += BUCKET_TERMS) {
        const part = values.subarray(start, start + BUCKET_TERMS);
        if (taken + part.length > BUCKET_TERMS) {
          empty();
          taken = 0;
        }
        addPart(part, limit);
        taken += part.length;
      }
    },
    sums: () => {
      empty();
      return { sum, sumOfSquares };
    },
  };
}
