import { describe, expect, it } from 'vitest';

import { biasReport } from '../../../functions/gate-model/bias-report.ts';
import { modelQuality } from '../../../functions/gate-model/model-quality.ts';
import { evaluation, fairness, scored } from '../evaluation/decision-evidence.ts';

describe('what the registry shows of a model', () => {
  it('has the standard error that an interval stands for, and says where there is none', () => {
    const candidate = {
      ...scored('r', { roc_auc: 0.7, recall: 0.3, specificity: 0.9 }),
      intervals: {
        roc_auc: [0.7 - 0.0196, 0.7 + 0.0196] as [number, number],
        recall: [0.28, 0.32] as [number, number],
      },
    };

    const { binary_classification_metrics: shown } = modelQuality(evaluation({ candidate })) ?? {};

    expect(shown).toMatchObject({
      auc: { value: 0.7, standard_deviation: expect.closeTo(0.01, 5) },
      false_negative_rate: { value: 0.7, standard_deviation: expect.closeTo(0.0102, 4) },
      true_negative_rate: { value: 0.9, standard_deviation: 'NaN' },
      f1: { value: null, standard_deviation: 'NaN' },
    });
  });

  it('counts the answers of several classes by their names', () => {
    const classes = [
      { name: 'cat', precision: 0.9, recall: 0.8, f1: 0.85, support: 10, answers: [8, 2] },
      { name: 'dog', precision: 0.8, recall: 0.9, f1: 0.85, support: 10, answers: [1, 9] },
    ];
    const candidate = { ...scored('r', { accuracy: 0.85, f1_weighted: 0.85 }), confusion: null, classes };

    expect(modelQuality(evaluation({ problem: 'multiclass', candidate }))).toMatchObject({
      multiclass_classification_metrics: {
        confusion_matrix: { cat: { cat: 8, dog: 2 }, dog: { cat: 1, dog: 9 } },
        accuracy: { value: 0.85 },
        weighted_f1: { value: 0.85 },
        weighted_recall: { value: null },
      },
    });
  });

  it('has a bias report by the names of Clarify, in which the undefined is null and never fair', () => {
    const judged = { ...fairness(), clarify: [{ facet: 'f', metrics: { DI: 0.89, DCA: null } }] };

    expect(biasReport(evaluation({ fairness: [judged] }), 'late')).toEqual({
      version: '1.0',
      post_training_bias_metrics: {
        label: 'late',
        label_value_or_threshold: '1',
        facets: {
          sex: [
            {
              value_or_threshold: 'f',
              metrics: [
                { name: 'DI', description: 'Disparate Impact (DI)', value: 0.89 },
                {
                  name: 'DCAcc',
                  description: 'Difference in Conditional Acceptance (DCAcc)',
                  value: null,
                  error: 'undefined: a denominator is zero',
                },
              ],
            },
          ],
        },
      },
    });
  });

  it('has none where fairness was not judged, or the candidate not scored', () => {
    const refused = { outcome: 'refused', run: 'r', code: 'c', message: 'm' } as const;

    expect(biasReport(evaluation(), 'late')).toBeNull();
    expect(biasReport(evaluation({ candidate: refused, fairness: [fairness()] }), 'late')).toBeNull();
    expect(modelQuality(evaluation({ candidate: refused }))).toBeNull();
  });
});
