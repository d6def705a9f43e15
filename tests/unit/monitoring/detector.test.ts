import { describe, expect, it } from 'vitest';

import { randomStream } from '../../../shared/evaluation/random.ts';
import { buildBaseline, type Cells, type ColumnSpec } from '../../../shared/monitoring/baseline.ts';
import {
  mergeCategoryProfiles,
  profileCategories,
  profileCategoryBaseline,
} from '../../../shared/monitoring/category-profile.ts';
import { detectColumnDrift } from '../../../shared/monitoring/detector.ts';
import { profileBaseline } from '../../../shared/monitoring/profile.ts';
import { wassersteinNoise } from '../../../shared/monitoring/wasserstein-noise.ts';
import { windowProfiler } from '../../../shared/monitoring/window-profiler.ts';

const DAY_MS = 86_400_000;
const { uniform } = randomStream(42);
/** Box and Muller's normal values. */
const normal = (rows: number, shape: (value: number) => number = (value) => value): Float64Array =>
  Float64Array.from({ length: rows }, () =>
    shape(Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())),
  );

/** Judges windows of one column without chunks: by effect and noise alone, as one of `columns`. */
function judging(spec: Pick<ColumnSpec, 'kind'>, cells: Cells, rows: number, columns: number) {
  const baseline = buildBaseline(
    [{ name: 'x', ofTime: false, ...spec }],
    [{ rows, times: null, cells: { x: cells } }],
    DAY_MS,
  );
  return (window: Cells, size: number) => {
    const profiler = windowProfiler(baseline);
    profiler.add(size, { x: window });
    const [column] = baseline.columns;
    const [found] = profiler.profile().columns;
    if (column === undefined || found === undefined) throw new Error('one column');
    return detectColumnDrift(column, found.data, {}, { columns });
  };
}

describe('the drift of a column of numbers', () => {
  const judge = judging({ kind: 'number' }, normal(5_000), 5_000, 20);
  const found = (values: Float64Array) => judge(values, values.length);

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

  it('is seen where every value is missing that was there', () => {
    const finding = found(new Float64Array(500).fill(Number.NaN));

    expect(finding).toMatchObject({ outcome: 'drift', keys: { nulls: { value: 1, drifted: true } } });
  });

  it('cannot be told from few rows or few values, which is never "no drift"', () => {
    const some = normal(500, (value) => value);
    const half = judging(
      { kind: 'number' },
      normal(5_000, (value) => (uniform() < 0.9 ? Number.NaN : value)),
      5_000,
      1,
    );

    expect(found(normal(60))).toMatchObject({ outcome: 'insufficient_data', keys: {}, severity: null });
    expect(
      half(
        some.map((value, row) => (row % 10 === 0 ? value : Number.NaN)),
        500,
      ),
    ).toMatchObject({ outcome: 'insufficient_data', keys: { nulls: { drifted: false } }, severity: null });
    expect(wassersteinNoise(profileBaseline(new Float64Array(0), 10))).toBeNull();
  });

  it('is held against the largest of effect and noise: few rows of an unchanged column are far apart', () => {
    const { keys } = found(normal(200));

    expect(keys.jensen_shannon).toMatchObject({ effect: 0.1, chunks: null, drifted: false });
    expect(keys.jensen_shannon?.limit).toBe(keys.jensen_shannon?.noise);
    expect(keys.jensen_shannon?.noise).toBeGreaterThan(0.1);
    expect(keys.wasserstein?.limit).toBe(keys.wasserstein?.noise);
  });
});

describe('the drift of a column of categories', () => {
  const colours = (rows: number, share: number): string[] =>
    Array.from({ length: rows }, () => (uniform() < share ? 'red' : 'blue'));
  const judge = judging({ kind: 'category' }, colours(2_000, 0.5), 2_000, 5);
  const drifted = (values: readonly (string | null)[]) => judge(values, values.length);

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

  it('is seldom seen where many rare categories come together, which differ between samples', () => {
    // A third of the rows belongs to categories beyond the fifty that are counted by name.
    const drawn = (rows: number): string[] =>
      Array.from({ length: rows }, () => `c${Math.floor(200 * uniform() ** 2)}`);
    const many = judging({ kind: 'category' }, drawn(20_000), 20_000, 5);

    const windows = Array.from({ length: 100 }, () => many(drawn(150), 150).outcome);

    expect(windows.filter((outcome) => outcome === 'drift').length).toBeLessThanOrEqual(1);
  });

  it('is seen below a constant of numbers, where bins are blind', () => {
    const constant = judging({ kind: 'number' }, new Float64Array(500).fill(3), 500, 1);

    const finding = constant(
      Float64Array.from({ length: 500 }, (_, row) => (row < 400 ? 3 : 2)),
      500,
    );

    expect(finding).toMatchObject({ outcome: 'drift', keys: { unseen: { value: 0.2, drifted: true } } });
  });

  it('is taken over the fifty most frequent values and all others together', () => {
    const many = Array.from({ length: 60 }, (_, at) => new Array<string>(at + 1).fill(`v${at}`)).flat();

    const profile = profileCategoryBaseline(many);

    expect(profile.categories).toHaveLength(50);
    expect(profile.other).toBe(55);
  });

  it('adds up over windows of the same categories only', () => {
    const [a, b] = [
      profileCategories(['red', null], ['blue', 'red']),
      profileCategories({ codes: [0, 1], names: ['blue', 'green'] }, ['blue', 'red']),
    ];

    expect(mergeCategoryProfiles(a, b)).toEqual(profileCategories(['red', null, 'blue', 'green'], ['blue', 'red']));
    expect(() => mergeCategoryProfiles(a, profileCategoryBaseline(['x']))).toThrow('different categories');
  });
});
