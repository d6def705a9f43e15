import { type DocumentObject, type DocumentValue, isDocumentObject } from './document.ts';
import { xgboostFloat } from './float-text.ts';
import type { Model, Tree, Version } from './model.ts';
import { outputGroups } from './model.ts';
import { objectiveOf } from './objectives.ts';
import { UnsupportedModelError } from './unsupported-model-error.ts';

/** One member of a document and where it stands, so that an error can name it. */
class Member {
  readonly path: string;
  readonly value: DocumentValue | undefined;

  constructor(value: DocumentValue | undefined, path: string) {
    this.value = value;
    this.path = path;
  }

  fail(expected: string): never {
    throw new UnsupportedModelError(`the model is not XGBoost's: ${this.path || 'the document'} is not ${expected}`);
  }

  object(): DocumentObject {
    return isDocumentObject(this.value) ? this.value : this.fail('an object');
  }

  get(name: string): Member {
    const object = this.object();
    return new Member(
      Object.hasOwn(object, name) ? object[name] : undefined,
      this.path ? `${this.path}.${name}` : name,
    );
  }

  has(name: string): boolean {
    return Object.hasOwn(this.object(), name);
  }

  text(): string {
    return typeof this.value === 'string' ? this.value : this.fail('text');
  }

  /** A whole number, which XGBoost writes as text in its parameter blocks. */
  count(): number {
    const value = typeof this.value === 'string' ? Number(this.value) : this.value;
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : this.fail('a count');
  }

  items(): Member[] {
    if (!Array.isArray(this.value)) return this.fail('an array');
    return this.value.map((item: DocumentValue, index) => new Member(item, `${this.path}[${index}]`));
  }

  /** Numbers, however the file types them. */
  numbers(): ArrayLike<number> {
    const { value } = this;
    if (value instanceof BigInt64Array) return Array.from(value, Number);
    if (ArrayBuffer.isView(value) && 'length' in value) return value;
    if (!Array.isArray(value)) return this.fail('an array of numbers');
    return value.map((item: DocumentValue) => {
      // The file of XGBoost 1.6 types default_left as booleans in JSON.
      if (typeof item === 'boolean') return Number(item);
      return typeof item === 'number' ? item : this.fail('an array of numbers');
    });
  }

  floats(length: number): Float32Array {
    return Float32Array.from(this.#sized(length));
  }

  integers(length: number): Int32Array {
    const numbers = this.#sized(length);
    for (let index = 0; index < numbers.length; index++) {
      if (!Number.isInteger(numbers[index])) this.fail('an array of integers');
    }
    return Int32Array.from(numbers);
  }

  #sized(length: number): ArrayLike<number> {
    const numbers = this.numbers();
    return numbers.length === length ? numbers : this.fail(`an array of ${length}`);
  }

  texts(): string[] {
    return this.value === undefined ? [] : this.items().map((item) => item.text());
  }

  textMembers(): Record<string, string> {
    if (this.value === undefined) return {};
    return Object.fromEntries(Object.keys(this.object()).map((name) => [name, this.get(name).text()]));
  }
}

const treeFrom = (member: Member, featureCount: number): Tree => {
  const parameters = member.get('tree_param');
  const nodes = parameters.get('num_nodes').count();
  if (parameters.get('size_leaf_vector').count() > 1) {
    throw new UnsupportedModelError(
      'trees with a vector in each leaf (multi_strategy=multi_output_tree) are not supported',
    );
  }
  if (nodes === 0) member.fail('a tree with a root');
  const isCategorical =
    (member.has('categories_nodes') && member.get('categories_nodes').numbers().length > 0) ||
    (member.has('split_type') && Array.from(member.get('split_type').numbers()).some((type) => type !== 0));
  if (isCategorical) throw new UnsupportedModelError('categorical splits are not supported');
  const tree: Tree = {
    leftChildren: member.get('left_children').integers(nodes),
    rightChildren: member.get('right_children').integers(nodes),
    parents: member.get('parents').integers(nodes),
    splitIndices: member.get('split_indices').integers(nodes),
    splitConditions: member.get('split_conditions').floats(nodes),
    defaultLeft: Uint8Array.from(member.get('default_left').integers(nodes)),
    baseWeights: member.get('base_weights').floats(nodes),
    lossChanges: member.get('loss_changes').floats(nodes),
    sumHessian: member.get('sum_hessian').floats(nodes),
    deletedNodes: parameters.get('num_deleted').count(),
  };
  checkShape(tree, member, featureCount);
  return tree;
};

