import { type Model, outputGroups, type Tree } from './model.ts';
import { objectiveOf } from './objectives.ts';

/** A table of float32 values, row after row; NaN is a missing value. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

export interface PredictOptions {
  /** Use this many boosting rounds from the start, as XGBoost's `iteration_range=(0, n)`. Default: all. */
  readonly iterations?: number;
}

/**
 * Adds one tree's answers to margins, in place: `margins[row * groups + group]`. The addition is float32, as XGBoost's.
 * Features beyond the matrix's columns are missing.
 */
export const addTree = (tree: Tree, matrix: Matrix, margins: Float32Array, group = 0, groups = 1): void => {
  const { leftChildren, rightChildren, splitIndices, splitConditions, defaultLeft } = tree;
  const { rows, columns, values } = matrix;
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    let node = 0;
    let left = leftChildren[0]!;
    while (left !== -1) {
      const feature = splitIndices[node]!;
      const value = feature < columns ? values[start + feature]! : Number.NaN;
      const goesLeft = value < splitConditions[node]! || (Number.isNaN(value) && defaultLeft[node] === 1);
      node = goesLeft ? left : rightChildren[node]!;
      left = leftChildren[node]!;
    }
    const at = row * groups + group;
    margins[at] = margins[at]! + splitConditions[node]!;
  }
};

/** The margins every row starts from, before any tree. */
const baseMargins = (model: Model, rows: number): Float32Array => {
  const groups = outputGroups(model);
  const base = model.baseScores.map(objectiveOf(model.objective).marginOf);
  const margins = new Float32Array(rows * groups);
  for (let at = 0; at < margins.length; at++) margins[at] = base[base.length === 1 ? 0 : at % groups]!;
  return margins;
};

/**
 * Predicts the raw sums of the trees, `rows * groups` values, with XGBoost's own arithmetic: trees in order, float32
 * after each addition, smaller than the condition goes left, missing goes the learned way. Fewer columns than the model
 * has features are allowed, as in XGBoost: the others are missing.
 *
 * @throws RangeError if the matrix has more columns than the model features, or the model fewer rounds than asked for.
 * @throws UnsupportedModelError if the objective is not understood.
 */
export const predictMargins = (model: Model, matrix: Matrix, options: PredictOptions = {}): Float32Array => {
  if (matrix.columns > model.featureCount) {
    throw new RangeError(`the data has ${matrix.columns} columns, the model ${model.featureCount} features`);
  }
  if (matrix.values.length !== matrix.rows * matrix.columns) {
    throw new RangeError(`${matrix.values.length} values do not make ${matrix.rows} rows of ${matrix.columns}`);
  }
  const rounds = options.iterations ?? model.iterationStarts.length - 1;
  const end = model.iterationStarts[rounds];
  if (end === undefined) throw new RangeError(`the model has fewer than ${rounds} iterations`);
  const groups = outputGroups(model);
  const margins = baseMargins(model, matrix.rows);
  for (let index = 0; index < end; index++) {
    addTree(model.trees[index]!, matrix, margins, model.treeGroups[index]!, groups);
  }
  return margins;
};

/**
 * Predicts on the scale of the answer: a probability for `binary:logistic`, a value for regression, one probability per
 * class for `multi:softprob` (`rows * classes` values), the class for `multi:softmax`.
 *
 * @throws as {@link predictMargins}.
 */
export const predict = (model: Model, matrix: Matrix, options: PredictOptions = {}): Float32Array =>
  objectiveOf(model.objective).answer(predictMargins(model, matrix, options), outputGroups(model));
