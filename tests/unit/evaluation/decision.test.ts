import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decide, type Policy, reasonSchema } from '../../../shared/evaluation/decision.ts';
import type { Evaluation, Scored } from '../../../shared/evaluation/evaluation.ts';
import { metricsOf } from '../../../shared/evaluation/metrics.ts';

const scored = (run: string, figures: Scored['figures']): Scored => ({
  outcome: 'scored',
  run,
  figures,
  confusion: { tn: 70_000, fp: 8_321, fn: 10_000, tp: 10_000 },
  roc: null,
  calibration: null,
});

const evaluation = (some: Partial<Evaluation> = {}): Evaluation => ({
  model: 'flight-delay',
  run: '20010125-0000000001',
  problem: 'binary',
  rows: 98_321,
  threshold: 0.5,
  candidate: scored('20010125-0000000001', { roc_auc: 0.7, log_loss: 0.4, recall: 0.3, balanced_accuracy: 0.6 }),
  champion: null,
  trivial: { roc_auc: 0.5, log_loss: 0.5, balanced_accuracy: 0.5 },
  evaluatedAt: '2001-01-25T12:00:00.000Z',
  ...some,
});

const policy = (some: Partial<Policy> = {}): Policy => ({
  metric: 'roc_auc',
  thresholds: {},
  champion: { mode: 'non_inferior', margin: 0.01 },
  approval: 'automatic',
  ...some,
});

const against = (figures: Scored['figures'], some: Partial<Policy> = {}) =>
  decide({ evaluation: evaluation({ champion: scored('20010120-0000000000', figures) }), policy: policy(some) });

const codes = ({ outcome, reasons }: ReturnType<typeof decide>) => [outcome, ...reasons.map(({ code }) => code)];

