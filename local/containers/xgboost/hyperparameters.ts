import type { BoostingParameters } from './boosting.ts';
import { METRIC_NAMES, type Metric, metricOf } from './metrics.ts';
import { isMulticlass, OBJECTIVE_NAMES, type ObjectiveName, trainingObjective } from './training-objective.ts';
import { notImplemented, UserError } from './user-error.ts';

/**
 * The image's hyperparameters: names, ranges and words of its refusals follow aws/sagemaker-xgboost-container at v1.7-1,
 * `algorithm_mode/hyperparameter_validation.py`. That 3.0-5 checks the same is assumed. Defaults are XGBoost's
 * (https://xgboost.readthedocs.io/en/release_3.0.0/parameter.html).
 */
export interface Hyperparameters extends BoostingParameters {
  /** The second column of the training CSV is the weight of the row. */
  readonly csvWeights: boolean;
  readonly saveModelOnTermination: boolean;
}

/** An interval as the image prints it: `[0, 1]`, `(0, +inf)`. */
interface Range {
  readonly min?: number;
  readonly above?: number;
  readonly max?: number;
  readonly below?: number;
}

const inRange = (value: number, { min, above, max, below }: Range): boolean =>
  !Number.isNaN(value) &&
  (min === undefined || value >= min) &&
  (above === undefined || value > above) &&
  (max === undefined || value <= max) &&
  (below === undefined || value < below);

const printRange = ({ min, above, max, below }: Range): string => {
  const from = above !== undefined ? `(${above}` : min !== undefined ? `[${min}` : '(-inf';
  const to = below !== undefined ? `${below})` : max !== undefined ? `${max}]` : '+inf)';
  return `${from}, ${to}`;
};

type Rule =
  | { readonly kind: 'integer' | 'continuous'; readonly range: Range }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | { readonly kind: 'metrics' }
  /** A name the image knows and this stand-in does not. */
  | { readonly kind: 'absent' };

const integer = (range: Range): Rule => ({ kind: 'integer', range });
const continuous = (range: Range): Rule => ({ kind: 'continuous', range });
const choice = (...choices: string[]): Rule => ({ kind: 'choice', choices });
const metrics: Rule = { kind: 'metrics' };
const absent: Rule = { kind: 'absent' };
const share: Rule = continuous({ above: 0, max: 1 });
const notNegative: Rule = continuous({ min: 0 });

/** Objectives of the image; which of them are implemented, {@link OBJECTIVE_NAMES} says. */
const IMAGE_OBJECTIVES = [
  ...OBJECTIVE_NAMES,
  'binary:logitraw',
  'binary:hinge',
  'count:poisson',
  'rank:pairwise',
  'rank:ndcg',
  'rank:map',
  'reg:linear',
  'reg:logistic',
  'reg:gamma',
  'reg:pseudohubererror',
  'reg:squaredlogerror',
  'reg:absoluteerror',
  'reg:tweedie',
  'survival:aft',
  'survival:cox',
];

/** Metrics of the image (constants/xgb_constants.py); which are implemented, {@link METRIC_NAMES} says. */
const IMAGE_METRICS = [
  ...METRIC_NAMES,
  'map',
  'ndcg',
  'precision_macro',
  'precision_micro',
  'recall_macro',
  'recall_micro',
  'aft-nloglik',
  'cox-nloglik',
  'gamma-deviance',
  'gamma-nloglik',
  'interval-regression-accuracy',
  'mphe',
  'poisson-nloglik',
  'rmsle',
  'tweedie-nloglik',
];

