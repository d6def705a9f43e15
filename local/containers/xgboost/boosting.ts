import { firstIterations, iterationCount, type Model, type Tree, type Version } from '../../../shared/xgboost/model.ts';
import { objectiveOf } from '../../../shared/xgboost/objectives.ts';
import { addTree, type Matrix, predictMargins } from '../../../shared/xgboost/predict.ts';
import { binMatrix } from './binning.ts';
import { createEarlyStopping, type EarlyStopping } from './early-stopping.ts';
import type { Metric } from './metrics.ts';
import { createRandom } from './random.ts';
import { estimateBaseScore, type Labels, type ObjectiveName, trainingObjective } from './training-objective.ts';
import { createTreeGrower, type TreeParameters } from './tree-growing.ts';

/** Features and what was true of them. */
export interface Dataset extends Labels {
  readonly features: Matrix;
}

export interface BoostingParameters extends TreeParameters {
  readonly objective: ObjectiveName;
  readonly rounds: number;
  readonly maxBins: number;
  /** The share of rows each tree learns from. */
  readonly subsample: number;
  readonly scalePosWeight: number;
  /** Of a multiclass objective, and of no other. */
  readonly classes?: number;
  /** On the scale of the answer; undefined: estimated from the labels. */
  readonly baseScore: number | undefined;
  readonly seed: number;
  readonly metrics: readonly Metric[];
  readonly earlyStopping: EarlyStopping | undefined;
}

export interface RoundScore {
  readonly data: string;
  readonly metric: string;
  readonly value: number;
}

export interface Round {
  /** From 0. */
  readonly round: number;
  /** Of each data set in turn, each metric in turn. */
  readonly scores: readonly RoundScore[];
  /** The model as it stands after this round. */
  readonly model: () => Model;
}

/** The line of XGBoost the image `3.0-5` holds; its models are written as this version writes them. */
const VERSION: Version = [3, 0, 5];

interface Watched extends Dataset {
  readonly name: string;
  /** Those of all rows, class after class: a tree adds to one class. */
  readonly margins: Float32Array;
}

/**
 * Gradient boosting with histograms, one round each time the generator is asked on, so that whoever drives it can print,
 * save and stop in between. Returns the model; with early stopping, up to its best round, as the image keeps it
 * (`EarlyStopping(save_best=True)`).
 *
 * The same data, parameters and seed give the same model.
 *
 * @param validation Scored after each round, and never learned from.
 * @param initial Goes on from this model, as from a checkpoint; its rounds count towards `parameters.rounds`.
 */
export function* boost(
  train: Dataset,
  validation: Dataset | undefined,
  parameters: BoostingParameters,
  initial?: Model,
): Generator<Round, Model> {
  const classes = parameters.classes ?? 0;
  const objective = trainingObjective(parameters.objective, parameters.scalePosWeight, classes);
  const { groups } = objective;
  objective.checkLabels(train.labels);
  if (validation) objective.checkLabels(validation.labels);
  const random = createRandom(parameters.seed);
  const { rows, columns } = train.features;
  const baseScore = Math.fround(parameters.baseScore ?? estimateBaseScore(objective, train, parameters.scalePosWeight));
  const trees: Tree[] = [...(initial?.trees ?? [])];

  const modelOf = (attributes: Readonly<Record<string, string>>): Model => ({
    version: VERSION,
    objective: parameters.objective,
    objectiveParameters: objective.parameters,
    featureCount: columns,
    classCount: classes,
    baseScores: initial?.baseScores ?? Float32Array.of(baseScore),
    boostFromAverage: parameters.baseScore === undefined,
    trees: [...trees],
    treeGroups: Int32Array.from({ length: trees.length }, (_, tree) => tree % groups),
    parallelTrees: 1,
    iterationStarts: Int32Array.from({ length: trees.length / groups + 1 }, (_, round) => round * groups),
    featureNames: [],
    featureTypes: [],
    attributes,
  });
  const startMargins = (features: Matrix): Float32Array =>
    initial
      ? byClass(predictMargins(initial, features), groups)
      : new Float32Array(features.rows * groups).fill(objectiveOf(parameters.objective).marginOf(baseScore));

  const watched: Watched[] = [{ ...train, name: 'train', margins: startMargins(train.features) }];
  if (validation) watched.push({ ...validation, name: 'validation', margins: startMargins(validation.features) });
  const margins = watched[0]!.margins;
  const gradients = new Float32Array(rows * groups * 2);
  const grower = createTreeGrower(binMatrix(train.features, train.weights, parameters.maxBins), parameters, random);
  const sampleRows = createRowSampler(rows, parameters.subsample, random.chance);
  const stopping = parameters.earlyStopping && createEarlyStopping(parameters.earlyStopping);

  const firstRound = initial ? iterationCount(initial) : 0;
  for (let round = firstRound; round < parameters.rounds; round++) {
    objective.gradients(margins, train, gradients);
    for (let group = 0; group < groups; group++) {
      const pairs = gradients.subarray(group * rows * 2, (group + 1) * rows * 2);
      const tree = grower.grow(pairs, sampleRows(), partOf(margins, group, groups));
      trees.push(tree);
      if (validation) addTree(tree, validation.features, partOf(watched[1]!.margins, group, groups));
    }
    const scores = watched.flatMap(({ name, margins: scored, labels, weights }) =>
      parameters.metrics.map((metric) => ({
        data: name,
        metric: metric.name,
        value: metric.compute({ margins: scored, labels, weights, objective: parameters.objective, classes }),
      })),
    );
    const isOver = stopping?.observe(round, scores) ?? false;
    yield { round, scores, model: () => modelOf({}) };
    if (isOver) break;
  }

  const best = stopping?.best();
  if (!best) return modelOf({});
  const attributes = { best_iteration: String(best.round), best_score: String(best.score) };
  return firstIterations(modelOf(attributes), best.round + 1);
}

const partOf = (margins: Float32Array, group: number, groups: number): Float32Array => {
  const rows = margins.length / groups;
  return margins.subarray(group * rows, (group + 1) * rows);
};

/** From row after row to class after class. */
const byClass = (margins: Float32Array, groups: number): Float32Array => {
  if (groups === 1) return margins;
  const rows = margins.length / groups;
  return margins.map((_, at) => margins[(at % rows) * groups + Math.floor(at / rows)]!);
};

/** Answers with the rows of each round's sample, in order; the array is the same each time. */
const createRowSampler = (rows: number, share: number, chance: (probability: number) => boolean) => {
  const all = Uint32Array.from({ length: rows }, (_, row) => row);
  const chosen = new Uint32Array(rows);
  return (): Uint32Array => {
    if (share === 1) {
      chosen.set(all);
      return chosen;
    }
    let count = 0;
    for (let row = 0; row < rows; row++) if (chance(share)) chosen[count++] = row;
    return chosen.subarray(0, count);
  };
};
