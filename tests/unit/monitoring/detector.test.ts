import { describe, expect, it } from 'vitest';

import { randomStream } from '../../../shared/evaluation/random.ts';
import { TAILED_DECILES } from '../../../shared/monitoring/bins.ts';
import {
  mergeCategoryProfiles,
  profileCategories,
  profileCategoryBaseline,
} from '../../../shared/monitoring/category-profile.ts';
import { detectCategoricalDrift, detectNumericDrift, wassersteinNoise } from '../../../shared/monitoring/detector.ts';
import { profileBaseline, profileWindow } from '../../../shared/monitoring/profile.ts';

const { uniform } = randomStream(42);
/** Box and Muller's normal values. */
const normal = (rows: number, shape: (value: number) => number = (value) => value): Float64Array =>
  Float64Array.from({ length: rows }, () =>
    shape(Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())),
  );
const detection = { columns: 20 };
const baseline = profileBaseline(normal(5_000), TAILED_DECILES);
const noise = wassersteinNoise(baseline, 1);
const found = (values: Float64Array) => detectNumericDrift(baseline, profileWindow(values, baseline), noise, detection);

describe('the drift of a column of numbers', () => {
  it('is seldom seen where there is none', () => {
    const windows = Array.from({ length: 100 }, () => found(normal(500)).outcome);

    expect(windows.filter((outcome) => outcome === 'drift').length).toBeLessThanOrEqual(1);
  });

  it('is seen in a moved middle, a wider spread and a heavy tail, and not in a shift that does not matter', () => {
    const outcomes = [
      found(normal(20_000, (value) => value + 0.25)),
      found(normal(20_000, (value) => value * 1.3)),
      found(normal(20_000, (value) => (uniform() < 0.05 ? value + 3 : value))),
      found(normal(20_000, (value) => value + 0.03)),
    ].map(({ outcome }) => outcome);

    expect(outcomes).toEqual(['drift', 'drift', 'drift', 'no_drift']);
  });

  it('is seen in missing values and in values outside the range alone', () => {
    const missing = found(normal(2_000, (value) => (uniform() < 0.1 ? Number.NaN : value)));
    const outside = found(normal(2_000, (value) => (uniform() < 0.03 ? 100 : value)));

    expect(missing).toMatchObject({
      outcome: 'drift',
      keys: { nulls: { drifted: true }, jensen_shannon: { drifted: false } },
    });
    expect(outside).toMatchObject({ outcome: 'drift', keys: { out_of_range: { drifted: true } } });
  });

  it('cannot be told from few rows or none, which is never "no drift"', () => {
    expect(found(normal(60))).toMatchObject({ outcome: 'insufficient_data', present: 60 });
    expect(found(new Float64Array(500).fill(Number.NaN))).toMatchObject({
      outcome: 'insufficient_data',
      minimumDetectable: null,
    });
    expect(wassersteinNoise(profileBaseline(new Float64Array(0), 10), 1)).toBeNull();
  });
});

describe('the drift of a column of categories', () => {
  const colours = (rows: number, share: number): string[] =>
    Array.from({ length: rows }, () => (uniform() < share ? 'red' : 'blue'));
  const before = profileCategoryBaseline(colours(2_000, 0.5));
  const drifted = (values: readonly (string | null)[]) =>
    detectCategoricalDrift(before, profileCategories(values, before.categories), { columns: 5 });

  it('is seen in moved shares, unseen values and missing ones', () => {
    const rows = colours(1_000, 0.5);

    expect(drifted(rows).outcome).toBe('no_drift');
    expect(drifted(colours(1_000, 0.8))).toMatchObject({
      outcome: 'drift',
      keys: { jensen_shannon: { drifted: true } },
    });
    expect(drifted(rows.map((row, at) => (at % 20 === 0 ? 'green' : row)))).toMatchObject({
      keys: { unseen: { drifted: true } },
    });
    expect(drifted(rows.map((row, at) => (at % 20 === 0 ? null : row)))).toMatchObject({
      keys: { nulls: { drifted: true } },
    });
    expect(drifted(rows.slice(0, 50)).outcome).toBe('insufficient_data');
  });

  it('is seen below a constant, where bins of numbers are blind', () => {
    const constant = profileCategoryBaseline(new Array<string>(500).fill('3'));
    const window = profileCategories(
      [...new Array<string>(400).fill('3'), ...new Array<string>(100).fill('2')],
      constant.categories,
    );

    expect(detectCategoricalDrift(constant, window, { columns: 1 }).outcome).toBe('drift');
  });

  it('is taken over the fifty most frequent values and all others together', () => {
    const many = Array.from({ length: 60 }, (_, at) => new Array<string>(at + 1).fill(`v${at}`)).flat();

    const profile = profileCategoryBaseline(many);

    expect(profile.categories).toHaveLength(50);
    expect(profile.other).toBe(55);
  });

  it('adds up over windows of the same categories only', () => {
    const [a, b] = [
      profileCategories(['red', null], before.categories),
      profileCategories(['blue', 'green'], before.categories),
    ];

    expect(mergeCategoryProfiles(a, b)).toEqual(profileCategories(['red', null, 'blue', 'green'], before.categories));
    expect(() => mergeCategoryProfiles(a, profileCategoryBaseline(['x']))).toThrow('different categories');
    expect(() => detectCategoricalDrift(before, profileCategoryBaseline(['x']), { columns: 1 })).toThrow(
      'different categories',
    );
  });
});
