import { describe, expect, it } from 'vitest';

import { metricOf } from '../../../local/containers/xgboost/metrics.ts';

const margins = Float32Array.of(-2, -1, -0.5, 0, 0, 0.5, 1, 2);
const labels = Float32Array.of(0, 0, 1, 0, 1, 1, 0, 1);
const weights = Float32Array.of(1, 2, 1, 1, 3, 1, 0.5, 1);

const score = (name: string, given: Partial<Parameters<NonNullable<ReturnType<typeof metricOf>>['compute']>[0]> = {}) =>
  metricOf(name)?.compute({ margins, labels, weights: undefined, objective: 'binary:logistic', ...given });

describe('metrics of binary answers', () => {
  // Expected values: scikit-learn 1.9.1 on the same numbers; aucpr: XGBoost 3.2.0.
  it.each([
    ['auc', 0.71875],
    ['aucpr', 0.714399546061356],
    ['logloss', 0.5893534658253119],
    ['error', 0.375],
    ['error@0.7', 0.5],
    ['accuracy', 0.625],
    ['precision', 0.6666666666666666],
    ['recall', 0.5],
    ['f1_binary', 0.5714285714285714],
    ['f1', 0.6190476190476191],
    ['balanced_accuracy', 0.625],
  ])('computes %s', (name, expected) => {
    expect(score(name)).toBeCloseTo(expected, 6);
  });

  it('weighs rows where XGBoost weighs them', () => {
    expect(score('auc', { weights })).toBeCloseTo(0.8148148148148148, 10);
    expect(score('aucpr', { weights })).toBeCloseTo(0.811585853437886, 6);
    expect(score('error', { weights })).toBeCloseTo(0.4285714285714286, 10);
    expect(score('accuracy', { weights })).toBe(score('accuracy'));
  });

  it('orders margins of both signs, and zeros of both signs as equal', () => {
    const signs = Float32Array.of(-0, 0, -1e-30, 1e-30);

    expect(score('auc', { margins: signs, labels: Float32Array.of(0, 1, 0, 1) })).toBeCloseTo(0.875, 10);
  });

  it('has no area under a curve of one class', () => {
    expect(score('auc', { labels: new Float32Array(8) })).toBeNaN();
    expect(score('aucpr', { labels: new Float32Array(8) })).toBeNaN();
  });
});

describe('metrics of numbers', () => {
  const regression = { objective: 'reg:squarederror', labels: Float32Array.of(-1, -1, 0, 1, 1, 2, 2, 4) } as const;

  it.each([
    ['rmse', 1.14564392373896],
    ['mae', 1],
    ['mse', 1.3125],
    ['r2', 0.475],
  ])('computes %s', (name, expected) => {
    expect(score(name, regression)).toBeCloseTo(expected, 6);
  });
});

it('knows no metric by a name it does not have', () => {
  expect(metricOf('goodness')).toBeUndefined();
  expect(metricOf('toString')).toBeUndefined();
  expect(metricOf('error@much')).toBeUndefined();
});

describe('metrics of several classes', () => {
  // Margins class after class: the answers are 0, 2, 1, 1, and the first of equals in the last row.
  const classes = 3;
  const rows = {
    classes,
    objective: 'multi:softprob' as const,
    labels: Float32Array.of(0, 2, 2, 1, 1),
    margins: Float32Array.of(2, 0, 0, 0, 0, 0, 0, 1, 3, 0, 0, 1, 0, 0, 0),
  };

  it.each([
    ['merror', 2 / 5],
    ['accuracy', 3 / 5],
    ['balanced_accuracy', (1 + 1 / 2 + 1 / 2) / 3],
    ['f1', (2 / 3 + 1 / 2 + 2 / 3) / 3],
    [
      'mlogloss',
      -(
        Math.log(Math.E ** 2 / (Math.E ** 2 + 2)) +
        Math.log(Math.E / (Math.E + 2)) +
        Math.log(1 / (Math.E + 2)) +
        Math.log(Math.E ** 3 / (Math.E ** 3 + 2)) +
        Math.log(1 / 3)
      ) / 5,
    ],
  ])('computes %s', (name, expected) => {
    expect(score(name, rows)).toBeCloseTo(expected, 10);
  });

  it('weighs rows in XGBoost’s own, and in none of the image’s', () => {
    const weights = Float32Array.of(1, 1, 3, 1, 0);

    expect(score('merror', { ...rows, weights })).toBeCloseTo(3 / 6, 10);
    expect(score('accuracy', { ...rows, weights })).toBeCloseTo(3 / 5, 10);
  });
});
