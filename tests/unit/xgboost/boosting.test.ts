import { describe, expect, it } from 'vitest';

import { boost, type Dataset } from '../../../local/containers/xgboost/boosting.ts';
import { readHyperparameters } from '../../../local/containers/xgboost/hyperparameters.ts';
import { type Model, NO_PARENT } from '../../../shared/xgboost/model.ts';
import { readModel, writeModel } from '../../../shared/xgboost/model-file.ts';
import { predict, predictMargins } from '../../../shared/xgboost/predict.ts';
import { madeData } from './fixtures.ts';

interface Run {
  readonly model: Model;
  readonly rounds: readonly ReturnType<typeof scoresOf>[];
}

const scoresOf = (scores: readonly { data: string; metric: string; value: number }[]): Record<string, number> =>
  Object.fromEntries(scores.map(({ data, metric, value }) => [`${data}-${metric}`, value]));

const train = (
  data: Dataset,
  hyperparameters: Record<string, string> = {},
  validation?: Dataset,
  initial?: Model,
): Run => {
  const parameters = readHyperparameters(
    { num_round: '10', objective: 'binary:logistic', ...hyperparameters },
    validation !== undefined,
  );
  const rounds: Run['rounds'][number][] = [];
  const boosting = boost(data, validation, parameters, initial);
  let step = boosting.next();
  while (!step.done) {
    rounds.push(scoresOf(step.value.scores));
    step = boosting.next();
  }
  return { model: step.value, rounds };
};

const bytesOf = (model: Model): string => Buffer.from(writeModel(model, 'ubj')).toString('base64');

const SAMPLING = { subsample: '0.7', colsample_bytree: '0.8', colsample_bylevel: '0.8', colsample_bynode: '0.8' };

