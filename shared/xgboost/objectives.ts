import { UnsupportedModelError } from './unsupported-model-error.ts';

const fround = Math.fround;
/** XGBoost keeps the exponent below the largest one of a float32 (`common/math.h`, Sigmoid). */
const LARGEST_EXPONENT = fround(88.7);

/** XGBoost's logistic function, rounded to float32 at each step as there. */
export const sigmoid = (margin: number): number => {
  const exponential = fround(Math.exp(Math.min(-margin, LARGEST_EXPONENT)));
  return fround(1 / fround(exponential + 1));
};

/** XGBoost keeps certainty at this distance, in models of 3.1 and newer, which estimate it from labels of one class. */
const CERTAINTY = 1e-6;

const logit = (probability: number): number => {
  if (!(probability >= 0 && probability <= 1)) {
    throw new UnsupportedModelError(`base_score is ${probability}; for a logistic objective it lies between 0 and 1`);
  }
  const inside = Math.min(Math.max(probability, fround(CERTAINTY)), fround(1 - CERTAINTY));
  return fround(-fround(Math.log(fround(fround(1 / inside) - 1))));
};

const same = (value: number): number => value;

/** What an objective means for predictions. */
export interface Objective {
  /** From `base_score`, which is on the scale of the answer, to a margin. */
  readonly marginOf: (baseScore: number) => number;
  /** Turns the margins of each row into the answer; `groups` margins per row. */
  readonly answer: (margins: Float32Array, groups: number) => Float32Array;
}

const softmax = (margins: Float32Array, groups: number): Float32Array => {
  const answer = new Float32Array(margins.length);
  for (let start = 0; start < margins.length; start += groups) {
    let largest = margins[start]!;
    for (let group = 1; group < groups; group++) largest = Math.max(largest, margins[start + group]!);
    let sum = 0;
    for (let group = 0; group < groups; group++) {
      const exponential = fround(Math.exp(fround(margins[start + group]! - largest)));
      answer[start + group] = exponential;
      sum += exponential;
    }
    const whole = fround(sum);
    for (let group = 0; group < groups; group++) answer[start + group] = answer[start + group]! / whole;
  }
  return answer;
};

const largestClass = (margins: Float32Array, groups: number): Float32Array => {
  const answer = new Float32Array(margins.length / groups);
  for (let row = 0; row < answer.length; row++) {
    let best = 0;
    for (let group = 1; group < groups; group++) {
      if (margins[row * groups + group]! > margins[row * groups + best]!) best = group;
    }
    answer[row] = best;
  }
  return answer;
};

const copy = (margins: Float32Array): Float32Array => margins.slice();
const probabilities = (margins: Float32Array): Float32Array => margins.map(sigmoid);

/** Objectives whose models are understood; https://xgboost.readthedocs.io/en/stable/parameter.html#learning-task-parameters */
const OBJECTIVES: Readonly<Record<string, Objective>> = {
  'binary:logistic': { marginOf: logit, answer: probabilities },
  'reg:logistic': { marginOf: logit, answer: probabilities },
  'reg:squarederror': { marginOf: same, answer: copy },
  'multi:softprob': { marginOf: same, answer: softmax },
  'multi:softmax': { marginOf: same, answer: largestClass },
};

/** @throws UnsupportedModelError for an objective that is not understood here. */
export const objectiveOf = (name: string): Objective => {
  const objective = Object.hasOwn(OBJECTIVES, name) ? OBJECTIVES[name] : undefined;
  if (!objective) throw new UnsupportedModelError(`objective ${name} is not supported`);
  return objective;
};
