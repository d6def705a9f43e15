import type { ModelDefinition } from '../../shared/definition/schema.ts';
import { ConfigError } from '../../shared/errors.ts';

/** What XGBoost optimises for each problem, and what it reports of the validation part. */
const OBJECTIVES = {
  binary: { objective: 'binary:logistic', eval_metric: 'auc,logloss' },
  multiclass: { objective: 'multi:softprob', eval_metric: 'merror,mlogloss' },
  regression: { objective: 'reg:squarederror', eval_metric: 'rmse' },
} as const;

/** A seed is always sent, so that a repeated attempt trains the same model. */
const SEED = '1';

/** Why a definition cannot be trained yet; undefined when it can. */
export const untrainable = ({ training }: ModelDefinition): string | undefined => {
  if (training.algorithm !== 'xgboost') return 'training with an image of your own is not supported yet';
  return undefined;
};

/**
 * The hyperparameters of a training job, as the text SageMaker wants: the problem's own, then those of the definition;
 * how the input is written is not the definition's to say.
 *
 * @param classes how many classes the run's labels have; of a multiclass problem alone.
 * @throws ConfigError for what is {@link untrainable}.
 */
export const xgboostHyperparameters = (definition: ModelDefinition, classes: number | null): Record<string, string> => {
  const { problem, data, training, retraining } = definition;
  const reason = untrainable(definition);
  if (reason !== undefined) throw new ConfigError(reason);
  if ((problem === 'multiclass') !== (classes !== null)) throw new ConfigError('classes go with multiclass labels');
  const asked = Object.fromEntries(
    Object.entries(training.hyperparameters).map(([name, value]) => [name, String(value)]),
  );
  return {
    ...OBJECTIVES[problem],
    seed: SEED,
    ...asked,
    ...(classes !== null && { num_class: String(classes) }),
    // The weight is then the second column. Source: SageMaker developer guide, XGBoost hyperparameters.
    ...((data.weight !== null || retraining.data.mode === 'weighted' || training.class_balance === 'weights') && {
      csv_weights: '1',
    }),
  };
};
