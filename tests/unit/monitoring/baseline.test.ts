import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../shared/evaluation/random.ts';
import { type BaselineRows, baselineSchema, buildBaseline } from '../../../shared/monitoring/baseline.ts';
import { TAILED_DECILES } from '../../../shared/monitoring/bins.ts';
import { profileBaseline } from '../../../shared/monitoring/profile.ts';
import {
  mergeWindowProfiles,
  windowProfiler,
  windowProfileSchema,
} from '../../../shared/monitoring/window-profiler.ts';
import fc from '../../fast-check.ts';

const HOUR_MS = 3_600_000;
const SPECS = [
  { name: 'distance', kind: 'number', ofTime: false },
  { name: 'stops', kind: 'number', ofTime: false },
  { name: 'airline', kind: 'category', ofTime: false },
  { name: 'hour', kind: 'number', ofTime: true },
] as const;

/** Rows at so many minutes each, with some of everything missing. */
function rowsOf(rows: number, minutes: number, seed: number): BaselineRows {
  const { uniform, below } = randomStream(seed);
  return {
    rows,
    times: Float64Array.from({ length: rows }, (_, row) => row * minutes * 60_000),
    cells: {
      distance: Float64Array.from({ length: rows }, () => (uniform() < 0.05 ? Number.NaN : 100 + 900 * uniform())),
      stops: Float64Array.from({ length: rows }, () => below(3)),
      airline: Array.from({ length: rows }, () => ['AA', 'DL', 'UA', null][below(4)] ?? null),
    },
  };
}

const part = ({ rows, times, cells }: BaselineRows, from: number, to: number): BaselineRows => ({
  rows: Math.max(Math.min(to, rows) - from, 0),
  times: times?.slice(from, to) ?? null,
  cells: Object.fromEntries(Object.entries(cells).map(([name, column]) => [name, sliced(column, from, to)])),
});
const sliced = (cells: BaselineRows['cells'][string], from: number, to: number) =>
  'codes' in cells ? { ...cells, codes: Array.from(cells.codes).slice(from, to) } : cells.slice(from, to);

describe('a baseline', () => {
  const all = rowsOf(2_400, 1, 7);
  const baseline = buildBaseline(SPECS, [all], HOUR_MS);

  it('holds a profile of each column, few distinct numbers being categories, and none of a function of time', () => {
    const [distance, stops, airline, hour] = baseline.columns;

    expect(distance?.data).toEqual({
      kind: 'number',
      profile: profileBaseline(Float64Array.from(all.cells.distance as Float64Array), TAILED_DECILES),
    });
    expect(stops?.data).toMatchObject({ kind: 'category', profile: { categories: ['0', '1', '2'], other: 0 } });
    expect(airline?.data).toMatchObject({ kind: 'category', profile: { categories: ['AA', 'DL', 'UA'] } });
    expect(hour).toMatchObject({ ofTime: true, data: null, chunks: [] });
  });

  it('holds the counts of its consecutive chunks, which add up to all of it', () => {
    const { chunkStarts, columns } = baseline;

    expect(chunkStarts).toEqual(Array.from({ length: 40 }, (_, hour) => hour * HOUR_MS));
    for (const { data, chunks } of columns) {
      if (data === null) continue;
      const { profile } = data;
      const summed = chunks.reduce((sum, chunk) => sum.map((count, at) => count + (chunk[at] ?? 0)));
      expect([summed[0], summed[1], ...summed.slice(3)]).toEqual([profile.rows, profile.nulls, ...profile.counts]);
    }
  });

  it('is the same whatever the batches and the order its rows come in', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_400 }), fc.integer({ min: 0, max: 2_400 }), (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const batches = [part(all, high, 2_400), part(all, 0, low), part(all, low, high)];

        expect(buildBaseline(SPECS, batches, HOUR_MS)).toEqual(baseline);
      }),
      { numRuns: 10 },
    );
  });

  it('comes back from JSON as it was, in less than 6 KB a column with 40 chunks', () => {
    const text = JSON.stringify(baseline);

    expect(baselineSchema.parse(JSON.parse(text))).toEqual(baseline);
    expect(text.length / 4).toBeLessThan(6_000);
  });

  it('counts for each chunk the values outside the range of all others', () => {
    const values = Float64Array.from({ length: 120 }, (_, row) => (row === 75 ? 5_000 : row % 50));
    const times = Float64Array.from({ length: 120 }, (_, row) => row * 60_000);

    const { columns } = buildBaseline(
      [{ name: 'x', kind: 'number', ofTime: false }],
      [{ rows: 120, times, cells: { x: values } }],
      HOUR_MS,
    );

    expect(columns[0]?.chunks.map(([, , outside]) => outside)).toEqual([0, 1]);
  });

  it('keeps runs of consecutive chunks, spread evenly, where there are too many', () => {
    const long = rowsOf(6_000, 10, 3);

    const { chunkStarts, columns } = buildBaseline(SPECS, [long], HOUR_MS);

    expect(chunkStarts).toHaveLength(200);
    expect(chunkStarts.slice(0, 9).map((start) => start / HOUR_MS)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 40]);
    expect(columns[0]?.chunks).toHaveLength(200);
  });

  it('has no chunks without times', () => {
    const { chunkStarts, columns } = buildBaseline(SPECS, [{ ...all, times: null }], HOUR_MS);

    expect(chunkStarts).toEqual([]);
    expect(columns[0]).toMatchObject({ data: baseline.columns[0]?.data, chunks: [] });
  });

  it('holds no values where none came, and says which cells are missing or of another kind', () => {
    const empty = buildBaseline(SPECS, [], HOUR_MS);

    expect(empty.columns[0]?.data).toMatchObject({ profile: { rows: 0, categories: [] } });
    expect(() => buildBaseline(SPECS, [{ ...all, cells: {} }], HOUR_MS)).toThrow('no cells of column distance');
    expect(() => buildBaseline(SPECS, [{ ...all, cells: { ...all.cells, distance: ['far'] } }], HOUR_MS)).toThrow(
      '1 cells of column distance in 2400 rows',
    );
    expect(() => buildBaseline(SPECS, [{ rows: 1, times: null, cells: { distance: ['far'] } }], HOUR_MS)).toThrow(
      'column distance is of numbers',
    );
  });
});

