import { describe, expect, it } from 'vitest';

import { gainOf } from '../../../shared/evaluation/comparison.ts';
import { decide } from '../../../shared/evaluation/decision.ts';
import { evaluateGate } from '../../../shared/evaluation/evaluate-gate.ts';
import { type Comparison, type Evaluation, evaluationSchema } from '../../../shared/evaluation/evaluation.ts';
import type { ScoresRead } from '../../../shared/evaluation/scores.ts';
import { codes, evidence } from './decision-evidence.ts';
import { byGroup, gateRows, input, policy, population, read, scoresOf } from './gate-input.ts';

const slice = { column: 'carrier', required: false, margin: 0.02, floors: {}, minRows: 50, minPositives: 10 };

const served = read(0.01, 0.99, 0.02, 0.98);

const serving = (candidate: ScoresRead, champion: ScoresRead | null = null) => ({ folds: 5, candidate, champion });

describe('gate rows in folds', () => {
  it('are judged by what blind models say, and golden by what the one says that serves', () => {
    const blind = evaluateGate(input());

    const { evaluation: found, golden } = evaluateGate(input({ serving: serving(served, read(0.4, 0.5, 0.6, 0.7)) }));

    const { againstChampion, ...alone } = found;
    const { againstChampion: _, ...byOne } = blind.evaluation;
    expect(alone).toEqual({ ...byOne, folds: 5 });
    expect(againstChampion?.gain).toBe(blind.evaluation.againstChampion?.gain);
    expect(evaluationSchema.parse(JSON.parse(JSON.stringify(found)))).toEqual(found);
    expect(golden.rows.map(({ candidate }) => candidate).sort()).toEqual([0.01, 0.02, 0.98, 0.99]);
    expect(golden.rows.map(({ champion }) => champion).sort()).toEqual([0.4, 0.5, 0.6, 0.7]);
    expect(golden.championRun).toBe('20010120-0000000000');
  });

  it('have no golden scores of a champion whose serving model was not read: its endpoint is not asked beside', () => {
    const { evaluation: found, golden } = evaluateGate(input({ serving: serving(served) }));

    expect(found.champion).toMatchObject({ outcome: 'scored' });
    expect(golden.championRun).toBeNull();
    expect(golden.rows.every(({ champion }) => champion === null)).toBe(true);
  });

  it.each<[string, ScoresRead, string]>([
    ['says the same of all rows', read(0.5, 0.5, 0.5, 0.5), 'all_ties'],
    ['says too little', read(0.1, 0.9), 'missing_rows'],
    [
      'was not scored',
      { outcome: 'refused', fault: { code: 'missing_rows', message: 'no job', part: 'cand' } },
      'missing_rows',
    ],
  ])('refuse a candidate whose serving model %s, however well the others do', (_what, scores, code) => {
    const { evaluation: found, golden } = evaluateGate(input({ serving: serving(scores) }));

    expect(found.candidate).toMatchObject({ outcome: 'refused', code });
    expect(found.candidate).toMatchObject({ message: expect.stringMatching(/^of the model that would serve: /) });
    expect(golden.rows).toEqual([]);
    expect(decide(evidence({ candidate: found.candidate })).outcome).toBe('reject');
  });
});

describe('a comparison in folds', () => {
  const drawn = population(400, 1);
  const { labels, better, worse } = drawn;
  const judged = (metric: string, folds: number | undefined, [ours, theirs] = [better, worse]): Evaluation => {
    const asked = policy({ metric, slices: [slice] });
    const models = {
      candidate: scoresOf(ours),
      champion: { run: '20010120-0000000000', scores: scoresOf(theirs) },
    };
    const rows = gateRows(labels, { slices: [byGroup('carrier', drawn)] });
    const asServed = folds === undefined ? {} : { serving: { folds, candidate: models.candidate, champion: null } };
    return evaluateGate(input({ rows, policy: asked, ...models, ...asServed })).evaluation;
  };

  it.each(['roc_auc', 'log_loss', 'f1'])('by %s is as much less sure as models of folds vary', (metric) => {
    const [one, five, ten] = [undefined, 5, 10].map((folds) => judged(metric, folds).againstChampion);

    for (const [found, factor] of [
      [five, 1.5],
      [ten, Math.sqrt(1 + 10 / 9)],
    ] as const) {
      const wider = (bound: (of: Comparison) => number): void => {
        const [ours, rows] = [found, one].map((of) => (of ? bound(of) : Number.NaN));
        expect(ours).toBeCloseTo(factor * (rows ?? Number.NaN), 9);
      };
      expect(found?.gain).toBe(one?.gain);
      wider(({ standardError }) => standardError ?? Number.NaN);
      wider(({ gain, lower }) => (gain ?? Number.NaN) - (lower ?? Number.NaN));
      wider(({ gain, upper }) => (gain ?? Number.NaN) - (upper ?? Number.NaN));
      wider(({ gain, interval }) => (gain ?? Number.NaN) - (interval?.[0] ?? Number.NaN));
      expect(found?.pValue).toBeGreaterThan(one?.pValue ?? Number.NaN);
      expect(found?.effectiveRows).toBeCloseTo(400 / factor ** 2, 6);
    }
  });

  it('is as wide in a slice: to have lost there takes more to tell', () => {
    const [one, five] = [undefined, 5].map((folds) => judged('roc_auc', folds, [worse, better]).slices[0]);

    expect(five?.gain).toBe(one?.gain);
    expect(five?.pValue).toBeGreaterThan(one?.pValue ?? Number.NaN);
  });

  it('leaves what has no error without one', () => {
    const found = gainOf({
      sample: {
        problem: 'binary',
        labels: Float64Array.of(1),
        classes: 0,
        weights: null,
        clusters: null,
        operatingPoint: 0.5,
        folds: 5,
      },
      metric: 'log_loss',
      ours: { answers: [Float64Array.of(0.5)], figures: { log_loss: 0.7 } },
      theirs: { answers: [Float64Array.of(0.4)], figures: { log_loss: 0.9 } },
      draws: () => {
        throw new Error('nothing is drawn');
      },
    });

    expect(found.estimate).toEqual({ undefinedBecause: 'one row alone does not vary' });
  });
});

describe('a decision on folds', () => {
  it('says whose figures they are', () => {
    const decision = decide(evidence({ folds: 5, rows: 200 }));

    expect(codes(decision)).toContain('judged_by_folds');
    expect(codes(decision)).not.toContain('folds_not_needed');
    expect(decision.reasons.find(({ code }) => code === 'judged_by_folds')?.message).toMatch(
      /^the figures come from 5 models, each judged on the fold that it never saw.* 1\.5 times as wide as rows alone would$/,
    );
  });

  it('says so where there are rows enough for a gate', () => {
    const decision = decide(evidence({ folds: 5, rows: 20_000 }));

    expect(codes(decision)).toContain('folds_not_needed');
  });

  it('decides as it does without', () => {
    const without = decide(evidence());

    const decision = decide(evidence({ folds: 3 }));

    expect(decision.outcome).toBe(without.outcome);
    expect(decision.reasons.filter(({ code }) => !code.includes('folds'))).toEqual(without.reasons);
  });
});
