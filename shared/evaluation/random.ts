/** A stream of pseudo-random numbers; the same seed gives the same stream on every machine. */
export interface RandomStream {
  /** A whole number from 0 to `bound - 1`. */
  readonly below: (bound: number) => number;
  /** A number from 0 to 1, 1 excluded, of 53 random bits. */
  readonly uniform: () => number;
}

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
  return { below: (bound) => Math.floor(uniform() * bound), uniform };
}
