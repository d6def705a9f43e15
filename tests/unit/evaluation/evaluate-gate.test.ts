import { describe, expect, it } from 'vitest';

import { decide } from '../../../shared/evaluation/decision.ts';
import { evaluateGate, type GateInput } from '../../../shared/evaluation/evaluate-gate.ts';
import { evaluationSchema } from '../../../shared/evaluation/evaluation.ts';
import { goldenSchema } from '../../../shared/evaluation/golden.ts';
import type { ScoresRead } from '../../../shared/evaluation/scores.ts';

const read = (...values: number[]): ScoresRead => ({
  outcome: 'read',
  scores: { rows: values.length, columns: [{ name: 'score', values: Float64Array.from(values) }] },
});

const input = (some: Partial<GateInput> = {}): GateInput => ({
  model: 'flight-delay',
  run: '20010125-0000000001',
  problem: 'binary',
  threshold: 0.5,
  parts: [2, 2],
  labels: Float64Array.of(0, 1, 0, 1),
  candidate: read(0.1, 0.8, 0.3, 0.6),
  champion: { run: '20010120-0000000000', scores: read(0.1, 0.8, 0.7, 0.6) },
  evaluatedAt: new Date('2001-01-25T12:00:00Z'),
  ...some,
});

/** As many rows as it takes to be judged on: these four, so many times over. */
const COPIES = 60;
const over = (...values: number[]) => Array.from({ length: COPIES }, () => values).flat();
const enough = (labels: readonly number[], candidate: readonly number[], champion: readonly number[] | null) =>
  input({
    parts: [2 * COPIES, 2 * COPIES],
    labels: Float64Array.from(over(...labels)),
    candidate: read(...over(...candidate)),
    champion: champion && { run: 'c', scores: read(...over(...champion)) },
  });

const decision = (evaluation: ReturnType<typeof evaluateGate>['evaluation']) =>
  decide({
    evaluation,
    policy: { metric: 'roc_auc', thresholds: {}, champion: { mode: 'non_inferior', margin: 0 }, approval: 'automatic' },
  });

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
    expect(golden).toMatchObject({ championRun: null, rows: [{ champion: null }, {}, {}, {}] });
    expect(decision(evaluation).outcome).toBe('hold');
    const judged = evaluateGate(enough([0, 1, 0, 1], [0.1, 0.8, 0.3, 0.6], null)).evaluation;
    expect(decision(judged).outcome).toBe('promote');
  });

  it('keeps the reason why a champion is not comparable', () => {
    const champion = { run: 'c', notComparable: 'the label was delay > 15' };

    const { evaluation } = evaluateGate(input({ champion }));

    expect(evaluation.champion).toEqual({ outcome: 'not_comparable', run: 'c', message: 'the label was delay > 15' });
    expect(decision(evaluation).outcome).toBe('hold');
  });

  it.each([
    ['has too few scores', { candidate: read(0.1, 0.8, 0.3) }, 'missing_rows'],
    ['has too many scores', { candidate: read(0.1, 0.8, 0.3, 0.6, 0.5) }, 'extra_rows'],
    ['has too few labels', { labels: Float64Array.of(0, 1, 0) }, 'labels_missing'],
    ['has a row without a label', { labels: Float64Array.of(0, 1, Number.NaN, 1) }, 'labels_missing'],
    ['has a label that is neither 0 nor 1', { labels: Float64Array.of(0, 1, 2, 1) }, 'label_not_binary'],
    ['is of several classes', { problem: 'multiclass' }, 'problem_not_judged'],
    [
      'has scores of several columns',
      {
        candidate: {
          outcome: 'read',
          scores: { rows: 4, columns: ['score.a', 'score.b'].map((name) => ({ name, values: new Float64Array(4) })) },
        },
      },
      'wrong_columns',
    ],
    [
      'has scores that were refused',
      { candidate: { outcome: 'refused', fault: { code: 'not_a_number', message: 'line 2', part: 'a' } } },
      'not_a_number',
    ],
  ] satisfies [string, Partial<GateInput>, string][])('promotes nothing where it %s', (_what, some, code) => {
    const { evaluation, golden } = evaluateGate(input(some));

    expect(evaluation.candidate).toMatchObject({ outcome: 'refused', code });
    expect(golden.rows).toEqual([]);
    expect(decision(evaluation)).toMatchObject({ outcome: 'reject', reasons: [{ code }] });
    expect(evaluationSchema.safeParse(evaluation).success).toBe(true);
  });

  it('holds a candidate whose champion has a score too few, for the rows would not be the same', () => {
    const { evaluation, golden } = evaluateGate(input({ champion: { run: 'c', scores: read(0.1, 0.8, 0.7) } }));

    expect(evaluation.champion).toMatchObject({ outcome: 'refused', run: 'c', code: 'missing_rows' });
    expect(golden.championRun).toBeNull();
    expect(decision(evaluation).outcome).toBe('hold');
  });

  it('rejects a candidate judged on one class, where the ranking says nothing', () => {
    const { evaluation } = evaluateGate(enough([1, 1, 1, 1], [0.1, 0.8, 0.3, 0.6], [0.1, 0.8, 0.7, 0.6]));

    expect(decision(evaluation)).toMatchObject({
      outcome: 'reject',
      reasons: [{ code: 'metric_undefined' }, {}, { code: 'too_few_gate_rows', value: 0 }],
    });
  });

  it('rejects a candidate that gives every row the same score', () => {
    const { evaluation } = evaluateGate(enough([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5], null));

    expect(decision(evaluation)).toMatchObject({ outcome: 'reject', reasons: [{ code: 'not_better_than_trivial' }] });
  });
});
