/** A seeded source of numbers: the same seed gives the same numbers on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** Picks `count` of the items without replacement, and keeps their order. */
  sample(items: readonly number[], count: number): number[];
}

/** Spreads a seed over a state: splitmix32, so that neighbouring seeds give unrelated streams. */
const spread = (seed: number) => {
  let state = seed | 0;
  return (): number => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
};

/** xoshiro128** (Blackman and Vigna, https://prng.di.unimi.it/), which needs 32-bit integers only. */
export const createRandom = (seed: number): Random => {
  const fill = spread(seed);
  let a = fill();
  let b = fill();
  let c = fill();
  let d = fill();
  const rotate = (value: number, by: number) => (value << by) | (value >>> (32 - by));
  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return (result >>> 0) / 4294967296;
  };
  return {
    next,
    chance: (probability) => next() < probability,
    sample: (items, count) => {
      const pool = [...items];
      // Fisher and Yates, the first `count` steps of it.
      for (let at = 0; at < count; at++) {
        const other = at + Math.floor(next() * (pool.length - at));
        [pool[at], pool[other]] = [pool[other]!, pool[at]!];
      }
      return pool.slice(0, count).sort((left, right) => left - right);
    },
  };
};
