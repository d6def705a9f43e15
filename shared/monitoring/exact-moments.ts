/** The sum of many doubles and that of their squares, without rounding, in a few nanoseconds a value. */
import { type ExactSum, exactSum, SPLITTER } from './exact-sum.ts';

/** Two sums without rounding, of values that come in batches. */
export interface ExactMoments {
  /** Values beyond `limit` in size, which is at most 1e150, and those that are no number are left out. */
  readonly add: (values: Float64Array, limit: number) => void;
  readonly sums: () => { readonly sum: ExactSum; readonly sumOfSquares: ExactSum };
}

/** Terms a bucket takes before it is emptied: its sums then still have 53 bits. */
const BUCKET_TERMS = 2 ** 24;
const EXPONENTS = 2_048;

/** Terms by their exponent, each in two halves of 26 bits: 2^27 of the same exponent add up without rounding. */
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
const BIAS = 1_023;

function exponentOf(value: number): number {
  double[0] = value;
  return ((words[EXPONENT_WORD] ?? 0) >>> 20) & 0x7ff;
}

function put({ tops, rests }: Buckets, term: number): void {
  const exponent = exponentOf(term);
  const split = term * SPLITTER;
  const top = split - (split - term);
  tops[exponent] = (tops[exponent] ?? 0) + top;
  rests[exponent] = (rests[exponent] ?? 0) + (term - top);
}

/**
 * Values of a run are cut on three grids, each 2^21 finer than the one before, the first fit for the largest: a cut has at
 * most 21 bits, a product of two 42, and so many of them add up within the 53 bits of a double. Rounding to a grid by
 * adding and taking away a large number: Rump, Ogita, Oishi, "Accurate floating-point summation" (2008), algorithm 3.2.
 */
const RUN_VALUES = 1_024;
const CUT_BITS = 21;
/** Added to a value it leaves no bit below one: 1.5 times 2^52. */
const ROUNDER = 1.5 * 2 ** 52;
/** Below, products of the finest cuts have no double; above, the sums of squares are too large to be halved. */
const [LEAST_EXPONENT, MOST_EXPONENT] = [-400, 480];

/** Begins two sums. */
export function exactMoments(): ExactMoments {
  const [first, second] = [buckets(), buckets()];
  let [sum, sumOfSquares]: [ExactSum, ExactSum] = [[], []];
  const empty = (): void => {
    sum = emptied(first, sum);
    sumOfSquares = emptied(second, sumOfSquares);
  };
  let taken = 0;

  const putValue = (value: number): void => {
    put(first, value);
    const square = value * value;
    const split = value * SPLITTER;
    const top = split - (split - value);
    const rest = value - top;
    put(second, square);
    // What `exactProduct` leaves over, without a pair for every value.
    const left = rest * rest - (square - top * top - rest * top - top * rest);
    if (left !== 0) put(second, left);
  };

  const putRun = (values: Float64Array, from: number, to: number, limit: number): void => {
    let greatest = 0;
    for (let at = from; at < to; at += 1) {
      const size = Math.abs(values[at] ?? 0);
      if (size > greatest && size <= limit) greatest = size;
    }
    if (greatest === 0) return;
    const exponent = exponentOf(greatest) - BIAS;
    if (exponent < LEAST_EXPONENT || exponent > MOST_EXPONENT) {
      for (let at = from; at < to; at += 1) {
        const value = values[at] ?? 0;
        if (Math.abs(value) <= limit) putValue(value);
      }
      return;
    }
    const coarse = ROUNDER * 2 ** (exponent + 1 - CUT_BITS);
    const middle = coarse * 2 ** -CUT_BITS;
    const fine = middle * 2 ** -CUT_BITS;
    let [sumA, sumB, sumC, aa, ab, acAndBb, bc, cc] = [0, 0, 0, 0, 0, 0, 0, 0];
    for (let at = from; at < to; at += 1) {
      const value = values[at] ?? 0;
      if (!(Math.abs(value) <= limit)) continue;
      const a = value + coarse - coarse;
      const belowA = value - a;
      const b = belowA + middle - middle;
      const belowB = belowA - b;
      const c = belowB + fine - fine;
      if (belowB !== c) {
        putValue(value);
        continue;
      }
      sumA += a;
      sumB += b;
      sumC += c;
      aa += a * a;
      ab += a * b;
      acAndBb += 2 * a * c + b * b;
      bc += b * c;
      cc += c * c;
    }
    for (const term of [sumA, sumB, sumC]) put(first, term);
    for (const term of [aa, 2 * ab, acAndBb, 2 * bc, cc]) put(second, term);
  };

  return {
    add: (values, limit) => {
      for (let from = 0; from < values.length; from += RUN_VALUES) {
        // A value takes at most two places of a bucket by itself; a run no more than its values.
        if (taken + 2 * RUN_VALUES > BUCKET_TERMS) {
          empty();
          taken = 0;
        }
        putRun(values, from, Math.min(from + RUN_VALUES, values.length), limit);
        taken += 2 * RUN_VALUES;
      }
    },
    sums: () => {
      empty();
      return { sum, sumOfSquares };
    },
  };
}
