import { describe, expect, it } from 'vitest';

import { randomStream } from '../../../shared/evaluation/random.ts';

const filled = (seed: number, length: number, bound: number): Uint32Array => {
  const into = new Uint32Array(length);
  randomStream(seed).fillBelow(into, bound);
  return into;
};

describe('whole numbers drawn by the array', () => {
  it.each([1, 2, 3, 7, 240, 99_999, 2 ** 21])('lie below %i and reach its ends', (bound) => {
    const numbers = filled(1, 400_000, bound);

    const [least, most] = [numbers.reduce((a, b) => Math.min(a, b)), numbers.reduce((a, b) => Math.max(a, b))];
    expect(least).toBeLessThan(Math.max(1, bound / 1_000));
    expect(most).toBeLessThan(bound);
    expect(most).toBeGreaterThanOrEqual(Math.floor(bound * 0.999) - 1);
  });

  it('come equally often', () => {
    const bound = 12;
    const draws = 120_000;
    const counts = new Float64Array(bound);

    for (const number of filled(3, draws, bound)) counts[number] = (counts[number] ?? 0) + 1;

    const expected = draws / bound;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // Of 11 degrees of freedom, exceeded once in a thousand.
    expect(chiSquare).toBeLessThan(31.26);
  });

  it('are those of one word each, and the stream goes on behind them', () => {
    const [one, other] = [randomStream(9), randomStream(9)];
    const [first, second, both] = [new Uint32Array(5), new Uint32Array(3), new Uint32Array(8)];

    one.fillBelow(first, 1_000);
    one.fillBelow(second, 1_000);
    other.fillBelow(both, 1_000);

    expect([...first, ...second]).toEqual([...both]);
    expect(one.uniform()).toBe(other.uniform());
    expect(filled(9, 8, 1_000)).toEqual(both);
    expect(filled(10, 8, 1_000)).not.toEqual(both);
  });

  it('are refused where a word cannot tell them apart', () => {
    for (const bound of [0, 0.5, 2 ** 21 + 1, Number.NaN]) expect(() => filled(1, 1, bound)).toThrow(RangeError);
  });
});
