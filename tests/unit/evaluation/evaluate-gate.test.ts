import { describe, expect, it } from 'vitest';

import { evaluateGate, type GateInput } from '../../../shared/evaluation/evaluate-gate.ts';
import { evaluationSchema } from '../../../shared/evaluation/evaluation.ts';
import { groupingOf } from '../../../shared/evaluation/gate-rows.ts';
import { goldenSchema } from '../../../shared/evaluation/golden.ts';
import { byDay, byGroup, gateRows, input, policy, population, probabilitiesOf, read, scoresOf } from './gate-input.ts';

describe('the evaluation of the gate rows', () => {
  it('measures both models on the same rows, and chooses golden ones', () => {
    const { evaluation, golden } = evaluateGate(input());

    expect(evaluation).toMatchObject({
      rows: 4,
      candidate: { outcome: 'scored', figures: { roc_auc: 1 }, confusion: { tn: 2, fp: 0, fn: 0, tp: 2 } },
      champion: { outcome: 'scored', run: '20010120-0000000000', figures: { roc_auc: 0.75 } },
      trivial: { roc_auc: 0.5 },
      evaluatedAt: '2001-01-25T12:00:00.000Z',
    });
    expect(golden).toEqual({
      model: 'flight-delay',
      run: '20010125-0000000001',
      championRun: '20010120-0000000000',
      rows: [
        { part: 0, ordinal: 0, candidate: 0.1, champion: 0.1 },
        { part: 0, ordinal: 1, candidate: 0.8, champion: 0.8 },
        { part: 1, ordinal: 0, candidate: 0.3, champion: 0.7 },
        { part: 1, ordinal: 1, candidate: 0.6, champion: 0.6 },
      ],
    });
  });

  it('is a fact that can be written and read back unchanged', () => {
    const { evaluation, golden } = evaluateGate(input());

    expect(evaluationSchema.parse(JSON.parse(JSON.stringify(evaluation)))).toEqual(evaluation);
    expect(goldenSchema.parse(JSON.parse(JSON.stringify(golden)))).toEqual(golden);
  });

  it('has no champion where none was in service', () => {
    const { evaluation, golden } = evaluateGate(input({ champion: null }));

    expect(evaluation.champion).toBeNull();
    expect(evaluation.againstChampion).toBeNull();
    expect(golden).toMatchObject({ championRun: null, rows: [{ champion: null }, {}, {}, {}] });
  });

  it('keeps the reason why a champion is not comparable', () => {
    const champion = { run: 'c', notComparable: 'the label was delay > 15' };

    const { evaluation } = evaluateGate(input({ champion }));

    expect(evaluation.champion).toEqual({ outcome: 'not_comparable', run: 'c', message: 'the label was delay > 15' });
  });

  const three = { x: Float64Array.of(1, 0.2, 0), y: Float64Array.of(0, 0.7, 0.5), z: Float64Array.of(0, 0.1, 0.5) };
  const threeRows = gateRows([0, 1, 2], { classes: ['x', 'y', 'z'] });
  const threePolicy = policy({ metric: 'log_loss' });

  it.each([
    ['there are too few scores', { candidate: read(0.1, 0.8, 0.3) }, 'missing_rows'],
    ['there are too many scores', { candidate: read(0.1, 0.8, 0.3, 0.6, 0.5) }, 'extra_rows'],
    ['a score is NaN', { candidate: read(0.1, 0.8, Number.NaN, 0.6) }, 'not_a_number'],
    ['a score is no probability', { candidate: read(0.1, 1.8, 0.3, 0.6) }, 'out_of_range'],
    ['all scores tie', { candidate: read(0.4, 0.4, 0.4, 0.4) }, 'all_ties'],
    ['there are too few labels', { rows: gateRows([0, 1, 0], { parts: [4] }) }, 'labels_missing'],
    ['a row has no label', { rows: gateRows([0, 1, Number.NaN, 1]) }, 'labels_missing'],
    ['a label is neither 0 nor 1', { rows: gateRows([0, 1, 2, 1]) }, 'label_not_binary'],
    ['all labels are of one class', { rows: gateRows([1, 1, 1, 1]) }, 'one_class'],
    ['there is no row', { rows: gateRows([]), candidate: read(), champion: null }, 'no_gate_rows'],
    [
      'weights are of other rows',
      { rows: gateRows([0, 1, 0, 1], { weights: Float64Array.of(1) }) },
      'gate_rows_differ',
    ],
    [
      'clusters are of other rows',
      { rows: gateRows([0, 1, 0, 1], { cluster: { by: 'day', clusters: { ids: Uint32Array.of(0), count: 1 } } }) },
      'gate_rows_differ',
    ],
    [
      'a weight is below zero',
      { rows: gateRows([0, 1, 0, 1], { weights: Float64Array.of(1, 1, -1, 1) }) },
      'bad_weight',
    ],
    ['the metric is none of a binary model', { policy: policy({ metric: 'rmse' }) }, 'unknown_metric'],
    [
      'rows lack the column of a slice',
      {
        policy: policy({
          slices: [{ column: 'origin', required: false, margin: 0, floors: {}, minRows: 1, minPositives: 0 }],
        }),
      },
      'column_missing',
    ],
    [
      'rows lack a protected column',
      { policy: policy({ fairness: [{ column: 'sex', limits: {}, required: false }] }) },
      'column_missing',
    ],
    [
      'there are several columns of scores',
      { candidate: probabilitiesOf({ a: new Float64Array(4), b: new Float64Array(4) }) },
      'wrong_columns',
    ],
    [
      'scores were refused when they were read',
      { candidate: { outcome: 'refused', fault: { code: 'not_a_number', message: 'line 2', part: 'a' } } },
      'not_a_number',
    ],
    [
      'probabilities do not add up',
      {
        problem: 'multiclass',
        policy: threePolicy,
        rows: threeRows,
        candidate: probabilitiesOf({ ...three, z: Float64Array.of(0, 0.1, 0.4) }),
      },
      'not_a_distribution',
    ],
    [
      'classes are others',
      {
        problem: 'multiclass',
        policy: threePolicy,
        rows: threeRows,
        candidate: probabilitiesOf({ x: three.x, y: three.y, w: three.z }),
      },
      'wrong_columns',
    ],
    [
      'a label is no class',
      {
        problem: 'multiclass',
        policy: threePolicy,
        rows: gateRows([0, 1, 3], { classes: ['x', 'y', 'z'] }),
        candidate: probabilitiesOf(three),
      },
      'label_not_a_class',
    ],
    [
      'nobody says what the classes are',
      { problem: 'multiclass', policy: threePolicy, rows: gateRows([0, 1, 2]), candidate: probabilitiesOf(three) },
      'classes_missing',
    ],
  ] satisfies [string, Partial<GateInput>, string][])('refuses the candidate by name where %s', (_what, some, code) => {
    const { evaluation, golden } = evaluateGate(input({ champion: null, ...some }));

    expect(evaluation.candidate).toMatchObject({ outcome: 'refused', code });
    expect(evaluation).toMatchObject({ againstChampion: null, slices: [], fairness: [] });
    expect(golden.rows).toEqual([]);
    expect(evaluationSchema.safeParse(evaluation).success).toBe(true);
  });

  it('compares with no champion that has a score too few, for the rows would not be the same', () => {
    const { evaluation, golden } = evaluateGate(input({ champion: { run: 'c', scores: read(0.1, 0.8, 0.7) } }));

    expect(evaluation.champion).toMatchObject({ outcome: 'refused', run: 'c', code: 'missing_rows' });
    expect(golden.championRun).toBeNull();
  });
});