const RULES: Readonly<Record<string, Rule>> = {
  num_round: integer({ min: 1 }),
  csv_weights: integer({ min: 0, max: 1 }),
  early_stopping_rounds: integer({ min: 1 }),
  booster: choice('gbtree', 'gblinear', 'dart'),
  verbosity: integer({ min: 0, max: 3 }),
  nthread: integer({ min: 1 }),
  eta: continuous({ min: 0, max: 1 }),
  gamma: notNegative,
  max_depth: integer({ min: 0 }),
  min_child_weight: notNegative,
  max_delta_step: notNegative,
  subsample: share,
  colsample_bytree: share,
  colsample_bylevel: share,
  colsample_bynode: share,
  lambda: notNegative,
  alpha: notNegative,
  tree_method: choice('auto', 'exact', 'approx', 'hist', 'gpu_hist'),
  scale_pos_weight: continuous({ above: 0 }),
  grow_policy: choice('depthwise', 'lossguide'),
  max_leaves: integer({ min: 0 }),
  max_bin: integer({ min: 0 }),
  objective: choice(...IMAGE_OBJECTIVES),
  base_score: notNegative,
  eval_metric: metrics,
  _tuning_objective_metric: choice(...IMAGE_METRICS.map((metric) => `validation:${metric}`)),
  seed: integer({ above: -(2 ** 31), below: 2 ** 31 - 1 }),
  num_parallel_tree: integer({ min: 1 }),
  process_type: choice('default', 'update'),
  save_model_on_termination: choice('true', 'false'),
  _kfold: absent,
  _num_cv_round: absent,
  aft_loss_distribution: absent,
  aft_loss_distribution_scale: absent,
  deterministic_histogram: absent,
  dsplit: absent,
  huber_slope: absent,
  interaction_constraints: absent,
  lambda_bias: absent,
  monotone_constraints: absent,
  normalize_type: absent,
  num_class: integer({ min: 2 }),
  one_drop: absent,
  predictor: absent,
  prob_buffer_row: absent,
  rate_drop: absent,
  refresh_leaf: absent,
  sample_type: absent,
  sampling_method: absent,
  single_precision_histogram: absent,
  sketch_eps: absent,
  skip_drop: absent,
  tweedie_variance_power: absent,
  updater: absent,
  use_dask_gpu_training: absent,
};

const ALIASES: Readonly<Record<string, string>> = {
  learning_rate: 'eta',
  min_split_loss: 'gamma',
  reg_lambda: 'lambda',
  reg_alpha: 'alpha',
};

/** Values the image accepts and this stand-in has no code for. */
const ABSENT_VALUES: Readonly<Record<string, (value: string) => boolean>> = {
  booster: (value) => value !== 'gbtree',
  tree_method: (value) => value === 'gpu_hist',
  objective: (value) => !OBJECTIVE_NAMES.some((name) => name === value),
  num_parallel_tree: (value) => Number(value) !== 1,
  process_type: (value) => value !== 'default',
};

const NUMBER = { integer: /^\s*[+-]?\d+\s*$/, continuous: /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/ };

const checkMetric = (name: string, metric: string, objective: ObjectiveName): void => {
  const isKnown = IMAGE_METRICS.includes(metric) || /^(error|ndcg|map)@.+$/.test(metric);
  if (!isKnown) throw new UserError(`Hyperparameter ${name}: value ${metric} not in range ${IMAGE_METRICS.join(', ')}`);
  const found = metricOf(metric);
  if (!found) throw notImplemented(`${name} ${metric}`);
  if (metric === 'auc' && !objective.startsWith('binary:')) {
    throw new UserError("Metric 'auc' can only be applied for classification and ranking problems.");
  }
  if (found.of !== 'both' && (found.of === 'classes') !== isMulticlass(objective)) {
    throw new UserError(`Metric '${metric}' cannot be applied to objective ${objective}.`);
  }
};

const checkValue = (name: string, value: string, rule: Rule): void => {
  switch (rule.kind) {
    case 'absent':
      throw notImplemented(`Hyperparameter ${name}`);
    case 'integer':
    case 'continuous':
      if (!NUMBER[rule.kind].test(value)) throw new UserError(`Hyperparameter ${name}: could not parse value`);
      if (!inRange(Number(value), rule.range)) {
        throw new UserError(`Hyperparameter ${name}: ${Number(value)} is not in ${printRange(rule.range)}`);
      }
      break;
    case 'choice':
      if (!rule.choices.includes(value)) {
        throw new UserError(`Hyperparameter ${name}: ${value} is not in ${rule.choices.join(', ')}`);
      }
      break;
    case 'metrics':
      break;
    default:
      rule satisfies never;
  }
  if (ABSENT_VALUES[name]?.(value)) throw notImplemented(`${name} ${value}`);
};

/** XGBoost's own metrics, in the order asked for and then the image's; without one of XGBoost's, its default goes first. */
const orderMetrics = (names: readonly string[], objective: ObjectiveName): Metric[] => {
  const asked = [...new Set(names)].map((name) => metricOf(name)).filter((metric) => metric !== undefined);
  const native = asked.filter(({ isNative }) => isNative);
  if (native.length === 0) {
    const standard = metricOf(trainingObjective(objective, 1, 0).defaultMetric);
    if (standard) native.push(standard);
  }
  return [...native, ...asked.filter(({ isNative }) => !isNative)];
};

/**
 * Checks what `hyperparameters.json` holds and turns it into what the trainer needs.
 *
 * @param given Names and texts, as SageMaker passes them.
 * @param hasValidation Early stopping looks at the validation channel if there is one, else at the training data.
 * @throws UserError naming the hyperparameter that is unknown, missing, out of range, or not implemented here.
 */