describe('the profile of a window', () => {
  const baseline = buildBaseline(SPECS, [rowsOf(2_400, 1, 7)], HOUR_MS);
  const profiled = (...batches: readonly BaselineRows[]) => {
    const profiler = windowProfiler(baseline);
    for (const { rows, cells } of batches) profiler.add(rows, cells);
    return profiler.profile();
  };

  it('is that of its parts together, in any order, to the bit', () => {
    const all = rowsOf(900, 1, 11);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 0, max: 900 }), (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const parts = [part(all, high, 900), part(all, 0, low), part(all, low, high)].map((batch) => profiled(batch));
        const [first, second, third] = parts;
        if (first === undefined || second === undefined || third === undefined) throw new Error('three parts');

        const merged = mergeWindowProfiles(mergeWindowProfiles(third, first), second);

        expect(JSON.stringify(merged)).toBe(JSON.stringify(profiled(all)));
      }),
      { numRuns: 20 },
    );
  });

  it('is the same from names and from codes, and takes numbers with few values for categories', () => {
    const cells = rowsOf(4, 1, 1).cells;
    const distance = Float64Array.of(1, 2, 3, 4);
    const named = {
      ...cells,
      distance,
      stops: Float64Array.of(2, 7, Number.NaN, 0),
      airline: ['UA', 'XX', null, 'AA'],
    };
    const coded = { ...named, airline: { codes: Float64Array.of(1, 2, Number.NaN, 0), names: ['AA', 'UA', 'XX'] } };

    const profile = profiled({ rows: 4, times: null, cells: named });

    expect(profiled({ rows: 4, times: null, cells: coded })).toEqual(profile);
    expect(profile.columns.map(({ name, data }) => ({ name, ...data }))).toMatchObject([
      { name: 'distance', profile: { rows: 4, below: 4 } },
      { name: 'stops', profile: { rows: 4, nulls: 1, counts: [1, 0, 1], other: 1 } },
      { name: 'airline', profile: { rows: 4, nulls: 1, counts: [1, 0, 1], other: 1 } },
    ]);
    expect(windowProfileSchema.parse(JSON.parse(JSON.stringify(profile)))).toEqual(profile);
  });

  it('refuses to add up over another baseline', () => {
    const other = windowProfiler(buildBaseline(SPECS.slice(0, 2), [rowsOf(500, 1, 5)], HOUR_MS)).profile();
    const renamed = { ...other, columns: other.columns.map(({ data }, at) => ({ name: `c${at}`, data })) };

    expect(() => mergeWindowProfiles(profiled(), other)).toThrow('other columns');
    expect(() => mergeWindowProfiles(other, renamed)).toThrow('column distance against c0');
    expect(() => windowProfiler(baseline).add(2, {})).toThrow('no cells of column distance');
  });
});