const DAYS = population(1_600, 20);
const judgedDays = (some: Partial<GateInput> = {}): GateInput =>
  input({
    rows: gateRows(DAYS.labels, { cluster: byDay(DAYS) }),
    candidate: scoresOf(DAYS.better),
    champion: { run: 'c', scores: scoresOf(DAYS.worse) },
    ...some,
  });

describe('the comparison with the champion', () => {
  it('takes rows of one day together, and says what they are worth', () => {
    const { againstChampion: clustered, cluster } = evaluateGate(judgedDays()).evaluation;
    const { againstChampion: single } = evaluateGate(judgedDays({ rows: gateRows(DAYS.labels) })).evaluation;

    expect(cluster).toEqual({ by: 'day', clusters: 20, largest: 80 });
    expect(clustered).toMatchObject({ test: 'clustered_delong', clusters: 20, degreesOfFreedom: 19, rows: 1_600 });
    expect(single).toMatchObject({ test: 'delong', clusters: null, degreesOfFreedom: null, effectiveRows: 1_600 });
    expect(clustered?.gain).toBe(single?.gain);
    expect(clustered?.effectiveRows).toBeCloseTo(
      1_600 * ((single?.standardError ?? 0) / (clustered?.standardError ?? 1)) ** 2,
      6,
    );
    // One-sided 95 % of Student's t with 19 degrees of freedom: 1.729, from a printed table.
    expect(((clustered?.gain ?? 0) - (clustered?.lower ?? 0)) / (clustered?.standardError ?? 1)).toBeCloseTo(1.729, 3);
  });

  it('says nothing of four days, and why', () => {
    const few = population(400, 4);

    const { againstChampion, candidate } = evaluateGate(
      judgedDays({
        rows: gateRows(few.labels, { cluster: byDay(few) }),
        candidate: scoresOf(few.better),
        champion: { run: 'c', scores: scoresOf(few.worse) },
      }),
    ).evaluation;

    expect(againstChampion).toMatchObject({ standardError: null, lower: null, pValue: null, needed: null });
    expect(againstChampion?.gain).toBeGreaterThan(0);
    expect(againstChampion?.undefinedBecause).toContain('4 clusters');
    expect(candidate).toMatchObject({ intervals: { roc_auc: null, f1: null, accuracy: null } });
  });

  it.each([
    ['roc_auc', 'delong', 'clustered_delong'],
    ['log_loss', 'paired_difference', 'clustered_paired_difference'],
    ['recall', 'paired_difference', 'clustered_paired_difference'],
    ['f1', 'paired_bootstrap', 'cluster_bootstrap'],
    ['average_precision', 'paired_bootstrap', 'cluster_bootstrap'],
  ])('of %s is by %s, and by %s where rows move together', (metric, plain, clustered) => {
    const asked = policy({ metric });

    const single = evaluateGate(judgedDays({ policy: asked, rows: gateRows(DAYS.labels) })).evaluation.againstChampion;
    const grouped = evaluateGate(judgedDays({ policy: asked })).evaluation.againstChampion;

    expect([single?.test, grouped?.test]).toEqual([plain, clustered]);
    for (const found of [single, grouped]) {
      expect(found?.gain).toBeGreaterThan(0);
      expect(found?.lower).toBeLessThan(found?.gain ?? 0);
      expect(found?.upper).toBeGreaterThan(found?.gain ?? 0);
      expect(found?.interval?.[0]).toBeLessThan(found?.lower ?? 0);
      expect(found?.effectiveRows).toBeGreaterThan(0);
    }
  });

  it('by a metric that no test knows says so and gives no bound', () => {
    const { againstChampion } = evaluateGate(judgedDays({ policy: policy({ metric: 'ece' }) })).evaluation;

    expect(againstChampion).toMatchObject({
      lower: null,
      upper: null,
      undefinedBecause: expect.stringContaining('no test'),
    });
  });

  it('says how many rows would tell a margin, as the textbook has it for discordant answers', () => {
    // 10 % of the rows are answered differently, half of them right by either: 6.2 * 0.1 / 0.01 ** 2 rows are needed.
    const labels = Array.from({ length: 1_000 }, (_, row) => row % 2);
    const answers = (flip: (row: number) => boolean) =>
      read(...labels.map((label, row) => (flip(row) ? 1 - label : label) * 0.8 + 0.1));

    const { againstChampion } = evaluateGate(
      input({
        policy: policy({ metric: 'accuracy' }),
        rows: gateRows(labels),
        candidate: answers((row) => row % 20 === 0),
        champion: { run: 'c', scores: answers((row) => row % 20 === 10) },
      }),
    ).evaluation;

    expect(againstChampion).toMatchObject({ gain: 0, mcNemar: 1, needed: { unit: 'rows' } });
    expect(Math.abs((againstChampion?.needed?.count ?? 0) - 6_200)).toBeLessThan(20);
  });

  it('with an anchor is the same comparison under its own margin', () => {
    const asked = policy({ anchor: { margin: 0.02, pastMs: 1 } });

    const { againstAnchor, anchor, againstChampion } = evaluateGate(
      judgedDays({ policy: asked, anchor: { run: 'best', scores: scoresOf(DAYS.worse) } }),
    ).evaluation;

    expect(anchor).toMatchObject({ outcome: 'scored', run: 'best' });
    expect({ ...againstAnchor, needed: null }).toEqual({ ...againstChampion, needed: null });
    expect(againstAnchor?.needed?.count).toBeLessThanOrEqual(againstChampion?.needed?.count ?? 0);
  });

  it('counts the rows whose label the champion contradicts', () => {
    const { championContradicts } = evaluateGate(input()).evaluation;

    expect(championContradicts).toBe(0.25);
  });
});

