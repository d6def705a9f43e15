import { describe, expect, it } from 'vitest';

import { randomStream } from '../../../shared/evaluation/random.ts';
import { type Baseline, buildBaseline, type Cells, type ColumnSpec } from '../../../shared/monitoring/baseline.ts';
import { chunkLimit } from '../../../shared/monitoring/chunk-limit.ts';
import { chunkDistances } from '../../../shared/monitoring/column-distances.ts';
import { detectDrift, driftReportSchema } from '../../../shared/monitoring/drift-report.ts';
import { mergeWindowProfiles, windowProfiler } from '../../../shared/monitoring/window-profiler.ts';

const DAY_MS = 86_400_000;
const ROWS = 400;

/** Box and Muller's normal values. */
const normal = (seed: number, rows: number, mean: number, deviation = 1): Float64Array => {
  const { uniform } = randomStream(seed);
  return Float64Array.from(
    { length: rows },
    () => mean + deviation * Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
};

/** Where the rows of a day lie: the days are no random samples of one distribution. */
const SWING = 0.5;
const meanOf = (day: number): number => SWING * Math.sin((2 * Math.PI * day) / 7);

/** A baseline of one column of so many days, whose mean swings with the weekday by `swing`. */
const baselineOf = (days: number, swing: number, specs: readonly ColumnSpec[]): Baseline =>
  buildBaseline(
    specs,
    Array.from({ length: days }, (_, day) => ({
      rows: ROWS,
      times: new Float64Array(ROWS).fill(day * DAY_MS),
      cells: Object.fromEntries(
        specs.map(({ name }, at) => [name, normal(1_000 * at + day, ROWS, (swing / SWING) * meanOf(day))]),
      ),
    })),
    DAY_MS,
  );

const profiled = (baseline: Baseline, rows: number, cells: Readonly<Record<string, Cells>>) => {
  const profiler = windowProfiler(baseline);
  profiler.add(rows, cells);
  return profiler.profile();
};

const X: ColumnSpec = { name: 'x', kind: 'number', ofTime: false };

describe('consecutive real windows', () => {
  const swinging = baselineOf(28, SWING, [X]);
  const steady = baselineOf(28, 0, [X]);
  /** The day of the week whose rows lie furthest from the middle. */
  const wednesday = { x: normal(77, ROWS, meanOf(2)) };
  const judge = (baseline: Baseline, cells: Readonly<Record<string, Cells>>) =>
    detectDrift({ features: { baseline, window: profiled(baseline, ROWS, cells) }, predictions: null });

  it('are no drift where the baseline’s own chunks lie as far from the rest of it', () => {
    const report = judge(swinging, wednesday);

    const key = report.features[0]?.keys.wasserstein;
    expect(report).toMatchObject({ outcome: 'measured', drifted: [] });
    expect(key?.value).toBeGreaterThan(Math.max(key?.effect ?? 0, key?.noise ?? 0));
    expect(key?.limit).toBe(key?.chunks);
  });

  it('are drift where its chunks lie closer, and beyond what they show', () => {
    expect(judge(steady, wednesday)).toMatchObject({ drifted: ['x'] });
    expect(judge(swinging, { x: normal(78, ROWS, 1.5) })).toMatchObject({ drifted: ['x'] });
  });

  it('are held against effect and noise alone where the baseline has too few chunks, which is said', () => {
    const report = judge(baselineOf(6, SWING, [X]), wednesday);

    expect(report.features[0]?.keys.wasserstein?.chunks).toBeNull();
    expect(report.reasons).toContainEqual(expect.objectContaining({ code: 'few_chunks', value: 6, limit: 7 }));
  });

  it('that were added up are held against stretches of the baseline as long as they', () => {
    const [column] = swinging.columns;
    const week = Array.from({ length: 7 }, (_, day) =>
      profiled(swinging, ROWS, { x: normal(500 + day, ROWS, meanOf(day)) }),
    );
    const window = week.reduce((all, one) => mergeWindowProfiles(all, one));
    if (column === undefined) throw new Error('one column');
    const chunks = { starts: swinging.chunkStarts, windowMs: DAY_MS, leastRows: 100 };

    const weeks = chunkDistances(column, chunks, 7);
    const report = detectDrift({ features: { baseline: swinging, window }, predictions: null }, { windows: 7 });

    expect(weeks.map(({ rows }) => rows)).toEqual([7 * ROWS, 7 * ROWS, 7 * ROWS, 7 * ROWS]);
    // A week holds every weekday: it is like any other, as no day is.
    for (const { distances } of weeks) expect(distances.wasserstein).toBeLessThan(0.1);
    expect(chunkDistances(column, chunks, 1).some(({ distances }) => (distances.wasserstein ?? 0) > 0.3)).toBe(true);
    expect(report).toMatchObject({ outcome: 'measured', drifted: [] });
  });

  it('with fewer rows than the chunks are given the noise of fewer rows besides', () => {
    const judged = (rows: number) =>
      detectDrift({
        features: { baseline: swinging, window: profiled(swinging, rows, { x: normal(rows, rows, 0) }) },
        predictions: null,
      }).features[0]?.keys.wasserstein;

    const [few, same, many] = [judged(100), judged(ROWS), judged(5_000)];

    expect(few?.chunks).toBeGreaterThan(same?.chunks ?? Number.POSITIVE_INFINITY);
    expect(many?.chunks).toBe(same?.chunks);
    expect(few?.limit).toBeGreaterThan(few?.noise ?? Number.POSITIVE_INFINITY);
  });

  it('do not follow one another where days are missing between', () => {
    const [column] = swinging.columns;
    if (column === undefined) throw new Error('one column');
    const starts = swinging.chunkStarts.map((start, day) => (day < 3 ? start : start + DAY_MS));

    const pairs = chunkDistances(column, { starts, windowMs: DAY_MS, leastRows: 100 }, 2);

    expect(pairs).toHaveLength(1 + 12);
  });
});

describe('the limit by chunks', () => {
  it('lies a quarter beyond the largest, and further where there are few', () => {
    expect(chunkLimit([1, 1, 1, 1, 1, 1, 2])).toBeGreaterThan(2.5);
    expect(chunkLimit([...new Array<number>(200).fill(1), 2])).toBe(2.5);
    expect(chunkLimit(new Array<number>(6).fill(1))).toBeNull();
  });
});

describe('drift of a data set', () => {
  const names = Array.from({ length: 10 }, (_, at) => `f${at}`);
  const unknown = baselineOf(
    10,
    0,
    names.map((name) => ({ ...X, name })),
  );
  const unimportant: Baseline = {
    ...unknown,
    columns: unknown.columns.map((column) => ({ ...column, importance: column.name === 'f9' ? 0.82 : 0.02 })),
  };
  /** The score of a window in which the named features are a standard deviation higher. */
  const scoreOf = (baseline: Baseline, shifted: readonly string[]): number | null => {
    const cells = names.map((name, at) => [name, normal(9_000 + at, 1_000, shifted.includes(name) ? 1 : 0)]);
    const window = profiled(baseline, 1_000, Object.fromEntries(cells));
    return detectDrift({ features: { baseline, window }, predictions: null }).score;
  };

  it('is one important feature, or three unimportant ones in ten', () => {
    expect(scoreOf(unimportant, ['f0', 'f1'])).toBeLessThan(1);
    expect(scoreOf(unimportant, ['f0', 'f1', 'f2'])).toBeGreaterThanOrEqual(1);
    expect(scoreOf(unimportant, ['f9'])).toBeGreaterThanOrEqual(1);
  });

  it('is any feature where nobody knows which is important', () => {
    expect(scoreOf(unknown, ['f4'])).toBeGreaterThanOrEqual(1);
  });

  it('is at least one feature alone, though the model makes most of one that is not watched', () => {
    // What a function of time takes is not what is left to the others.
    const small: Baseline = {
      ...unknown,
      columns: unknown.columns.map((column, at) => ({ ...column, importance: at === 0 ? 0.03 : 0.01 })),
    };

    expect(scoreOf(small, ['f0'])).toBeGreaterThanOrEqual(1);
    expect(scoreOf(small, ['f4'])).toBeLessThan(1);
  });

  it('is that of the predictions, alone', () => {
    const [features, predictions] = [baselineOf(10, 0, [X]), baselineOf(10, 0, [{ ...X, name: 'score' }])];

    const report = detectDrift({
      features: { baseline: features, window: profiled(features, 500, { x: normal(1, 500, 0) }) },
      predictions: { baseline: predictions, window: profiled(predictions, 500, { score: normal(2, 500, 3) }) },
    });

    expect(report.score).toBeGreaterThan(2);
    expect(report.drifted).toEqual(['score']);
    expect(report.reasons).toContainEqual(
      expect.objectContaining({ code: 'prediction_drift', metric: 'score.wasserstein' }),
    );
    expect(driftReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
  });

  it('is never denied for want of rows', () => {
    const baseline = baselineOf(10, 0, [X]);
    const few = profiled(baseline, 50, { x: normal(1, 50, 5) });

    expect(detectDrift({ features: { baseline, window: few }, predictions: null })).toMatchObject({
      outcome: 'insufficient_data',
      score: null,
      reasons: [{ code: 'insufficient_data', value: 50, limit: 100 }],
    });
    expect(detectDrift({ features: { baseline, window: few }, predictions: null }, { minRows: 40 })).toMatchObject({
      outcome: 'measured',
      drifted: ['x'],
    });
  });

  it('leaves functions of time out, whatever they do', () => {
    const ofTime: ColumnSpec = { name: 'hour', kind: 'number', ofTime: true };
    const baseline = baselineOf(10, 0, [X, ofTime]);

    const report = detectDrift({
      features: { baseline, window: profiled(baseline, 500, { x: normal(1, 500, 0) }) },
      predictions: null,
    });

    expect(report.features[1]).toMatchObject({ name: 'hour', outcome: 'left_out', drifted: false, keys: {} });
    expect(report.drifted).toEqual([]);
  });

  it('says the smallest drift it could have seen, and the usual figures', () => {
    const baseline = baselineOf(10, 0, [X]);
    const [column] = detectDrift({
      features: { baseline, window: profiled(baseline, 500, { x: normal(1, 500, 0) }) },
      predictions: null,
    }).features;

    expect(column?.minimumDetectable).toEqual({
      distance: column?.keys.jensen_shannon?.limit,
      meanShift: column?.keys.wasserstein?.limit,
      nullShare: 0.02,
    });
    expect(column?.psi).toBeLessThan(0.1);
    expect(column?.ks?.p).toBeGreaterThan(0.001);
  });

  it('refuses a window that was taken against another baseline', () => {
    const [baseline, other] = [baselineOf(10, 0, [X]), baselineOf(10, 0, [{ ...X, name: 'y' }])];

    const window = profiled(other, 500, { y: normal(1, 500, 0) });

    expect(() => detectDrift({ features: { baseline, window }, predictions: null })).toThrow('no column x');
  });
});
