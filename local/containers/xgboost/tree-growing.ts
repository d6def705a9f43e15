import { NO_PARENT, type Tree } from '../../../shared/xgboost/model.ts';
import type { BinnedMatrix } from './binning.ts';
import type { Random } from './random.ts';
import { findSplit, leafWeight, type Split, type SplitParameters } from './split-search.ts';

export interface TreeParameters extends SplitParameters {
  /** Shrinks each leaf. */
  readonly eta: number;
  /** 0: no limit. */
  readonly maxDepth: number;
  /** 0: no limit. */
  readonly maxLeaves: number;
  /** Which node is divided next: level by level, or the one that gains most. */
  readonly growPolicy: 'depthwise' | 'lossguide';
  readonly colsampleByTree: number;
  readonly colsampleByLevel: number;
  readonly colsampleByNode: number;
}

/** A node whose rows are known and that may still be divided. */
interface OpenNode {
  readonly id: number;
  readonly depth: number;
  readonly begin: number;
  readonly end: number;
  readonly gradient: number;
  readonly hessian: number;
  readonly histogram: Float64Array;
  readonly split: Split;
}

/** A leaf, the rows in it, and what it adds to their margins. */
type Leaf = { readonly node: number; readonly begin: number; readonly end: number };

/** Columns of the tree under construction. */
const emptyTree = () => ({
  left: [] as number[],
  right: [] as number[],
  parent: [] as number[],
  feature: [] as number[],
  condition: [] as number[],
  lastLeftBin: [] as number[],
  defaultLeft: [] as number[],
  weight: [] as number[],
  gain: [] as number[],
  hessian: [] as number[],
});

/**
 * Grows one tree at a time by histograms (Chen and Guestrin 2016; the method of XGBoost's `hist`). A node's histogram is
 * built from its rows for the smaller of two siblings only; the other's is the parent's less that.
 *
 * Deterministic: the same data, gradients and random numbers give the same tree.
 */