describe('the figures of a model', () => {
  it('have an interval each that holds them, wider where rows move together', () => {
    const clustered = evaluateGate(judgedDays()).evaluation.candidate;
    const single = evaluateGate(judgedDays({ rows: gateRows(DAYS.labels) })).evaluation.candidate;
    if (clustered.outcome !== 'scored' || single.outcome !== 'scored') throw new Error('a candidate was refused');

    const without = ['ece', 'mce', 'calibration_in_the_large'];
    for (const [name, value] of Object.entries(single.figures)) {
      const [plain, wide] = [single.intervals[name], clustered.intervals[name]];
      if (without.includes(name)) {
        expect(plain).toBeNull();
        continue;
      }
      expect(plain?.[0], name).toBeLessThan(value ?? 0);
      expect(plain?.[1], name).toBeGreaterThan(value ?? 0);
      // How days differ is in their base rate; what is within each class may vary less from day to day than it does at all.
      if (!['prevalence', 'precision', 'log_loss'].includes(name)) continue;
      expect((wide?.[1] ?? 0) - (wide?.[0] ?? 0), name).toBeGreaterThan((plain?.[1] ?? 0) - (plain?.[0] ?? 0));
    }
  });

  it('come with operating points from the lowest up, which cost recall what they gain in specificity', () => {
    const { candidate } = evaluateGate(judgedDays()).evaluation;
    const points = candidate.outcome === 'scored' ? (candidate.operatingPoints ?? []) : [];

    expect(points.length).toBeGreaterThan(40);
    expect(points.length).toBeLessThanOrEqual(50);
    expect(points[0]).toMatchObject({ flagged: 1, recall: 1, specificity: 0 });
    const rising = (of: (point: (typeof points)[number]) => number | null): boolean =>
      points.every((point, at) => at === 0 || (of(point) ?? 0) >= (of(points[at - 1] ?? point) ?? 0));
    expect([rising(({ threshold }) => threshold), rising(({ specificity }) => specificity)]).toEqual([true, true]);
    expect(rising(({ recall }) => -(recall ?? 0))).toBe(true);
  });

  it('of several classes are told class by class', () => {
    const { candidate, trivial, againstChampion } = evaluateGate(
      input({
        problem: 'multiclass',
        policy: policy({ metric: 'log_loss' }),
        rows: gateRows([0, 1, 2, 0], { classes: ['x', 'y', 'z'] }),
        candidate: probabilitiesOf({
          x: Float64Array.of(0.8, 0.1, 0.2, 0.3),
          y: Float64Array.of(0.1, 0.8, 0.2, 0.5),
          z: Float64Array.of(0.1, 0.1, 0.6, 0.2),
        }),
        champion: {
          run: 'c',
          scores: probabilitiesOf({
            x: Float64Array.of(0.4, 0.3, 0.3, 0.3),
            y: Float64Array.of(0.3, 0.4, 0.3, 0.5),
            z: Float64Array.of(0.3, 0.3, 0.4, 0.2),
          }),
        },
      }),
    ).evaluation;

    expect(candidate).toMatchObject({
      outcome: 'scored',
      confusion: null,
      classes: [
        { name: 'x', recall: 0.5, support: 2, answers: [1, 1, 0] },
        { name: 'y', precision: 0.5, answers: [0, 1, 0] },
        { name: 'z', f1: 1, answers: [0, 0, 1] },
      ],
    });
    expect(againstChampion).toMatchObject({ metric: 'log_loss', test: 'paired_difference' });
    expect(againstChampion?.gain).toBeGreaterThan(0);
    expect(trivial.accuracy).toBe(0.5);
  });

  it('of a regression are compared by drawn rows, the same each time', () => {
    const { better, worse, days } = DAYS;
    const truth = better.map((score, row) => 10 * score + (days[row] ?? 0) / 10);
    const regression = (): GateInput =>
      judgedDays({
        problem: 'regression',
        policy: policy({ metric: 'rmse', champion: { mode: 'superior', margin: 0 } }),
        rows: gateRows(truth, { cluster: byDay(DAYS) }),
        candidate: scoresOf(better.map((score) => 10 * score)),
        champion: { run: 'c', scores: scoresOf(worse.map((score) => 10 * score)) },
      });

    const { evaluation } = evaluateGate(regression());

    expect(evaluation).toEqual(evaluateGate(regression()).evaluation);
    expect(evaluation.againstChampion).toMatchObject({ metric: 'rmse', test: 'cluster_bootstrap', clusters: 20 });
    expect(evaluation.againstChampion?.lower).toBeGreaterThan(0);
    expect(evaluation.championContradicts).toBeNull();
  });
});

