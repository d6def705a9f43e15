import { describe, expect, it } from 'vitest';
import * as z from 'zod';

import { coverage, naiveError, pinballLoss, scaledErrors } from '../../../shared/evaluation/forecast-metrics.ts';
import { regressionMetrics } from '../../../shared/evaluation/regression-metrics.ts';
import { columnOf, expectFigures, readVectors } from './vectors.ts';

const vectors = readVectors('regression_metrics');
const regressions = vectors.cases.filter(({ input }) => 'y_true' in input);
const forecasts = vectors.cases.filter(({ input }) => 'history' in input);

describe('the figures of a regression', () => {
  it('come in a file of regressions and forecasts alone', () => {
    expect(regressions.length + forecasts.length).toBe(vectors.cases.length);
  });

  it.each(regressions)('agree with scikit-learn: $id', ({ id, input, expected }) => {
    // scikit-learn's MAPE divides by 2.2e-16 where the truth is zero; no product would show such a figure.
    const { mape_sklearn: _explodes, n, n_zero_targets, ...figures } = expected;
    const labels = columnOf(input, 'y_true');

    const metrics = regressionMetrics({ labels, scores: columnOf(input, 'y_pred') });

    const tolerance = id === 'huge' ? { abs: 1e-9, rel: 1e-6 } : vectors.default_tolerance;
    expectFigures({ ...metrics }, figures, tolerance);
    expect([labels.length, labels.filter((label) => label === 0).length]).toEqual([n, n_zero_targets]);
  });

  it.each(forecasts)('agree with the seasonal naive definitions: $id', ({ input, expected }) => {
    const [history, actual, forecast] = [
      columnOf(input, 'history'),
      columnOf(input, 'actual'),
      columnOf(input, 'forecast'),
    ];
    const [lower, upper] = [columnOf(input, 'lower_q10'), columnOf(input, 'upper_q90')];
    const seasonality = z.int().parse(input.seasonality);

    const figures = {
      ...regressionMetrics({ labels: actual, scores: forecast }),
      ...scaledErrors({ history, actual, forecast, seasonality }),
      mae_naive_in_sample: naiveError(history, seasonality),
      pinball_q10: pinballLoss(actual, lower, 0.1),
      pinball_q90: pinballLoss(actual, upper, 0.9),
      coverage_80: coverage(actual, lower, upper),
    };

    expectFigures(figures, expected, vectors.default_tolerance);
  });

  it('are undefined without a row', () => {
    const none = new Float64Array(0);

    const metrics = regressionMetrics({ labels: none, scores: none });

    expect(new Set(Object.values(metrics))).toEqual(new Set([null]));
  });

  it('take a whole weight for that many equal rows', () => {
    const labels = Float64Array.of(3, 1, 4, 1, 5);
    const scores = Float64Array.of(2, 1.5, 4, 3, 4.5);
    const repeated = {
      labels: Float64Array.of(3, 1, 1, 4, 1, 1, 1, 5),
      scores: Float64Array.of(2, 1.5, 1.5, 4, 3, 3, 3, 4.5),
    };

    const weighted = regressionMetrics({ labels, scores, weights: Float64Array.of(1, 2, 1, 3, 1) });

    expectFigures({ ...weighted }, { ...regressionMetrics(repeated) }, { abs: 1e-12, rel: 1e-12 });
  });
});
