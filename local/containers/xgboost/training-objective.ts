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
  /** Margins of each row: 1, or one for each class. */
  readonly groups: number;
  /** Writes pairs of gradient and hessian, in the order of the margins: those of all rows, class after class. */
  gradients(margins: Float32Array, data: Labels, into: Float32Array): void;
  /** From the margin of a constant model to `base_score`. */
  answer(margin: number): number;
}

export const OBJECTIVE_NAMES = ['binary:logistic', 'reg:squarederror', 'multi:softprob', 'multi:softmax'] as const;
export type ObjectiveName = (typeof OBJECTIVE_NAMES)[number];

/** XGBoost keeps hessians above this (`regression_loss.h`). */
const LEAST_HESSIAN = 1e-16;

/** Objectives that tell several classes apart. */
export const isMulticlass = (name: ObjectiveName): boolean => name === 'multi:softprob' || name === 'multi:softmax';

/**
 * Both multiclass objectives are learned alike; they differ in what a model answers (`src/objective/multiclass_obj.cu` at
 * v3.0.5, whose arithmetic this follows).
 */
const multiclassObjective = (name: ObjectiveName, classes: number): TrainingObjective => ({
  name,
  defaultMetric: 'mlogloss',
  parameters: { softmax_multiclass_param: { num_class: String(classes) } },
  groups: classes,
  checkLabels: (labels) => {
    if (!labels.every((label) => Number.isInteger(label) && label >= 0 && label < classes)) {
      throw new UserError('SoftmaxMultiClassObj: label must be in [0, num_class).');
    }
  },
  gradients: (margins, { labels, weights }, into) => {
    const rows = labels.length;
    const exponentials = new Float32Array(classes);
    for (let row = 0; row < rows; row++) {
      let largest = margins[row]!;
      for (let at = row + rows; at < margins.length; at += rows) largest = Math.max(largest, margins[at]!);
      let sum = 0;
      for (let group = 0; group < classes; group++) {
        exponentials[group] = Math.exp(Math.fround(margins[group * rows + row]! - largest));
        sum += exponentials[group]!;
      }
      const whole = Math.fround(sum);
      const weight = weights ? weights[row]! : 1;
      for (let group = 0; group < classes; group++) {
        const probability = Math.fround(exponentials[group]! / whole);
        const at = (group * rows + row) * 2;
        into[at] = (labels[row] === group ? Math.fround(probability - 1) : probability) * weight;
        into[at + 1] = Math.max(2 * probability * Math.fround(1 - probability) * weight, LEAST_HESSIAN);
      }
    }
  },
  answer: Math.fround,
});

/** @param classes Used by multiclass objectives alone. */
export const trainingObjective = (name: ObjectiveName, scalePosWeight: number, classes: number): TrainingObjective => {
  if (isMulticlass(name)) return multiclassObjective(name, classes);
  // Printed as C prints a float with nine digits, unlike the reals of the trees: 3.29999995 for 3.3.
  const printed = String(Number(Math.fround(scalePosWeight).toPrecision(9)));
  const parameters = { reg_loss_param: { scale_pos_weight: printed } };
  if (name === 'reg:squarederror') {
    return {
      name,
      defaultMetric: 'rmse',
      parameters,
      groups: 1,
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
    groups: 1,
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
 * weigh differently, one Newton step of a constant model from margin 0. For several classes 3.0.5 starts at 0.5 for each,
 * which favours none.
 *
 * @throws UserError in XGBoost 3.0's words if a logistic model would start at certainty: all labels are the same.
 */
export const estimateBaseScore = (
  objective: TrainingObjective,
  { labels, weights }: Labels,
  scalePosWeight: number,
): number => {
  if (objective.groups > 1) return 0.5;
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
