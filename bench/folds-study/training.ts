import { type BoostingParameters, boost } from '../../local/containers/xgboost/boosting.ts';
import type { Model } from '../../shared/xgboost/model.ts';
import { type Matrix, predictMargins } from '../../shared/xgboost/predict.ts';
import { BINARY_DEFAULTS } from '../binary-boosting.ts';
import { featuresOf, type Rows, rowsAt } from './draws.ts';

/** What the models answer: whether a flight is late, or by how many minutes. */
export type Problem = 'binary' | 'regression';

/** A flight is late by more minutes than these. */
const LATE = 15;

/** The recipe of every model of the study, small as suits few rows; the names are XGBoost's. */
export const RECIPE = { rounds: 30, maxDepth: 3, eta: 0.1, minChildWeight: 5, subsample: 0.8, maxBins: 64 } as const;

/** The labels of the rows. */
export const labelsOf = ({ delays }: Rows, problem: Problem): Float64Array =>
  problem === 'binary' ? delays.map((delay) => (delay > LATE ? 1 : 0)) : delays;

/** A model trained on all rows, and for each fold one without it. */
export interface Trained {
  readonly served: Model;
  /** Of each number of folds the models that judge. */
  readonly blind: ReadonlyMap<number, readonly Model[]>;
}

/** Rows, and for each number of folds the fold of each row. */
export interface FoldedRows {
  readonly rows: Rows;
  readonly folds: ReadonlyMap<number, Uint32Array>;
}

function trained(features: Matrix, rows: Rows, problem: Problem, seed: number): Model {
  const parameters: BoostingParameters = {
    ...BINARY_DEFAULTS,
    ...RECIPE,
    // Of the image and of XGBoost alike: https://xgboost.readthedocs.io/en/stable/parameter.html
    objective: problem === 'binary' ? 'binary:logistic' : 'reg:squarederror',
    seed,
  };
  const labels = Float32Array.from(labelsOf(rows, problem));
  const rounds = boost({ features: featuresOf(features, rows), labels, weights: undefined }, undefined, parameters);
  let step = rounds.next();
  while (!step.done) step = rounds.next();
  return step.value;
}

/** Some of the rows, those from `start` to before `end`. */
export const rowsBetween = ({ rows, folds }: FoldedRows, start: number, end: number): FoldedRows => ({
  rows: { cells: rows.cells.subarray(start, end), delays: rows.delays.subarray(start, end) },
  folds: new Map(Array.from(folds, ([of, ids]) => [of, ids.subarray(start, end)])),
});

/** Trains as a run does: one model of all rows, and one without each fold. */
export function train(features: Matrix, { rows, folds }: FoldedRows, problem: Problem, seed: number): Trained {
  const blind = Array.from(folds, ([of, ids]): [number, Model[]] => {
    const models = Array.from({ length: of }, (_, fold) => {
      const others = Uint32Array.from(ids.keys()).filter((row) => ids[row] !== fold);
      return trained(features, rowsAt(rows, others), problem, seed);
    });
    return [of, models];
  });
  return { served: trained(features, rows, problem, seed), blind: new Map(blind) };
}

/** The answers of a model before they are made probabilities. */
export const marginsOf = (model: Model, features: Matrix): Float64Array =>
  Float64Array.from(predictMargins(model, features));

/** What is said of each row by the model that never saw its fold. */
export function blindMargins({ blind }: Trained, { rows, folds }: FoldedRows, of: number, cells: Matrix): Float64Array {
  const [models, ids] = [blind.get(of), folds.get(of)];
  if (models === undefined || ids === undefined) throw new RangeError(`nothing was trained in ${of} folds`);
  const margins = new Float64Array(ids.length);
  models.forEach((model, fold) => {
    const judged = Uint32Array.from(ids.keys()).filter((row) => ids[row] === fold);
    const said = marginsOf(model, featuresOf(cells, rowsAt(rows, judged)));
    judged.forEach((row, at) => {
      margins[row] = said[at] ?? Number.NaN;
    });
  });
  return margins;
}