const SLICE = { column: 'group', required: false, margin: 0.02, floors: {}, minRows: 100, minPositives: 20 };

describe('slices', () => {
  it('are each tested against the champion, with Holm over all of them', () => {
    const { slices } = evaluateGate(
      judgedDays({
        policy: policy({ slices: [SLICE] }),
        rows: gateRows(DAYS.labels, { slices: [byGroup('group', DAYS)] }),
        candidate: scoresOf(DAYS.worse),
        champion: { run: 'c', scores: scoresOf(DAYS.better) },
      }),
    ).evaluation;

    expect(slices.map(({ value, outcome }) => [value, outcome])).toEqual([
      ['a', 'tested'],
      ['b', 'tested'],
    ]);
    const [smaller, larger] = slices.map(({ pValue }) => pValue ?? 1).sort((a, b) => a - b);
    expect(larger).toBeLessThan(1e-6);
    expect(slices.map(({ pHolm }) => pHolm)).toContain(Math.min(2 * (smaller ?? 0), 1));
    for (const { gain } of slices) expect(gain).toBeLessThan(-0.02);
  });

  it('with too few rows are listed and not tested, and rows without a value are a slice of their own', () => {
    const groups = Array.from(DAYS.labels, (_, row) => (row < 90 ? 'few' : row < 800 ? 'many' : null));

    const { slices } = evaluateGate(
      judgedDays({
        policy: policy({ slices: [SLICE] }),
        rows: gateRows(DAYS.labels, { slices: [groupingOf('group', groups)] }),
      }),
    ).evaluation;

    expect(slices).toMatchObject([
      { value: 'few', outcome: 'insufficient', rows: 90, pValue: null, pHolm: null },
      { value: 'many', outcome: 'tested', rows: 710 },
      { value: '(none)', outcome: 'tested', rows: 800 },
    ]);
  });

  it('keep a floor unless even the better end of the interval lies below it', () => {
    const { candidate } = evaluateGate(judgedDays()).evaluation;
    const recall = candidate.outcome === 'scored' ? (candidate.figures.recall ?? 0) : 0;
    const floored = (floor: number) =>
      evaluateGate(
        judgedDays({
          policy: policy({ slices: [{ ...SLICE, floors: { recall: floor, f2: 0 } }] }),
          rows: gateRows(DAYS.labels, { slices: [byGroup('group', DAYS)] }),
        }),
      ).evaluation.slices.map(({ floors }) => floors.find(({ metric }) => metric === 'recall')?.broken);

    const unknown = evaluateGate(
      judgedDays({
        champion: null,
        policy: policy({ slices: [{ ...SLICE, floors: { f2: 0 } }] }),
        rows: gateRows(DAYS.labels, { slices: [byGroup('group', DAYS)] }),
      }),
    ).evaluation.slices;

    expect(floored(recall + 0.01)).toEqual([false, false]);
    expect(floored(recall + 0.2)).toEqual([true, true]);
    expect(unknown[0]).toMatchObject({ outcome: 'tested', floors: [{ metric: 'f2', value: null, broken: true }] });
  });
});