export const readHyperparameters = (
  given: Readonly<Record<string, string>>,
  hasValidation: boolean,
): Hyperparameters => {
  const values = new Map<string, string>();
  for (const [alias, value] of Object.entries(given)) {
    const name = Object.hasOwn(ALIASES, alias) ? ALIASES[alias]! : alias;
    const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
    if (!rule) throw new UserError(`Extraneous hyperparameter found: ${alias}`);
    if (values.has(name)) throw new UserError(`Hyperparameter ${name} is given twice, once as ${alias}`);
    checkValue(name, value, rule);
    values.set(name, value.trim());
  }
  if (!values.has('num_round')) throw new UserError('Missing required hyperparameter: num_round');

  const number = (name: string, standard: number): number => {
    const value = values.get(name);
    return value === undefined ? standard : Number(value);
  };
  const objective = OBJECTIVE_NAMES.find((name) => name === values.get('objective')) ?? 'reg:squarederror';
  const classes = values.get('num_class');
  // The words are the image's (hyperparameter_validation.py).
  if (isMulticlass(objective) && classes === undefined) {
    throw new UserError("Require input for parameter 'num_class' for multi-classification");
  }
  if (!isMulticlass(objective) && classes !== undefined) {
    throw new UserError(
      "Do not need to setup parameter 'num_class' for learning task other than multi-classification.",
    );
  }
  const askedMetrics =
    values
      .get('eval_metric')
      ?.split(',')
      .map((metric) => metric.trim()) ?? [];
  askedMetrics.forEach((metric) => {
    checkMetric('eval_metric', metric, objective);
  });
  const tuningMetric = values.get('_tuning_objective_metric')?.slice('validation:'.length);
  if (tuningMetric !== undefined) checkMetric('_tuning_objective_metric', tuningMetric, objective);
  // What is tuned for goes last, because early stopping looks at the last (algorithm_mode/train_utils.py).
  const names = [...askedMetrics.filter((metric) => metric !== tuningMetric), ...(tuningMetric ? [tuningMetric] : [])];
  const ordered = orderMetrics(names, objective);

  const maxDepth = number('max_depth', 6);
  const maxLeaves = number('max_leaves', 0);
  if (maxDepth === 0 && maxLeaves === 0) {
    throw new UserError('Max leaves and max depth cannot both be unconstrained.');
  }
  const maxBins = number('max_bin', 256);
  if (maxBins < 2 || maxBins > 65535) throw new UserError(`max_bin ${maxBins} is not between 2 and 65535`);
  const baseScore = values.get('base_score');
  if (
    baseScore !== undefined &&
    objective === 'binary:logistic' &&
    !inRange(Number(baseScore), { above: 0, below: 1 })
  ) {
    throw new UserError('base_score must be in (0,1) for the logistic loss.');
  }
  const stoppingRounds = values.get('early_stopping_rounds');
  const stoppingMetric = metricOf(names.at(-1) ?? '') ?? ordered.at(-1);

  return {
    objective,
    rounds: number('num_round', 0),
    // Every tree_method is run as hist: with up to max_bin distinct values the splits are those of exact.
    maxBins,
    eta: number('eta', 0.3),
    gamma: number('gamma', 0),
    maxDepth,
    maxLeaves,
    growPolicy: values.get('grow_policy') === 'lossguide' ? 'lossguide' : 'depthwise',
    minChildWeight: number('min_child_weight', 1),
    maxDeltaStep: number('max_delta_step', 0),
    lambda: number('lambda', 1),
    alpha: number('alpha', 0),
    subsample: number('subsample', 1),
    colsampleByTree: number('colsample_bytree', 1),
    colsampleByLevel: number('colsample_bylevel', 1),
    colsampleByNode: number('colsample_bynode', 1),
    scalePosWeight: number('scale_pos_weight', 1),
    ...(classes === undefined ? {} : { classes: Number(classes) }),
    baseScore: baseScore === undefined ? undefined : Number(baseScore),
    seed: number('seed', 0),
    metrics: ordered,
    earlyStopping:
      stoppingRounds === undefined || stoppingMetric === undefined
        ? undefined
        : {
            rounds: Number(stoppingRounds),
            data: hasValidation ? 'validation' : 'train',
            metric: stoppingMetric.name,
            maximize: stoppingMetric.maximize,
          },
    csvWeights: number('csv_weights', 0) === 1,
    saveModelOnTermination: values.get('save_model_on_termination') === 'true',
  };
};
