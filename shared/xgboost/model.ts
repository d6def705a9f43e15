/**
 * A boosted tree ensemble as XGBoost stores it: one array per attribute of a node, indexed by node id, the root is 0.
 * Reals are float32 throughout, because that is what XGBoost computes with and writes.
 *
 * Source: "Introduction to Model IO" and its JSON schema, https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html
 */
export interface Tree {
  /** -1 marks a leaf. */
  readonly leftChildren: Int32Array;
  readonly rightChildren: Int32Array;
  /** {@link NO_PARENT} for the root. */
  readonly parents: Int32Array;
  /** The feature a node splits on; 0 in leaves. */
  readonly splitIndices: Int32Array;
  /** A row goes left if its value is smaller than this. In leaves: the value added to the margin. */
  readonly splitConditions: Float32Array;
  /** 1: a missing value goes left. */
  readonly defaultLeft: Uint8Array;
  readonly baseWeights: Float32Array;
  readonly lossChanges: Float32Array;
  readonly sumHessian: Float32Array;
  /** Nodes that a pruner took out and that still stand in the arrays. */
  readonly deletedNodes: number;
}

/** What XGBoost writes as the parent of a root (its 32-bit "invalid node id"). */
export const NO_PARENT = 2147483647;

/** The version of XGBoost that wrote a model: major, minor, patch. */
export type Version = readonly [number, number, number];

export interface Model {
  readonly version: Version;
  /** XGBoost's name of the objective, `binary:logistic`. */
  readonly objective: string;
  /** The objective's own settings as they stand in the file, `{ reg_loss_param: { scale_pos_weight: '1' } }`. */
  readonly objectiveParameters: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly featureCount: number;
  /** 0 unless the objective is a multiclass one. */
  readonly classCount: number;
  /**
   * The prediction before any tree, on the scale of the answer (a probability for `binary:logistic`). One value, or one
   * per class, which XGBoost writes since 3.1.
   */
  readonly baseScores: Float32Array;
  /** True if `baseScores` was estimated from the labels, not given. */
  readonly boostFromAverage: boolean;
  readonly trees: readonly Tree[];
  /** The class each tree adds to; 0 with one output. */
  readonly treeGroups: Int32Array;
  /** Trees grown side by side in one iteration. */
  readonly parallelTrees: number;
  /** Iteration i holds the trees from `iterationStarts[i]` up to, not including, `iterationStarts[i + 1]`. */
  readonly iterationStarts: Int32Array;
  readonly featureNames: readonly string[];
  readonly featureTypes: readonly string[];
  /** Free text a trainer kept: `best_iteration`, `best_score`. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** How many values a model answers with for one row, before the objective's transformation. */
export const outputGroups = (model: Model): number => Math.max(1, model.classCount);

/** How many boosting rounds a model holds. */
export const iterationCount = (model: Model): number => model.iterationStarts.length - 1;

/**
 * The model's first rounds alone, as Python's `booster[:rounds]`; attributes are kept, as XGBoost keeps them.
 *
 * @throws RangeError if the model has fewer rounds.
 */
export const firstIterations = (model: Model, rounds: number): Model => {
  const end = model.iterationStarts[rounds];
  if (end === undefined) throw new RangeError(`the model has ${iterationCount(model)} iterations, not ${rounds}`);
  return {
    ...model,
    trees: model.trees.slice(0, end),
    treeGroups: model.treeGroups.slice(0, end),
    iterationStarts: model.iterationStarts.slice(0, rounds + 1),
  };
};
