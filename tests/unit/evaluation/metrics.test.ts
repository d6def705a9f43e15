import { describe, expect, it } from 'vitest';
import { measure, metricNamed, metricsOf, trivialFigures } from '../../../shared/evaluation/metrics.ts';
import fc from '../../fast-check.ts';
import { expectFigures } from './vectors.ts';

const labels = Float64Array.of(0, 0, 1, 0, 1);

describe('the metrics of a problem', () => {
  it.each(['binary', 'regression'] as const)('are all computed for %s', (problem) => {
    const { figures } = measure({
      problem,
      labels,
      answers: [Float64Array.of(0.1, 0.2, 0.7, 0.4, 0.3)],
      operatingPoint: 0.5,
    });

    expect(metricsOf(problem).filter(({ name }) => typeof figures[name] !== 'number')).toEqual([]);
  });

  it.each(['binary', 'regression'] as const)('have a trivial figure each to be held against: %s', (problem) => {
    const trivial = trivialFigures({ problem, labels });

    const without = metricsOf(problem).filter(({ baseline }) => typeof trivial[baseline] !== 'number');
    expect(without).toEqual([]);
  });

  it('are unknown by a name that is none', () => {
    expect(metricNamed('binary', 'rmse')).toBeUndefined();
    expect(metricNamed('regression', 'toString')).toBeUndefined();
  });

  it('are all computed for multiclass, and have a trivial figure each', () => {
    const classes = Float64Array.of(0, 1, 2, 0, 1, 2);
    const answers = [
      Float64Array.of(0.7, 0.2, 0.1, 0.4, 0.3, 0.1),
      Float64Array.of(0.2, 0.5, 0.3, 0.5, 0.6, 0.2),
      Float64Array.of(0.1, 0.3, 0.6, 0.1, 0.1, 0.7),
    ];

    const { figures } = measure({ problem: 'multiclass', labels: classes, answers, operatingPoint: 0.5 });
    const trivial = trivialFigures({ problem: 'multiclass', labels: classes, classes: 3 });

    const names = metricsOf('multiclass').map(({ name }) => name);
    expect(names.filter((name) => typeof figures[name] !== 'number')).toEqual([]);
    expect(metricsOf('multiclass').filter(({ baseline }) => typeof trivial[baseline] !== 'number')).toEqual([]);
    // The first of three equal shares is answered: a third is right, and every class costs the logarithm of three.
    expectFigures(
      trivial,
      { accuracy: 1 / 3, log_loss: Math.log(3), roc_auc_ovr_macro: 0.5, mcc: 0 },
      { abs: 1e-12, rel: 0 },
    );
  });

  it('are not measured on columns that are none or too many', () => {
    const judged = { problem: 'binary', labels, operatingPoint: 0.5 } as const;

    expect(() => measure({ ...judged, answers: [] })).toThrow('0 columns');
    expect(() => measure({ ...judged, answers: [labels, labels] })).toThrow('2 columns');
  });
});

describe('the trivial model', () => {
  it('does what a constant score does', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 }), (positives, negatives) => {
        const truth = Float64Array.from({ length: positives + negatives }, (_, row) => (row < positives ? 1 : 0));
        const constant = truth.slice().fill(positives / truth.length);

        const trivial = trivialFigures({ problem: 'binary', labels: truth });

        const { figures: said } = measure({
          problem: 'binary',
          labels: truth,
          answers: [constant],
          operatingPoint: 0.5,
        });
        const names = [
          'roc_auc',
          'average_precision',
          'log_loss',
          'brier',
          'brier_skill_score',
          'balanced_accuracy',
          'mcc',
        ];
        const expected = Object.fromEntries(names.map((name) => [name, trivial[name]]));
        expectFigures(said, { ...expected, accuracy: trivial.accuracy }, { abs: 1e-12, rel: 0 });
      }),
    );
  });

  it('of a regression answers the mean', () => {
    const trivial = trivialFigures({ problem: 'regression', labels: Float64Array.of(1, 2, 3, 4, 10) });

    expectFigures(trivial, { r2: 0, mae: 2.4, mse: 10, rmse: Math.sqrt(10), bias: 0 }, { abs: 1e-12, rel: 0 });
  });

  it('counts weighted rows by their weight', () => {
    const trivial = trivialFigures({ problem: 'binary', labels, weights: Float64Array.of(1, 1, 4, 1, 1) });

    expectFigures(trivial, { average_precision: 5 / 8, accuracy: 5 / 8 }, { abs: 1e-12, rel: 0 });
  });
});
