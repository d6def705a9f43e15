import { describe, expect, it } from 'vitest';

import { decide } from '../../../shared/evaluation/decision.ts';
import { circumstances, codes, evidence, scored } from './decision-evidence.ts';

describe('the decision', () => {
  it('promotes the first candidate that is better than a guess', () => {
    const decision = decide(evidence({}, { thresholds: { roc_auc: 0.7, log_loss: 0.4 } }));

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
    const decision = decide(evidence({}, { thresholds }));

    expect(decision.outcome).toBe('reject');
    expect(decision.reasons.map((reason) => reason.message)).toEqual([message]);
  });

  it('gives the figure and the limit beside the words', () => {
    const decision = decide(evidence({}, { thresholds: { roc_auc: 0.7000001 } }));

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

    const decision = decide(evidence({ candidate }, { thresholds: { precision: 0, mcc: -1 } }));

    expect(codes(decision)).toEqual(['reject', 'threshold_undefined', 'threshold_undefined']);
  });

  it('rejects a metric it does not know', () => {
    const unknown = decide(evidence({}, { thresholds: { aucc: 0 } }));
    const main = decide(evidence({}, { metric: 'rmse' }));

    expect(codes(unknown)).toEqual(['reject', 'unknown_metric']);
    expect(codes(main)).toEqual(['reject', 'unknown_metric']);
  });

  it('rejects a limit that is not a number', () => {
    const decision = decide(evidence({}, { thresholds: { roc_auc: Number.NaN } }));

    expect(codes(decision)).toEqual(['reject', 'threshold_not_met']);
  });

  it('rejects what is no better than always giving the same answer, whatever its thresholds say', () => {
    const candidate = scored('r', { roc_auc: 0.5 });

    const decision = decide(evidence({ candidate }, { thresholds: { roc_auc: 0.4 } }));

    expect(codes(decision)).toEqual(['reject', 'not_better_than_trivial']);
  });

  it('holds recall against a guess by the balanced accuracy, for answering yes to all has the best recall', () => {
    const candidate = scored('r', { recall: 1, balanced_accuracy: 0.5 });

    const decision = decide(evidence({ candidate }, { metric: 'recall' }));

    expect(decision.reasons).toMatchObject([{ code: 'not_better_than_trivial', metric: 'balanced_accuracy' }]);
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
    const decision = decide(evidence({ champion, championContradicts: 0.2 }));

    expect(codes(decision)).toEqual(['hold', code, 'better_than_trivial']);
  });

  it('rejects rather than holds where both are called for', () => {
    const champion = { outcome: 'not_comparable', run: 'c', message: 'the label changed' } as const;

    const decision = decide(evidence({ champion }, { thresholds: { roc_auc: 0.9 } }));

    expect(codes(decision)).toEqual(['reject', 'threshold_not_met', 'champion_not_comparable']);
  });

  it('holds what it would promote where a person has to approve', () => {
    const decision = decide(evidence({}, { approval: 'manual' }));

    expect(codes(decision)).toEqual(['hold', 'approval_required', 'better_than_trivial', 'no_champion']);
  });

  it('rejects scores that cannot be used, by the name of their fault', () => {
    const candidate = {
      outcome: 'refused',
      run: 'r',
      code: 'extra_rows',
      message: 'part-00000.csv.out has too many',
    } as const;

    const decision = decide(evidence({ candidate }));

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

    const decision = decide(evidence({ rows, candidate }));

    expect(decision.outcome).toBe('hold');
    expect(decision.reasons[0]).toMatchObject({
      code: 'too_few_gate_rows',
      message: expect.stringContaining(words),
      value,
    });
  });

  it('promotes on 100 rows, 10 of them of the rarer answer', () => {
    const candidate = { ...scored('r', { roc_auc: 0.7 }), confusion: { tn: 80, fp: 10, fn: 5, tp: 5 } };

    expect(decide(evidence({ rows: 100, candidate })).outcome).toBe('promote');
  });

  it('holds a classifier where nobody counted its answers, and asks a regression for rows alone', () => {
    const uncounted = { ...scored('r', { roc_auc: 0.7 }), confusion: null };
    const forecast = { ...scored('r', { rmse: 1 }), confusion: null };
    const regression = { problem: 'regression', candidate: forecast, trivial: { rmse: 2 } } as const;
    const asked = { metric: 'rmse' };

    expect(codes(decide(evidence({ candidate: uncounted })))).toContain('too_few_gate_rows');
    expect(decide(evidence({ ...regression, rows: 100 }, asked)).outcome).toBe('promote');
    expect(codes(decide(evidence({ ...regression, rows: 99 }, asked)))).toEqual([
      'hold',
      'too_few_gate_rows',
      'better_than_trivial',
      'no_champion',
    ]);
  });

  const of = (classes: ReturnType<typeof scored>['classes'], taught?: { name: string; rows: number }[]) =>
    decide(
      evidence(
        {
          problem: 'multiclass',
          candidate: { ...scored('r', { accuracy: 0.7 }), confusion: null, classes },
          trivial: { accuracy: 0.5 },
        },
        { metric: 'accuracy' },
        taught === undefined ? {} : { taught },
      ),
    );
  const one = (name: string, support: number) => ({ name, precision: 0, recall: 0, f1: 0, support, answers: [0, 0] });

  it('holds classes of which the gate rows show only one, or nobody knows how many', () => {
    expect(of([one('a', 500), one('b', 400)]).outcome).toBe('promote');
    expect(codes(of([one('a', 900), one('b', 0)]))).toContain('too_few_gate_rows');
    expect(codes(of(null))).toContain('too_few_gate_rows');
  });

  it('holds classes that too few rows judge, by name and number, the rarest first', () => {
    const decision = of([one('a', 500), one('b', 9), one('c', 3), one('d', 10)]);

    expect(decision.outcome).toBe('hold');
    expect(decision.reasons[0]).toMatchObject({ code: 'too_few_gate_rows', value: 3, limit: 10 });
    expect(decision.reasons[0]?.message).toContain('have the class c (3 rows), b (9 rows): at least 10');
    expect(of([one('a', 500), one('d', 10)]).outcome).toBe('promote');
  });

  it('holds classes that too few rows taught, and asks nothing of one that no row has any more', () => {
    const judged = [one('a', 500), one('b', 400), one('gone', 0)];
    const taught = (b: number, gone: number) => [
      { name: 'a', rows: 900 },
      { name: 'b', rows: b },
      { name: 'gone', rows: gone },
    ];

    expect(of(judged, taught(20, 0)).outcome).toBe('promote');
    expect(of(judged, taught(19, 0))).toMatchObject({
      outcome: 'hold',
      reasons: [{ code: 'too_few_training_rows', value: 19, limit: 20 }, {}, {}],
    });
    expect(of(judged, taught(0, 0)).reasons[0]?.message).toContain('have the class b (0 rows): at least 20');
    expect(codes(of(judged, taught(20, 30)))).toEqual([
      'hold',
      'too_few_gate_rows',
      'better_than_trivial',
      'no_champion',
    ]);
  });

  it.each([
    ['yes', 19, 900],
    ['no', 900, 19],
  ])('holds what was taught by 19 rows that say %s', (answer, yes, no) => {
    const by = (some: number, other: number) =>
      decide(
        evidence(
          {},
          {},
          {
            taught: [
              { name: '0', rows: other },
              { name: '1', rows: some },
            ],
          },
        ),
      );

    expect(by(20, 20).outcome).toBe('promote');
    expect(by(yes, no).reasons[0]?.message).toBe(
      `too few of the rows it was trained on have the answer ${answer} (19 rows): at least 20 are asked for`,
    );
    expect(by(yes, no).outcome).toBe('hold');
  });

  it('rejects on what is known of another run', () => {
    const decision = decide({ ...evidence(), circumstances: circumstances({ run: '20010101-0000000000' }) });

    expect(codes(decision)).toEqual(['reject', 'circumstances_of_another_run']);
  });

  it('rejects where there is no row to judge on', () => {
    expect(codes(decide(evidence({ rows: 0 })))).toEqual(['reject', 'no_gate_rows']);
  });
});