/** A prediction walks from the root until it finds a leaf: every path must end, within the arrays, on known features. */
const checkShape = (tree: Tree, member: Member, featureCount: number): void => {
  const reached = new Uint8Array(tree.leftChildren.length);
  const open = [0];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (reached[node] !== 0) member.fail('a tree: a node has two parents');
    reached[node] = 1;
    const left = tree.leftChildren[node]!;
    const right = tree.rightChildren[node]!;
    if (left === -1 && right === -1) continue;
    for (const child of [left, right]) {
      if (child < 0 || child >= reached.length) member.fail(`a tree: node ${node} has child ${child}`);
      open.push(child);
    }
    const feature = tree.splitIndices[node]!;
    if (feature < 0 || feature >= featureCount) member.fail(`a tree over ${featureCount} features`);
  }
};

/** `5E-1` up to XGBoost 3.0, `[5E-1]` or one value per class since 3.1. */
const baseScoresFrom = (member: Member, groups: number): Float32Array => {
  const text = member.text().trim();
  const parts = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1).split(',') : [text];
  const scores = Float32Array.from(parts, (part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (!scores.every(Number.isFinite)) return member.fail('a number or a list of numbers');
  if (scores.length !== 1 && scores.length !== groups)
    return member.fail(`one number or one for each of ${groups} classes`);
  return scores;
};

/**
 * Builds a model from what stood in the file, and checks that predicting with it is safe.
 *
 * @throws UnsupportedModelError naming the member that is not what XGBoost writes, or what is not supported: boosters
 *   other than gbtree, categorical splits, several targets, vector leaves, unknown objectives.
 */
export const modelFromDocument = (document: DocumentValue): Model => {
  const root = new Member(document, '');
  if (!root.has('learner')) root.fail('a model (it has no "learner")');
  const learner = root.get('learner');
  const booster = learner.get('gradient_booster');
  const boosterName = booster.get('name').text();
  if (boosterName !== 'gbtree') throw new UnsupportedModelError(`booster ${boosterName} is not supported; gbtree is`);
  const version = root.get('version').numbers();
  const [major, minor, patch] = [version[0], version[1], version[2]];
  if (version.length !== 3 || major === undefined || minor === undefined || patch === undefined) {
    return root.get('version').fail('three numbers');
  }

  const parameters = learner.get('learner_model_param');
  const featureCount = parameters.get('num_feature').count();
  const classCount = parameters.get('num_class').count();
  if (parameters.has('num_target') && parameters.get('num_target').count() > 1) {
    throw new UnsupportedModelError('models of several targets are not supported');
  }
  const objective = learner.get('objective');
  const objectiveName = objective.get('name').text();
  objectiveOf(objectiveName);
  const objectiveParameters = Object.fromEntries(
    Object.keys(objective.object())
      .filter((name) => name !== 'name')
      .map((name) => [name, objective.get(name).textMembers()]),
  );

  const forest = booster.get('model');
  const forestParameters = forest.get('gbtree_model_param');
  const treeCount = forestParameters.get('num_trees').count();
  const parallelTrees = forestParameters.has('num_parallel_tree')
    ? forestParameters.get('num_parallel_tree').count()
    : 1;
  const trees = forest.get('trees').items();
  if (trees.length !== treeCount) forest.get('trees').fail(`an array of ${treeCount}`);
  const groups = Math.max(1, classCount);
  const treeGroups = forest.get('tree_info').integers(treeCount);
  if (treeGroups.some((group) => group < 0 || group >= groups)) forest.get('tree_info').fail('the class of each tree');
  // Written since XGBoost 2.0; before, a round always had one tree for each class and each parallel tree.
  const iterationStarts = forest.has('iteration_indptr')
    ? Int32Array.from(forest.get('iteration_indptr').numbers())
    : Int32Array.from(
        { length: treeCount / (groups * parallelTrees) + 1 },
        (_, round) => round * groups * parallelTrees,
      );
  if (
    iterationStarts[0] !== 0 ||
    iterationStarts.at(-1) !== treeCount ||
    iterationStarts.some((start, at) => at > 0 && start < iterationStarts[at - 1]!)
  ) {
    forest.fail(`divided into rounds: they hold ${iterationStarts.at(-1)} of ${treeCount} trees`);
  }

  return {
    version: [major, minor, patch],
    objective: objectiveName,
    objectiveParameters,
    featureCount,
    classCount,
    baseScores: baseScoresFrom(parameters.get('base_score'), groups),
    boostFromAverage: parameters.has('boost_from_average')
      ? parameters.get('boost_from_average').text() === '1'
      : false,
    trees: trees.map((tree) => treeFrom(tree, featureCount)),
    treeGroups,
    parallelTrees,
    iterationStarts,
    featureNames: learner.get('feature_names').texts(),
    featureTypes: learner.get('feature_types').texts(),
    attributes: learner.get('attributes').textMembers(),
  };
};

const isAtLeast = (version: Version, major: number, minor: number): boolean =>
  version[0] > major || (version[0] === major && version[1] >= minor);

const treeDocument = (tree: Tree, id: number, model: Model): DocumentObject => {
  const nodes = tree.leftChildren.length;
  return {
    base_weights: tree.baseWeights,
    categories: new Int32Array(0),
    categories_nodes: new Int32Array(0),
    categories_segments: new BigInt64Array(0),
    categories_sizes: new BigInt64Array(0),
    default_left: tree.defaultLeft,
    id,
    left_children: tree.leftChildren,
    loss_changes: tree.lossChanges,
    parents: tree.parents,
    right_children: tree.rightChildren,
    split_conditions: tree.splitConditions,
    split_indices: tree.splitIndices,
    split_type: new Uint8Array(nodes),
    sum_hessian: tree.sumHessian,
    tree_param: {
      num_deleted: String(tree.deletedNodes),
      num_feature: String(model.featureCount),
      num_nodes: String(nodes),
      size_leaf_vector: isAtLeast(model.version, 2, 0) ? '1' : '0',
    },
  };
};

/** The document XGBoost of the model's version would write: names in the order of the alphabet, parameters as text. */
export const documentFromModel = (model: Model): DocumentObject => {
  const isVectorBase = isAtLeast(model.version, 3, 1);
  if (!isVectorBase && model.baseScores.length > 1) {
    throw new RangeError(`XGBoost ${model.version.join('.')} has one base_score, not ${outputGroups(model)}`);
  }
  const baseScores = Array.from(model.baseScores, xgboostFloat).join(',');
  return {
    learner: {
      attributes: model.attributes,
      feature_names: model.featureNames,
      feature_types: model.featureTypes,
      gradient_booster: {
        model: {
          ...(isVectorBase && {
            cats: { enc: [], feature_segments: new Int32Array(0), sorted_idx: new Int32Array(0) },
          }),
          gbtree_model_param: {
            num_parallel_tree: String(model.parallelTrees),
            num_trees: String(model.trees.length),
          },
          iteration_indptr: Array.from(model.iterationStarts),
          tree_info: Array.from(model.treeGroups),
          trees: model.trees.map((tree, id) => treeDocument(tree, id, model)),
        },
        name: 'gbtree',
      },
      learner_model_param: {
        base_score: isVectorBase ? `[${baseScores}]` : baseScores,
        boost_from_average: model.boostFromAverage ? '1' : '0',
        num_class: String(model.classCount),
        num_feature: String(model.featureCount),
        num_target: '1',
      },
      objective: { name: model.objective, ...model.objectiveParameters },
    },
    version: Array.from(model.version),
  };
};