describe('training', () => {
  it('gives the same model for the same seed, and another for another', () => {
    const data = madeData(500, 6);

    const first = train(data, { ...SAMPLING, seed: '7' });
    const second = train(data, { ...SAMPLING, seed: '7' });
    const other = train(data, { ...SAMPLING, seed: '8' });

    expect(bytesOf(second.model)).toBe(bytesOf(first.model));
    expect(bytesOf(other.model)).not.toBe(bytesOf(first.model));
  });

  it('scores its own rows while it trains exactly as the finished model scores them', () => {
    const data = madeData(400, 5);

    const { model, rounds } = train(data, { ...SAMPLING, eval_metric: 'logloss' }, data);

    const answers = predict(model, data.features);
    const logloss = answers.reduce((sum, p, row) => sum - Math.log(data.labels[row] === 1 ? p : 1 - p), 0) / 400;
    expect(rounds.at(-1)?.['train-logloss']).toBeCloseTo(logloss, 6);
    expect(rounds.at(-1)?.['validation-logloss']).toBe(rounds.at(-1)?.['train-logloss']);
  });

  it('learns: the loss falls and ends far below chance', () => {
    const { rounds } = train(madeData(1000, 4), { num_round: '30', eval_metric: 'logloss,auc' });

    const losses = rounds.map((round) => round['train-logloss'] ?? Number.NaN);
    losses.slice(1).forEach((loss, at) => {
      expect(loss).toBeLessThan(losses[at] ?? 0);
    });
    expect(losses.at(-1)).toBeLessThan(0.3);
    expect(rounds.at(-1)?.['train-auc']).toBeGreaterThan(0.95);
  });

  it('learns which way missing values go', () => {
    // Labels are 1 where the value is missing or above a half.
    const values = Float32Array.from({ length: 300 }, (_, row) => (row % 3 === 0 ? Number.NaN : (row % 10) / 10));
    const labels = Float32Array.from(values, (value) => (Number.isNaN(value) || value >= 0.5 ? 1 : 0));
    const data = { features: { rows: 300, columns: 1, values }, labels, weights: undefined };

    const { model } = train(data, { num_round: '1', max_depth: '1', base_score: '0.5' });

    const [tree] = model.trees;
    expect(tree?.splitConditions[0]).toBe(0.5);
    expect(tree?.defaultLeft[0]).toBe(0);
    expect(Array.from(predict(model, data.features), (p) => (p > 0.5 ? 1 : 0))).toEqual(Array.from(labels));
  });

  it('can send missing values one way and all others the other', () => {
    const values = Float32Array.from({ length: 100 }, (_, row) => (row < 50 ? Number.NaN : 1));
    const labels = Float32Array.from(values, (value) => (Number.isNaN(value) ? 1 : 0));
    const data = { features: { rows: 100, columns: 1, values }, labels, weights: undefined };

    const { model } = train(data, { num_round: '1' });

    const [missing = 0, present = 0] = predict(model, { rows: 2, columns: 1, values: Float32Array.of(Number.NaN, 1) });
    // As in XGBoost, the last cut lies above the largest value learned from, not above all values.
    const [below] = predict(model, { rows: 1, columns: 1, values: Float32Array.of(-1000) });
    expect(missing).toBeGreaterThan(0.5);
    expect(present).toBeLessThan(0.5);
    expect(below).toBe(present);
  });

  it('counts a row of weight 3 as three rows', () => {
    const data = madeData(200, 3);
    const weights = Float32Array.from({ length: 200 }, (_, row) => 1 + (row % 3));
    const repeated = Array.from({ length: 200 }, (_, row) => Array<number>(weights[row] ?? 1).fill(row)).flat();
    const copies: Dataset = {
      features: {
        rows: repeated.length,
        columns: 3,
        values: Float32Array.from(
          repeated.flatMap((row) => Array.from(data.features.values.subarray(row * 3, row * 3 + 3))),
        ),
      },
      labels: Float32Array.from(repeated, (row) => data.labels[row] ?? 0),
      weights: undefined,
    };

    const weighted = train({ ...data, weights }, { eval_metric: 'auc,logloss,error' });
    const copied = train(copies, { eval_metric: 'auc,logloss,error' });

    const margins = predictMargins(copied.model, data.features);
    predictMargins(weighted.model, data.features).forEach((margin, row) => {
      expect(margin).toBeCloseTo(margins[row] ?? Number.NaN, 4);
    });
    Object.entries(weighted.rounds.at(-1) ?? {}).forEach(([name, value]) => {
      expect(value).toBeCloseTo(copied.rounds.at(-1)?.[name] ?? Number.NaN, 5);
    });
  });

  it('fits a regression and starts at the mean', () => {
    const data = madeData(500, 4, { kind: 'regression' });

    const { model, rounds } = train(data, { objective: 'reg:squarederror', num_round: '40' });

    const mean = data.labels.reduce((sum, label) => sum + label, 0) / 500;
    expect(model.baseScores[0]).toBeCloseTo(mean, 5);
    expect(rounds.at(-1)?.['train-rmse']).toBeLessThan(0.1);
  });

  it('grows as deep, and as wide, as it may and no more', () => {
    const data = madeData(2000, 4);

    const deep = train(data, { num_round: '1', max_depth: '3' }).model.trees[0];
    const wide = train(data, { num_round: '1', max_depth: '0', max_leaves: '11', grow_policy: 'lossguide' }).model
      .trees[0];

    const depths: number[] = [];
    deep?.parents.forEach((parent, node) => {
      depths[node] = parent === NO_PARENT ? 0 : (depths[parent] ?? 0) + 1;
    });
    expect(Math.max(...depths)).toBe(3);
    expect(wide?.leftChildren.filter((child) => child === -1)).toHaveLength(11);
  });

  it('honours min_child_weight, gamma, lambda and alpha', () => {
    const data = madeData(600, 4);
    const leaves = (hyperparameters: Record<string, string>) =>
      train(data, { num_round: '1', ...hyperparameters }).model.trees[0]?.leftChildren.filter((child) => child === -1)
        .length ?? 0;

    const free = leaves({});

    expect(leaves({ min_child_weight: '30' })).toBeLessThan(free);
    expect(leaves({ gamma: '10' })).toBeLessThan(free);
    expect(leaves({ alpha: '20' })).toBeLessThan(free);
    expect(leaves({ lambda: '1000000', gamma: '1' })).toBe(1);
  });

  it('is no different when a column has one value only, or none', () => {
    const { features, labels } = madeData(300, 2);
    const values = Float32Array.from({ length: 1200 }, (_, at) => {
      const column = at % 4;
      if (column === 2) return 5;
      if (column === 3) return Number.NaN;
      return features.values[(at >> 2) * 2 + column] ?? 0;
    });

    const plain = train({ features, labels, weights: undefined });
    const padded = train({ features: { rows: 300, columns: 4, values }, labels, weights: undefined });

    expect(padded.model.trees.map(({ splitConditions }) => splitConditions)).toEqual(
      plain.model.trees.map(({ splitConditions }) => splitConditions),
    );
  });

  it('refuses labels a logistic model cannot learn from', () => {
    const data = madeData(20, 2, { kind: 'regression' });

    expect(() => train(data)).toThrow('label must be in [0,1] for logistic regression');
    expect(() => train({ ...data, labels: new Float32Array(20) })).toThrow(
      'base_score must be in (0,1) for logistic loss',
    );
  });
});

