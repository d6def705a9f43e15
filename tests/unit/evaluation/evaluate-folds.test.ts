import { describe, expect, it } from 'vitest';

import { decide } from '../../../shared/evaluation/decision.ts';
import { evaluateGate } from '../../../shared/evaluation/evaluate-gate.ts';
import { evaluationSchema } from '../../../shared/evaluation/evaluation.ts';
import type { ScoresRead } from '../../../shared/evaluation/scores.ts';
import { codes, evidence } from './decision-evidence.ts';
import { input, read } from './gate-input.ts';

const served = read(0.01, 0.99, 0.02, 0.98);

const serving = (candidate: ScoresRead, champion: ScoresRead | null = null) => ({ folds: 5, candidate, champion });

describe('gate rows in folds', () => {
  it('are judged by what blind models say, and golden by what the one says that serves', () => {
    const blind = evaluateGate(input());

    const { evaluation: found, golden } = evaluateGate(input({ serving: serving(served, read(0.4, 0.5, 0.6, 0.7)) }));

    expect(found).toEqual({ ...blind.evaluation, folds: 5 });
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

describe('a decision on folds', () => {
  it('says whose figures they are', () => {
    const decision = decide(evidence({ folds: 5, rows: 200 }));

    expect(codes(decision)).toContain('judged_by_folds');
    expect(codes(decision)).not.toContain('folds_not_needed');
    expect(decision.reasons.find(({ code }) => code === 'judged_by_folds')?.message).toMatch(
      /^the figures come from 5 models, each judged on the fold that it never saw/,
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
