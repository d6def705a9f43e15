/** A stream of pseudo-random numbers; the same seed gives the same stream on every machine. */
export interface RandomStream {
  /** A whole number from 0 to `bound - 1`. */
  readonly below: (bound: number) => number;
  /** A number from 0 to 1, 1 excluded, of 53 random bits. */
  readonly uniform: () => number;
  /** Fills `into` with whole numbers from 0 to `bound - 1`: the same chances as `below`, another stream, and faster. */
  readonly fillBelow: (into: Uint32Array, bound: number) => void;
}

/** Up to so much the product with a word of 32 bits is exact in a double. */
const EXACT_BOUND = 2 ** 21;

const rotated = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits));

/** SplitMix's finaliser on 32 bits (murmur3's): spreads a small seed over the whole state. */
function splitMix(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
}

/** Blackman and Vigna's xoshiro128** 1.1 (https://prng.di.unimi.it/xoshiro128starstar.c). */
export function randomStream(seed: number): RandomStream {
  const next = splitMix(seed);
  let [a, b, c, d] = [next(), next(), next(), next()];
  const word = (): number => {
    const result = Math.imul(rotated(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotated(d, 11);
    return result;
  };
  const uniform = (): number => (word() * 2 ** 21 + (word() >>> 11)) * 2 ** -53;
  const below = (bound: number): number => Math.floor(uniform() * bound);
  const fillBelow = (into: Uint32Array, bound: number): void => {
    if (!(Number.isInteger(bound) && bound >= 1 && bound <= EXACT_BOUND))
      throw new RangeError(`${bound} is not from 1 to ${EXACT_BOUND}`);
    // Lemire 2019, "Fast random integer generation in an interval": words that would favour some numbers are not used.
    const unfair = 2 ** 32 % bound;
    // The state in variables of this call, which an engine keeps in registers; those of the closure it does not.
    let [p, q, r, s] = [a, b, c, d];
    for (let at = 0; at < into.length; ) {
      const times5 = Math.imul(q, 5);
      const word = Math.imul((times5 << 7) | (times5 >>> 25), 9) >>> 0;
      const shifted = q << 9;
      r ^= p;
      s ^= q;
      q ^= r;
      p ^= s;
      r ^= shifted;
      s = (s << 11) | (s >>> 21);
      const product = word * bound;
      const high = Math.floor(product / 2 ** 32);
      if (product - high * 2 ** 32 < unfair) continue;
      into[at] = high;
      at += 1;
    }
    [a, b, c, d] = [p, q, r, s];
  };
  return { below, uniform, fillBelow };
}
