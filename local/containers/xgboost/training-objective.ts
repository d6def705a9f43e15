import { sigmoid } from '../../../shared/xgboost/objectives.ts';
import { UserError } from './user-error.ts';

/** Rows to learn from, besides their features. */
export interface Labels {
  readonly labels: Float32Array;
  /** Undefined: every row weighs 1. */
  readonly weights: Float32Array | undefined;
}

/** What is minimised. */
export interface TrainingObjective {
  readonly name: ObjectiveName;
  /** The metric XGBoost reports if none is asked for. */
  readonly defaultMetric: string;
  /** Its own settings, as they stand in the model file. */
  readonly parameters: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** @throws UserError if a label is not one this objective can learn from. */
  checkLabels(labels: Float32Array): void;
  /** Writes pairs of gradient and hessian. */
  gradients(margins: Float32Array, data: Labels, into: Float32Array): void;
  /** From the margin of a constant model to `base_score`. */
  answer(margin: number): number;
}

export const OBJECTIVE_NAMES = ['binary:logistic', 'reg:squarederror'] as const;
export type ObjectiveName = (typeof OBJECTIVE_NAMES)[number];

/** XGBoost keeps hessians above this (`regression_loss.h`). */
const LEAST_HESSIAN = 1e-16;

export const trainingObjective = (name: ObjectiveName, scalePosWeight: number): TrainingObjective => {
  // Printed as C prints a float with nine digits, unlike the reals of the trees: 3.29999995 for 3.3.
  const printed = String(Number(Math.fround(scalePosWeight).toPrecision(9)));
  const parameters = { reg_loss_param: { scale_pos_weight: printed } };
  if (name === 'reg:squarederror') {
    return {
      name,
      defaultMetric: 'rmse',
      parameters,
      checkLabels: () => {},
      gradients: (margins, { labels, weights }, into) => {
        for (let row = 0; row < margins.length; row++) {
          const weight = (weights ? weights[row]! : 1) * (labels[row] === 1 ? scalePosWeight : 1);
          into[row * 2] = Math.fround(margins[row]! - labels[row]!) * weight;
          into[row * 2 + 1] = weight;
        }
      },
      answer: Math.fround,
    };
  }
  return {
    name,
    defaultMetric: 'logloss',
    parameters,
    checkLabels: (labels) => {
      // The words are XGBoost's own; the image passes them on as its user's mistake (constants/xgb_constants.py).
      if (!labels.every((label) => label >= 0 && label <= 1)) {
        throw new UserError('label must be in [0,1] for logistic regression');
      }
    },
    gradients: (margins, { labels, weights }, into) => {
      for (let row = 0; row < margins.length; row++) {
        const probability = sigmoid(margins[row]!);
        const label = labels[row]!;
        const weight = (weights ? weights[row]! : 1) * (label === 1 ? scalePosWeight : 1);
        into[row * 2] = (probability - label) * weight;
        into[row * 2 + 1] = Math.max(probability * (1 - probability), LEAST_HESSIAN) * weight;
      }
    },
    answer: sigmoid,
  };
};

/**
 * The intercept as XGBoost 3.0.5 and 3.2 estimate it (seen in both): the weighted mean of the labels, or, if positives
 * weigh differently, one Newton step of a constant model from margin 0.
 *
 * @throws UserError in XGBoost 3.0's words if a logistic model would start at certainty: all labels are the same.
 */
export const estimateBaseScore = (
  objective: TrainingObjective,
  { labels, weights }: Labels,
  scalePosWeight: number,
): number => {
  const baseScore =
    scalePosWeight === 1
      ? Math.fround(weightedMean(labels, weights))
      : objective.answer(newtonStep(objective, { labels, weights }));
  if (objective.name === 'binary:logistic' && !(baseScore > 0 && baseScore < 1)) {
    throw new UserError(`base_score must be in (0,1) for logistic loss, got: ${baseScore}`);
  }
  return baseScore;
};

const weightedMean = (labels: Float32Array, weights: Float32Array | undefined): number => {
  let sum = 0;
  let total = 0;
  for (let row = 0; row < labels.length; row++) {
    const weight = weights ? weights[row]! : 1;
    sum += labels[row]! * weight;
    total += weight;
  }
  return sum / total;
};

const newtonStep = (objective: TrainingObjective, data: Labels): number => {
  const pairs = new Float32Array(data.labels.length * 2);
  objective.gradients(new Float32Array(data.labels.length), data, pairs);
  let gradient = 0;
  let hessian = 0;
  for (let at = 0; at < pairs.length; at += 2) {
    gradient += pairs[at]!;
    hessian += pairs[at + 1]!;
  }
  return Math.fround(-gradient / Math.max(hessian, 1e-6));
};
