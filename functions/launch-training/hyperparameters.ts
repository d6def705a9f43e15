import type { ModelDefinition } from '../../shared/definition/schema.ts';
import { ConfigError } from '../../shared/errors.ts';

/** What XGBoost optimises for each problem, and what it reports of the validation part. */
const OBJECTIVES = {
  binary: { objective: 'binary:logistic', eval_metric: 'auc,logloss' },
  regression: { objective: 'reg:squarederror', eval_metric: 'rmse' },
} as const;

/** A seed is always sent, so that a repeated attempt trains the same model. */
const SEED = '1';

/** Why a definition cannot be trained yet; undefined when it can. */
export const untrainable = ({ problem, training }: ModelDefinition): string | undefined => {
  if (problem === 'multiclass') return 'training a multiclass model is not supported yet';
  if (training.algorithm !== 'xgboost') return 'training with an image of your own is not supported yet';
  return undefined;
};

/**
 * The hyperparameters of a training job, as the text SageMaker wants: the problem's own, then those of the definition.
 * @throws ConfigError for what is {@link untrainable}.
 */
export const xgboostHyperparameters = (definition: ModelDefinition): Record<string, string> => {
  const { problem, training } = definition;
  const reason = untrainable(definition);
  if (reason !== undefined || problem === 'multiclass') throw new ConfigError(reason ?? problem);
  const asked = Object.fromEntries(
    Object.entries(training.hyperparameters).map(([name, value]) => [name, String(value)]),
  );
  return { ...OBJECTIVES[problem], seed: SEED, ...asked };
};