describe('fairness', () => {
  const groups = (answer: (row: number) => number, of: (row: number) => string, rows = 2_000) =>
    evaluateGate(
      input({
        policy: policy({
          fairness: [
            {
              column: 'sex',
              required: true,
              limits: { demographic_parity_ratio: 0.8, equal_opportunity_difference: 0.1 },
            },
          ],
        }),
        rows: gateRows(
          Array.from({ length: rows }, (_, row) => row % 2),
          {
            protected: [
              groupingOf(
                'sex',
                Array.from({ length: rows }, (_, row) => of(row)),
              ),
            ],
          },
        ),
        candidate: read(...Array.from({ length: rows }, (_, row) => answer(row))),
        champion: null,
      }),
    ).evaluation.fairness[0];
  const half = (row: number): string => (row % 4 < 2 ? 'f' : 'm');

  it('is kept where groups are answered alike', () => {
    const found = groups((row) => (row % 8 < 4 ? 0.9 : 0.1), half);

    expect(found?.metrics).toMatchObject({ demographic_parity_ratio: 1, passes_80_percent_rule: 1 });
    expect(found?.limits.map(({ verdict }) => verdict)).toEqual(['kept', 'kept']);
  });

  it.each([['f'], ['m']])('is broken whichever group is favoured: %s', (favoured) => {
    const found = groups((row) => (row % 8 < 4 || half(row) === favoured ? 0.9 : 0.1), half);

    expect(found?.limits).toMatchObject([
      { metric: 'demographic_parity_ratio', value: 0.5, verdict: 'broken', between: ['f', 'm'] },
      { metric: 'equal_opportunity_difference', value: 0.5, verdict: 'broken' },
    ]);
    const ratios = found?.clarify.map(({ metrics }) => metrics.DI);
    expect(ratios).toEqual(favoured === 'f' ? [2, 0.5] : [0.5, 2]);
  });

  it('is for a person to decide where a group is small, and undefined nowhere in silence', () => {
    const small = groups(
      (row) => (row % 8 < 4 ? 0.9 : 0.1),
      (row) => (row < 6 ? 'few' : 'many'),
    );
    const nobody = groups((row) => 0.1 + (row % 8) / 100, half);

    expect(small?.limits[0]).toMatchObject({ verdict: 'insufficient', between: ['few', 'many'] });
    expect(nobody?.limits[0]).toMatchObject({ metric: 'demographic_parity_ratio', value: null, verdict: 'undefined' });
  });
});
