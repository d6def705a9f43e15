import type { ModelDefinition } from '../../shared/definition/schema.ts';
import { ConfigError } from '../../shared/errors.ts';

/** What XGBoost optimises for each problem, and what it reports of the validation part. */
const OBJECTIVES = {
  binary: { objective: 'binary:logistic', eval_metric: 'auc,logloss' },
  regression: { objective: 'reg:squarederror', eval_metric: 'rmse' },
} as const;

/** A seed is always sent, so that a repeated attempt trains the same model. */
const SEED = '1';

/**
 * The hyperparameters of a training job, as the text SageMaker wants: the problem's own, then those of the definition.
 * @throws ConfigError for a problem that cannot be trained yet.
 */
export const xgboostHyperparameters = ({ problem, training }: ModelDefinition): Record<string, string> => {
  if (problem === 'multiclass') throw new ConfigError('training a multiclass model is not supported yet');
  if (training.algorithm !== 'xgboost')
    throw new ConfigError('training with an image of your own is not supported yet');
  const asked = Object.fromEntries(
    Object.entries(training.hyperparameters).map(([name, value]) => [name, String(value)]),
  );
  return { ...OBJECTIVES[problem], seed: SEED, ...asked };
};