describe('the decision', () => {
  it('promotes the first candidate that is better than a guess', () => {
    const decision = decide({
      evaluation: evaluation(),
      policy: policy({ thresholds: { roc_auc: 0.7, log_loss: 0.4 } }),
    });

    expect(codes(decision)).toEqual([
      'promote',
      'threshold_met',
      'threshold_met',
      'better_than_trivial',
      'no_champion',
    ]);
  });

  it.each([
    ['below what is asked where higher is better', { roc_auc: 0.71 }, 'ROC AUC is 0.7; at least 0.71 is asked for'],
    ['above what is asked where lower is better', { log_loss: 0.39 }, 'log loss is 0.4; at most 0.39 is asked for'],
  ])('rejects a figure %s', (_what, thresholds, message) => {
    const decision = decide({ evaluation: evaluation(), policy: policy({ thresholds }) });

    expect(decision.outcome).toBe('reject');
    expect(decision.reasons.map((reason) => reason.message)).toEqual([message]);
  });

  it('gives the figure and the limit beside the words', () => {
    const decision = decide({ evaluation: evaluation(), policy: policy({ thresholds: { roc_auc: 0.7000001 } }) });

    expect(decision.reasons).toEqual([
      {
        code: 'threshold_not_met',
        message: 'ROC AUC is 0.7; at least 0.7000001 is asked for',
        metric: 'roc_auc',
        value: 0.7,
        limit: 0.7000001,
      },
    ]);
  });

  it('rejects an undefined figure, which is no pass', () => {
    const candidate = scored('r', { roc_auc: 0.7, precision: null });

    const decision = decide({
      evaluation: evaluation({ candidate }),
      policy: policy({ thresholds: { precision: 0, mcc: -1 } }),
    });

    expect(codes(decision)).toEqual(['reject', 'threshold_undefined', 'threshold_undefined']);
  });

  it('rejects a metric it does not know', () => {
    const unknown = decide({ evaluation: evaluation(), policy: policy({ thresholds: { aucc: 0 } }) });
    const main = decide({ evaluation: evaluation(), policy: policy({ metric: 'rmse' }) });

    expect(codes(unknown)).toEqual(['reject', 'unknown_metric']);
    expect(codes(main)).toEqual(['reject', 'unknown_metric']);
  });

  it('rejects a limit that is not a number', () => {
    const decision = decide({ evaluation: evaluation(), policy: policy({ thresholds: { roc_auc: Number.NaN } }) });

    expect(codes(decision)).toEqual(['reject', 'threshold_not_met']);
  });

  it('rejects what is no better than always giving the same answer, whatever its thresholds say', () => {
    const candidate = scored('r', { roc_auc: 0.5 });

    const decision = decide({
      evaluation: evaluation({ candidate }),
      policy: policy({ thresholds: { roc_auc: 0.4 } }),
    });

    expect(codes(decision)).toEqual(['reject', 'not_better_than_trivial']);
  });

  it('holds recall against a guess by the balanced accuracy, for answering yes to all has the best recall', () => {
    const candidate = scored('r', { recall: 1, balanced_accuracy: 0.5 });

    const decision = decide({ evaluation: evaluation({ candidate }), policy: policy({ metric: 'recall' }) });

    expect(decision.reasons).toMatchObject([{ code: 'not_better_than_trivial', metric: 'balanced_accuracy' }]);
  });

  it.each([
    ['better', { roc_auc: 0.69 }, 'promote', 'better_than_champion'],
    ['the same', { roc_auc: 0.7 }, 'promote', 'no_worse_than_champion'],
    ['worse by less than the margin', { roc_auc: 0.7099 }, 'promote', 'no_worse_than_champion'],
    ['worse by more than the margin', { roc_auc: 0.7101 }, 'reject', 'worse_than_champion'],
  ])('of a candidate that is %s than its champion', (_what, figures, outcome, code) => {
    const decision = against(figures);

    expect(decision.outcome).toBe(outcome);
    expect(decision.reasons.at(-1)).toMatchObject({ code, metric: 'roc_auc', value: 0.7 });
  });

  it('rejects a candidate that is worse by the whole margin, for less is what is allowed', () => {
    const candidate = scored('r', { roc_auc: 0.75 });
    const champion = scored('c', { roc_auc: 0.875 });
    const by = (margin: number) =>
      decide({
        evaluation: evaluation({ candidate, champion }),
        policy: policy({ champion: { mode: 'non_inferior', margin } }),
      });

    expect(by(0.125).outcome).toBe('reject');
    expect(by(0.1250001).outcome).toBe('promote');
  });

  it('turns the margin round where lower is better', () => {
    const worse = against({ log_loss: 0.38 }, { metric: 'log_loss' });
    const allowed = against({ log_loss: 0.395 }, { metric: 'log_loss' });

    expect(codes(worse)).toEqual(['reject', 'worse_than_champion']);
    expect(worse.reasons[0]?.limit).toBeCloseTo(0.39, 12);
    expect(codes(allowed)).toEqual(['promote', 'better_than_trivial', 'no_worse_than_champion']);
  });

  it('lets an equal candidate pass where no margin is given, and no worse one', () => {
    const strict = { champion: { mode: 'non_inferior', margin: 0 } } as const;

    expect(against({ roc_auc: 0.7 }, strict).outcome).toBe('promote');
    expect(against({ roc_auc: 0.7000000001 }, strict).outcome).toBe('reject');
  });

  it('asks for more than the champion has where the definition says superior', () => {
    const superior = { champion: { mode: 'superior', margin: 0.01 } } as const;

    expect(codes(against({ roc_auc: 0.7 }, superior))).toEqual(['reject', 'not_better_than_champion']);
    expect(against({ roc_auc: 0.6999 }, superior).outcome).toBe('promote');
  });

  it('does not compare where the definition says threshold', () => {
    const decision = against({ roc_auc: 0.99 }, { champion: { mode: 'threshold', margin: 0 } });

    expect(codes(decision)).toEqual(['promote', 'better_than_trivial', 'champion_not_compared']);
  });

  it.each([
    [
      'cannot be compared with',
      { outcome: 'not_comparable', run: 'c', message: 'the label changed' },
      'champion_not_comparable',
    ],
    ['was not scored', { outcome: 'refused', run: 'c', code: 'missing_rows', message: '1 row' }, 'champion_not_scored'],
    ['has no such figure', scored('c', { roc_auc: null }), 'champion_metric_undefined'],
  ] as const)('holds for a person where the champion %s', (_what, champion, code) => {
    const decision = decide({ evaluation: evaluation({ champion }), policy: policy() });

    expect(codes(decision)).toEqual(['hold', code, 'better_than_trivial']);
  });

  it('rejects rather than holds where both are called for', () => {
    const champion = { outcome: 'not_comparable', run: 'c', message: 'the label changed' } as const;

    const decision = decide({ evaluation: evaluation({ champion }), policy: policy({ thresholds: { roc_auc: 0.9 } }) });

    expect(codes(decision)).toEqual(['reject', 'threshold_not_met', 'champion_not_comparable']);
  });

  it('holds what it would promote where a person has to approve', () => {
    const decision = decide({ evaluation: evaluation(), policy: policy({ approval: 'manual' }) });

    expect(codes(decision)).toEqual(['hold', 'approval_required', 'better_than_trivial', 'no_champion']);
  });

  it('rejects scores that cannot be used, by the name of their fault', () => {
    const candidate = {
      outcome: 'refused',
      run: 'r',
      code: 'extra_rows',
      message: 'part-00000.csv.out has too many',
    } as const;

    const decision = decide({ evaluation: evaluation({ candidate }), policy: policy() });

    expect(decision).toEqual({
      outcome: 'reject',
      reasons: [
        { code: 'extra_rows', message: "the candidate's scores cannot be used: part-00000.csv.out has too many" },
      ],
    });
  });

  it.each([
    ['99 rows', { tn: 40, fp: 9, fn: 10, tp: 40 }, 99, 99, 'on 99 rows alone'],
    ['1 row', { tn: 1, fp: 0, fn: 0, tp: 0 }, 1, 1, 'on 1 row alone'],
    ['9 rows that are late', { tn: 150, fp: 41, fn: 4, tp: 5 }, 200, 9, 'the true answer is yes in 9 of the 200 rows'],
    ['9 rows that are not', { tn: 5, fp: 4, fn: 41, tp: 150 }, 200, 9, 'the true answer is no in 9 of the 200 rows'],
  ])('holds for a person what was judged on %s', (_what, confusion, rows, value, words) => {
    const candidate = { ...scored('r', { roc_auc: 0.7 }), confusion };

    const decision = decide({ evaluation: evaluation({ rows, candidate }), policy: policy() });

    expect(decision.outcome).toBe('hold');
    expect(decision.reasons[0]).toMatchObject({
      code: 'too_few_gate_rows',
      message: expect.stringContaining(words),
      value,
    });
  });

  it('promotes on 100 rows, 10 of them of the rarer answer', () => {
    const candidate = { ...scored('r', { roc_auc: 0.7 }), confusion: { tn: 80, fp: 10, fn: 5, tp: 5 } };

    expect(decide({ evaluation: evaluation({ rows: 100, candidate }), policy: policy() }).outcome).toBe('promote');
  });

  it('holds a classifier where nobody counted its answers, and asks a regression for rows alone', () => {
    const uncounted = { ...scored('r', { roc_auc: 0.7 }), confusion: null };
    const forecast = { ...scored('r', { rmse: 1 }), confusion: null };
    const regression = { problem: 'regression', candidate: forecast, trivial: { rmse: 2 } } as const;
    const asked = policy({ metric: 'rmse' });

    expect(codes(decide({ evaluation: evaluation({ candidate: uncounted }), policy: policy() }))).toContain(
      'too_few_gate_rows',
    );
    expect(decide({ evaluation: evaluation({ ...regression, rows: 100 }), policy: asked }).outcome).toBe('promote');
    expect(codes(decide({ evaluation: evaluation({ ...regression, rows: 99 }), policy: asked }))).toEqual([
      'hold',
      'too_few_gate_rows',
      'better_than_trivial',
      'no_champion',
    ]);
  });

  it('rejects where there is no row to judge on', () => {
    expect(codes(decide({ evaluation: evaluation({ rows: 0 }), policy: policy() }))).toEqual([
      'reject',
      'no_gate_rows',
    ]);
  });

  const figure = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null });
  const figures = fc.record(Object.fromEntries(metricsOf('binary').map(({ name }) => [name, figure])));
  const policies: fc.Arbitrary<Policy> = fc.record({
    metric: fc.constantFrom(...metricsOf('binary').map(({ name }) => name), 'unheard-of'),
    thresholds: fc.dictionary(fc.constantFrom('roc_auc', 'log_loss', 'f1'), fc.double({ min: 0, max: 1, noNaN: true })),
    champion: fc.record({
      mode: fc.constantFrom('non_inferior' as const, 'superior' as const, 'threshold' as const),
      margin: fc.double({ min: 0, max: 0.1, noNaN: true }),
    }),
    approval: fc.constantFrom('automatic' as const, 'manual' as const),
  });

  it('never promotes on an undefined figure that was asked for, and always says why', () => {
    fc.assert(
      fc.property(figures, figures, figures, policies, (candidate, champion, trivial, asked) => {
        const evidence = {
          evaluation: evaluation({ candidate: scored('r', candidate), champion: scored('c', champion), trivial }),
          policy: asked,
        };

        const decision = decide(evidence);

        expect(decision).toEqual(decide(structuredClone(evidence)));
        expect(decision.reasons.every((reason) => reasonSchema.safeParse(reason).success)).toBe(true);
        expect(decision.reasons.length).toBeGreaterThan(0);
        if (decision.outcome !== 'promote') return;
        expect(Object.keys(asked.thresholds).filter((name) => candidate[name] === null)).toEqual([]);
        expect(decision.reasons.every(({ value }) => value !== null)).toBe(true);
      }),
    );
  });
});
