import { describe, expect, it } from 'vitest';
import { TAILED_DECILES } from '../../../shared/monitoring/bins.ts';
import {
  mergeProfiles,
  momentsOf,
  profileBaseline,
  profileDistances,
  profileWindow,
} from '../../../shared/monitoring/profile.ts';
import fc from '../../fast-check.ts';

const baseline = profileBaseline(
  Float64Array.from({ length: 1_000 }, (_, row) => (row * 37) % 501),
  TAILED_DECILES,
);
const cell = fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constantFrom(Number.NaN, 0, 500, 1e200));
const values = fc.array(cell, { maxLength: 50 }).map((cells) => Float64Array.from(cells));

describe('profiles of windows', () => {
  it('add up to the profile of all rows in any order, to the bit', () => {
    fc.assert(
      fc.property(values, values, values, (a, b, c) => {
        const [first, second, third] = [a, b, c].map((window) => profileWindow(window, baseline));
        if (first === undefined || second === undefined || third === undefined) throw new Error('three windows');

        const merged = mergeProfiles(mergeProfiles(third, first), second);

        expect(JSON.stringify(merged)).toBe(JSON.stringify(profileWindow(Float64Array.of(...a, ...b, ...c), baseline)));
      }),
    );
  });

  it('refuse to add up, or to be compared, over other edges', () => {
    const other = profileBaseline(Float64Array.of(1, 2, 3), 2);

    expect(() => mergeProfiles(baseline, other)).toThrow('different edges');
    expect(() => profileDistances(baseline, other)).toThrow('different edges');
  });

  it('keep the spread of values near a billion', () => {
    const profile = profileWindow(Float64Array.of(1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16), baseline);

    expect(momentsOf(profile)).toEqual({ n: 4, mean: 1e9 + 10, m2: 90 });
  });

  it('count what has no square, and nothing else, apart', () => {
    const profile = profileWindow(Float64Array.of(1, Number.POSITIVE_INFINITY, -1e200, Number.NaN), baseline);

    expect(profile).toMatchObject({ rows: 4, nulls: 1, unmeasured: 2, min: 1, max: 1, below: 1, above: 1 });
    expect(profile.counts.reduce((sum, count) => sum + count, 0)).toBe(3);
  });

  it('have no moments and no distance without a value', () => {
    const empty = profileWindow(Float64Array.of(Number.NaN), baseline);

    expect(momentsOf(empty)).toBeNull();
    expect(profileDistances(baseline, empty)).toBeNull();
    expect(profileBaseline(new Float64Array(0), 10)).toMatchObject({ edges: [], counts: [0], min: null });
  });
});