export const createTreeGrower = (data: BinnedMatrix, parameters: TreeParameters, random: Random) => {
  const { features, rows: rowCount } = data;
  const allFeatures = features.map((_, feature) => feature).filter((feature) => features[feature]!.cuts.length > 0);
  const offsets = new Int32Array(features.length);
  let slots = 0;
  features.forEach((feature, index) => {
    offsets[index] = slots;
    slots += feature.cuts.length + 1;
  });
  const free: Float64Array[] = [];
  const takeHistogram = (): Float64Array => free.pop()?.fill(0) ?? new Float64Array(slots * 2);
  const setAside = new Uint32Array(rowCount);
  const ordered = new Float32Array(rowCount * 2);
  const goesLeft = new Uint8Array(65536);

  const fillHistogram = (
    histogram: Float64Array,
    rows: Uint32Array,
    begin: number,
    end: number,
    gradients: Float32Array,
    treeFeatures: readonly number[],
  ): void => {
    const count = end - begin;
    // One pass puts the pairs side by side, so that the pass over each feature reads them in sequence.
    for (let at = 0; at < count; at++) {
      const row = rows[begin + at]!;
      ordered[at * 2] = gradients[row * 2]!;
      ordered[at * 2 + 1] = gradients[row * 2 + 1]!;
    }
    // Two features a pass halve the reading of rows and pairs.
    let next = 0;
    for (; next + 1 < treeFeatures.length; next += 2) {
      const one = treeFeatures[next]!;
      const other = treeFeatures[next + 1]!;
      addTwo(
        histogram,
        offsets[one]!,
        features[one]!.codes,
        offsets[other]!,
        features[other]!.codes,
        rows,
        begin,
        count,
      );
    }
    if (next < treeFeatures.length) {
      const last = treeFeatures[next]!;
      addOne(histogram, offsets[last]!, features[last]!.codes, rows, begin, count);
    }
  };

  const addOne = (
    histogram: Float64Array,
    offset: number,
    codes: Uint8Array | Uint16Array,
    rows: Uint32Array,
    begin: number,
    count: number,
  ): void => {
    for (let at = 0; at < count; at++) {
      const slot = (offset + codes[rows[begin + at]!]!) << 1;
      histogram[slot] = histogram[slot]! + ordered[at << 1]!;
      histogram[slot + 1] = histogram[slot + 1]! + ordered[(at << 1) + 1]!;
    }
  };

  const addTwo = (
    histogram: Float64Array,
    offset: number,
    codes: Uint8Array | Uint16Array,
    otherOffset: number,
    otherCodes: Uint8Array | Uint16Array,
    rows: Uint32Array,
    begin: number,
    count: number,
  ): void => {
    for (let at = 0; at < count; at++) {
      const row = rows[begin + at]!;
      const gradient = ordered[at << 1]!;
      const hessian = ordered[(at << 1) + 1]!;
      const slot = (offset + codes[row]!) << 1;
      histogram[slot] = histogram[slot]! + gradient;
      histogram[slot + 1] = histogram[slot + 1]! + hessian;
      const otherSlot = (otherOffset + otherCodes[row]!) << 1;
      histogram[otherSlot] = histogram[otherSlot]! + gradient;
      histogram[otherSlot + 1] = histogram[otherSlot + 1]! + hessian;
    }
  };

  /** Puts the rows that go left before those that go right, each side in its old order; answers where the right begin. */
  const partition = (rows: Uint32Array, begin: number, end: number, split: Split): number => {
    const { codes, cuts } = features[split.feature]!;
    for (let code = 0; code <= cuts.length; code++) goesLeft[code] = code <= split.lastLeftBin ? 1 : 0;
    goesLeft[cuts.length] = split.missingGoesLeft ? 1 : 0;
    let left = begin;
    let right = 0;
    // Both writes, and one of them kept: which way a row goes cannot be foreseen, and a wrong guess costs more.
    for (let at = begin; at < end; at++) {
      const row = rows[at]!;
      const isLeft = goesLeft[codes[row]!]!;
      rows[left] = row;
      setAside[right] = row;
      left += isLeft;
      right += 1 - isLeft;
    }
    rows.set(setAside.subarray(0, right), left);
    return left;
  };

  const sampled = (from: readonly number[], share: number): readonly number[] =>
    // XGBoost keeps at least one feature: src/common/random.h, ColumnSampler.
    share === 1 ? from : random.sample(from, Math.max(1, Math.floor(from.length * share)));

  /**
   * @param gradients Pairs of gradient and hessian, per row.
   * @param rows The rows to learn from; reordered in place.
   * @param margins The leaf's value is added to the margin of every row of the data, learned from or not.
   */
  const grow = (gradients: Float32Array, rows: Uint32Array, margins: Float32Array): Tree => {
    const { maxDepth, maxLeaves, growPolicy, eta, minChildWeight } = parameters;
    const shrinkage = Math.fround(eta);
    const treeFeatures = sampled(allFeatures, parameters.colsampleByTree);
    const levelFeatures: (readonly number[])[] = [];
    const featuresAt = (depth: number): readonly number[] => {
      levelFeatures[depth] ??= sampled(treeFeatures, parameters.colsampleByLevel);
      return sampled(levelFeatures[depth], parameters.colsampleByNode);
    };
    const tree = emptyTree();
    const leaves: Leaf[] = [];
    const open: OpenNode[] = [];

    const addNode = (parent: number, gradient: number, hessian: number): number => {
      const weight = Math.fround(leafWeight(gradient, hessian, parameters));
      tree.left.push(-1);
      tree.right.push(-1);
      tree.parent.push(parent);
      tree.feature.push(0);
      tree.condition.push(Math.fround(weight * shrinkage));
      tree.lastLeftBin.push(0);
      tree.defaultLeft.push(0);
      tree.weight.push(weight);
      tree.gain.push(0);
      tree.hessian.push(hessian);
      return tree.left.length - 1;
    };
    const canSplit = (depth: number, begin: number, end: number, hessian: number): boolean =>
      (maxDepth === 0 || depth < maxDepth) && end - begin > 1 && hessian >= 2 * minChildWeight;
    const consider = (
      id: number,
      depth: number,
      begin: number,
      end: number,
      gradient: number,
      hessian: number,
      histogram: Float64Array | undefined,
    ): void => {
      const split =
        histogram && findSplit(histogram, offsets, features, featuresAt(depth), gradient, hessian, parameters);
      if (histogram && split) {
        open.push({ id, depth, begin, end, gradient, hessian, histogram, split });
      } else {
        if (histogram) free.push(histogram);
        leaves.push({ node: id, begin, end });
      }
    };
    const takeNext = (): OpenNode | undefined => {
      if (growPolicy === 'depthwise') return open.shift();
      let best = 0;
      for (let at = 1; at < open.length; at++) if (open[at]!.split.gain > open[best]!.split.gain) best = at;
      return open.splice(best, 1)[0];
    };

    let rootGradient = 0;
    let rootHessian = 0;
    for (const row of rows) {
      rootGradient += gradients[row * 2]!;
      rootHessian += gradients[row * 2 + 1]!;
    }
    addNode(NO_PARENT, rootGradient, rootHessian);
    let rootHistogram: Float64Array | undefined;
    if (canSplit(0, 0, rows.length, rootHessian)) {
      rootHistogram = takeHistogram();
      fillHistogram(rootHistogram, rows, 0, rows.length, gradients, treeFeatures);
    }
    consider(0, 0, 0, rows.length, rootGradient, rootHessian, rootHistogram);

    let leafCount = 1;
    for (let node = takeNext(); node; node = takeNext()) {
      const { id, depth, begin, end, split, histogram } = node;
      if (maxLeaves > 0 && leafCount >= maxLeaves) {
        free.push(histogram);
        leaves.push({ node: id, begin, end });
        continue;
      }
      leafCount++;
      const middle = partition(rows, begin, end, split);
      const rightGradient = node.gradient - split.leftGradient;
      const rightHessian = node.hessian - split.leftHessian;
      const left = addNode(id, split.leftGradient, split.leftHessian);
      const right = addNode(id, rightGradient, rightHessian);
      tree.left[id] = left;
      tree.right[id] = right;
      tree.feature[id] = split.feature;
      tree.condition[id] = split.condition;
      tree.lastLeftBin[id] = split.lastLeftBin;
      tree.defaultLeft[id] = split.missingGoesLeft ? 1 : 0;
      tree.gain[id] = split.gain;

      const leftMay = canSplit(depth + 1, begin, middle, split.leftHessian);
      const rightMay = canSplit(depth + 1, middle, end, rightHessian);
      let leftHistogram: Float64Array | undefined;
      let rightHistogram: Float64Array | undefined;
      if (leftMay || rightMay) {
        const isLeftSmaller = middle - begin <= end - middle;
        const smaller = takeHistogram();
        if (isLeftSmaller) fillHistogram(smaller, rows, begin, middle, gradients, treeFeatures);
        else fillHistogram(smaller, rows, middle, end, gradients, treeFeatures);
        for (let slot = 0; slot < histogram.length; slot++) histogram[slot] = histogram[slot]! - smaller[slot]!;
        [leftHistogram, rightHistogram] = isLeftSmaller ? [smaller, histogram] : [histogram, smaller];
      } else {
        free.push(histogram);
      }
      if (leftHistogram && !leftMay) {
        free.push(leftHistogram);
        leftHistogram = undefined;
      }
      if (rightHistogram && !rightMay) {
        free.push(rightHistogram);
        rightHistogram = undefined;
      }
      consider(left, depth + 1, begin, middle, split.leftGradient, split.leftHessian, leftHistogram);
      consider(right, depth + 1, middle, end, rightGradient, rightHessian, rightHistogram);
    }

    for (const { node, begin, end } of leaves) {
      const value = tree.condition[node]!;
      // XGBoost, too, keeps a leaf's shrunken value as its base weight.
      tree.weight[node] = value;
      for (let at = begin; at < end; at++) margins[rows[at]!] = margins[rows[at]!]! + value;
    }
    if (rows.length < rowCount) addToOthers(tree, rows, margins);

    return {
      leftChildren: Int32Array.from(tree.left),
      rightChildren: Int32Array.from(tree.right),
      parents: Int32Array.from(tree.parent),
      splitIndices: Int32Array.from(tree.feature),
      splitConditions: Float32Array.from(tree.condition),
      defaultLeft: Uint8Array.from(tree.defaultLeft),
      baseWeights: Float32Array.from(tree.weight),
      lossChanges: Float32Array.from(tree.gain),
      sumHessian: Float32Array.from(tree.hessian),
      deletedNodes: 0,
    };
  };

  /** Rows that were not learned from walk down by their codes. */
  const addToOthers = (tree: ReturnType<typeof emptyTree>, rows: Uint32Array, margins: Float32Array): void => {
    const isIn = new Uint8Array(rowCount);
    for (const row of rows) isIn[row] = 1;
    for (let row = 0; row < rowCount; row++) {
      if (isIn[row] === 1) continue;
      let node = 0;
      while (tree.left[node] !== -1) {
        const { codes, cuts } = features[tree.feature[node]!]!;
        const code = codes[row]!;
        const isLeft = code === cuts.length ? tree.defaultLeft[node] === 1 : code <= tree.lastLeftBin[node]!;
        node = isLeft ? tree.left[node]! : tree.right[node]!;
      }
      margins[row] = margins[row]! + tree.condition[node]!;
    }
  };

  return { grow };
};