describe('early stopping', () => {
  it('ends after so many rounds without a better score, and keeps the model up to the best', () => {
    const data = madeData(150, 8, { seed: 3 });
    const validation = madeData(150, 8, { seed: 4 });

    const { model, rounds } = train(
      data,
      { num_round: '200', early_stopping_rounds: '4', eval_metric: 'error,logloss' },
      validation,
    );

    const losses = rounds.map((round) => round['validation-logloss'] ?? Number.NaN);
    const best = losses.indexOf(Math.min(...losses));
    expect(rounds).toHaveLength(best + 1 + 4);
    expect(model.trees).toHaveLength(best + 1);
    expect(model.attributes).toEqual({ best_iteration: String(best), best_score: String(losses[best]) });
  });

  it('takes the larger for the better where that is what the metric means', () => {
    const data = madeData(150, 8, { seed: 3 });
    const validation = madeData(150, 8, { seed: 4 });

    const { model, rounds } = train(
      data,
      { num_round: '200', early_stopping_rounds: '4', eval_metric: 'logloss,auc' },
      validation,
    );

    const areas = rounds.map((round) => round['validation-auc'] ?? Number.NaN);
    expect(Number(model.attributes.best_score)).toBe(Math.max(...areas));
    expect(model.trees).toHaveLength(areas.indexOf(Math.max(...areas)) + 1);
  });
});

describe('a checkpoint', () => {
  it('gives the same model in the end as a training that was never interrupted', () => {
    const data = madeData(300, 4);
    const whole = train(data, { num_round: '8' }, data);
    const checkpoint = readModel(writeModel(train(data, { num_round: '3' }).model, 'ubj'));

    const resumed = train(data, { num_round: '8' }, data, checkpoint);

    expect(bytesOf(resumed.model)).toBe(bytesOf(whole.model));
    expect(resumed.rounds).toEqual(whole.rounds.slice(3));
  });
});

describe('several classes', () => {
  const data = madeData(600, 4, { kind: 'multiclass' });
  const settings = { objective: 'multi:softprob', num_class: '3', max_depth: '3' };

  it('are told apart by one tree each a round, and the model reads back as it was written', () => {
    const { model, rounds } = train(data, { ...settings, eval_metric: 'mlogloss,merror' });

    const answers = predict(model, data.features);
    const hits = data.labels.filter((label, row) => {
      const scores = Array.from(answers.subarray(row * 3, row * 3 + 3));
      return scores.indexOf(Math.max(...scores)) === label;
    }).length;
    expect(model).toMatchObject({ classCount: 3, objective: 'multi:softprob' });
    expect(Array.from(model.treeGroups.subarray(0, 6))).toEqual([0, 1, 2, 0, 1, 2]);
    expect(Array.from(model.iterationStarts)).toEqual(Array.from({ length: 11 }, (_, round) => round * 3));
    expect(hits / 600).toBeCloseTo(1 - (rounds.at(-1)?.['train-merror'] ?? 1), 10);
    expect(hits / 600).toBeGreaterThan(0.7);
    expect(predictMargins(readModel(writeModel(model, 'ubj')), data.features)).toEqual(
      predictMargins(model, data.features),
    );
  });

  it('are learned alike where the class itself is the answer', () => {
    const { model } = train(data, { ...settings, objective: 'multi:softmax' });

    const answers = predict(model, data.features);
    expect(answers).toHaveLength(600);
    expect(new Set(answers)).toEqual(new Set([0, 1, 2]));
  });

  it('go on from a checkpoint as if they had not stopped', () => {
    const whole = train(data, settings);
    const begun = train(data, { ...settings, num_round: '4' });

    const resumed = train(data, settings, undefined, begun.model);

    expect(bytesOf(resumed.model)).toBe(bytesOf(whole.model));
  });

  it('have labels from 0 on, fewer than there are classes', () => {
    expect(() => train(data, { ...settings, num_class: '2' })).toThrow('label must be in [0, num_class)');
  });
});
