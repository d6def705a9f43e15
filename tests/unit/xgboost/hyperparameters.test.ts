import { describe, expect, it } from 'vitest';

import { readHyperparameters } from '../../../local/containers/xgboost/hyperparameters.ts';
import { UserError } from '../../../local/containers/xgboost/user-error.ts';

const read = (given: Record<string, string>, hasValidation = true) =>
  readHyperparameters({ num_round: '5', ...given }, hasValidation);

describe('hyperparameters', () => {
  it("has XGBoost's defaults", () => {
    expect(read({})).toMatchObject({
      objective: 'reg:squarederror',
      rounds: 5,
      eta: 0.3,
      maxDepth: 6,
      minChildWeight: 1,
      lambda: 1,
      alpha: 0,
      gamma: 0,
      maxBins: 256,
      subsample: 1,
      baseScore: undefined,
      earlyStopping: undefined,
    });
  });

  it('knows the aliases', () => {
    const parameters = read({ learning_rate: '0.1', min_split_loss: '2', reg_lambda: '3', reg_alpha: '4' });

    expect(parameters).toMatchObject({ eta: 0.1, gamma: 2, lambda: 3, alpha: 4 });
    expect(() => read({ eta: '0.1', learning_rate: '0.1' })).toThrow('eta is given twice');
  });

  it.each([
    [{ depth: '6' }, 'Extraneous hyperparameter found: depth'],
    [{ __proto__x: '6' }, 'Extraneous hyperparameter found: __proto__x'],
    [{ constructor: '6' }, 'Extraneous hyperparameter found: constructor'],
    [{ eta: '1.5' }, 'Hyperparameter eta: 1.5 is not in [0, 1]'],
    [{ subsample: '0' }, 'Hyperparameter subsample: 0 is not in (0, 1]'],
    [{ max_depth: '6.5' }, 'Hyperparameter max_depth: could not parse value'],
    [{ eta: 'fast' }, 'Hyperparameter eta: could not parse value'],
    [{ num_round: '0' }, 'Hyperparameter num_round: 0 is not in [1, +inf)'],
    [{ tree_method: 'best' }, 'Hyperparameter tree_method: best is not in auto, exact, approx, hist, gpu_hist'],
    [{ eval_metric: 'rmse,goodness' }, 'Hyperparameter eval_metric: value goodness not in range'],
    [{ eval_metric: 'auc' }, "Metric 'auc' can only be applied for classification and ranking problems."],
    [{ objective: 'binary:logistic', base_score: '1' }, 'base_score must be in (0,1) for the logistic loss.'],
    [{ max_depth: '0' }, 'Max leaves and max depth cannot both be unconstrained.'],
    [{ booster: 'dart' }, 'booster dart is known to SageMaker'],
    [{ booster: 'gblinear' }, 'booster gblinear is known to SageMaker'],
    [{ objective: 'count:poisson' }, 'objective count:poisson is known to SageMaker'],
    [{ objective: 'multi:softprob' }, "Require input for parameter 'num_class'"],
    [{ num_class: '3' }, "Do not need to setup parameter 'num_class'"],
    [{ objective: 'multi:softmax', num_class: '1' }, 'num_class: 1 is not in [2, +inf)'],
    [{ objective: 'multi:softmax', num_class: '3', eval_metric: 'logloss' }, "Metric 'logloss' cannot be applied"],
    [{ eval_metric: 'merror' }, "Metric 'merror' cannot be applied"],
    [{ objective: 'rank:ndcg' }, 'objective rank:ndcg is known to SageMaker'],
    [{ monotone_constraints: '(1,0)' }, 'Hyperparameter monotone_constraints is known to SageMaker'],
    [{ eval_metric: 'mphe' }, 'eval_metric mphe is known to SageMaker'],
    [{ tree_method: 'gpu_hist' }, 'tree_method gpu_hist is known to SageMaker'],
  ])('refuses %j and says why', (given, reason) => {
    expect(() => read(given)).toThrow(UserError);
    expect(() => read(given)).toThrow(reason);
  });

  it('asks for the number of rounds', () => {
    expect(() => readHyperparameters({}, false)).toThrow('Missing required hyperparameter: num_round');
  });
});

describe('metrics', () => {
  const named = (given: Record<string, string>) =>
    read({ objective: 'binary:logistic', ...given }).metrics.map(({ name }) => name);

  it("prints the objective's own metric if none is asked for", () => {
    expect(named({})).toEqual(['logloss']);
    expect(named({ objective: 'reg:squarederror' })).toEqual(['rmse']);
    expect(named({ objective: 'multi:softmax', num_class: '3' })).toEqual(['mlogloss']);
    expect(named({ objective: 'multi:softprob', num_class: '3', eval_metric: 'accuracy,merror' })).toEqual([
      'merror',
      'accuracy',
    ]);
  });

  it("prints XGBoost's before the image's, and what is tuned for last", () => {
    expect(named({ eval_metric: 'accuracy, auc, error@0.7' })).toEqual(['auc', 'error@0.7', 'accuracy']);
    expect(named({ eval_metric: 'f1' })).toEqual(['logloss', 'f1']);
    expect(named({ eval_metric: 'auc,logloss', _tuning_objective_metric: 'validation:auc' })).toEqual([
      'logloss',
      'auc',
    ]);
  });

  it('stops early by the last metric asked for, on validation if there is any', () => {
    const given = { objective: 'binary:logistic', eval_metric: 'auc,accuracy,logloss', early_stopping_rounds: '3' };

    expect(read(given).earlyStopping).toEqual({ rounds: 3, data: 'validation', metric: 'logloss', maximize: false });
    expect(read({ ...given, eval_metric: 'logloss,auc' }, false).earlyStopping).toEqual({
      rounds: 3,
      data: 'train',
      metric: 'auc',
      maximize: true,
    });
  });
});
