import type { BinnedFeature } from './binning.ts';

/** How splits are judged; names and meaning are XGBoost's. */
export interface SplitParameters {
  /** L2 regularisation. */
  readonly lambda: number;
  /** L1 regularisation. */
  readonly alpha: number;
  /** The least gain of a split (`min_split_loss`). */
  readonly gamma: number;
  /** The least sum of hessians on each side. */
  readonly minChildWeight: number;
  /** The largest weight of a leaf before shrinking; 0 for none. */
  readonly maxDeltaStep: number;
}

const shrink = (gradient: number, alpha: number): number => {
  if (gradient > alpha) return gradient - alpha;
  if (gradient < -alpha) return gradient + alpha;
  return 0;
};

/** The best weight of a leaf with these sums (Chen and Guestrin 2016, equation 5, with L1 and clipping). */
export const leafWeight = (gradient: number, hessian: number, parameters: SplitParameters): number => {
  const { lambda, alpha, minChildWeight, maxDeltaStep } = parameters;
  if (hessian < minChildWeight || hessian <= 0) return 0;
  const weight = -shrink(gradient, alpha) / (hessian + lambda);
  return maxDeltaStep > 0 ? Math.max(-maxDeltaStep, Math.min(maxDeltaStep, weight)) : weight;
};

/**
 * Twice what a leaf with these sums takes off the loss. With `maxDeltaStep` the clipped weight is judged, and L1 left out
 * of the judgement, as in XGBoost's `src/tree/split_evaluator.h`.
 */
const leafGain = (gradient: number, hessian: number, parameters: SplitParameters): number => {
  const { lambda, alpha, maxDeltaStep } = parameters;
  if (hessian <= 0) return 0;
  if (maxDeltaStep === 0) {
    const shrunk = alpha === 0 ? gradient : shrink(gradient, alpha);
    return (shrunk * shrunk) / (hessian + lambda);
  }
  const weight = leafWeight(gradient, hessian, parameters);
  return -(2 * gradient * weight + (hessian + lambda) * weight * weight);
};

/** A way to divide the rows of a node. */
export interface Split {
  readonly gain: number;
  readonly feature: number;
  /** Rows with this code or a smaller one go left; -1 if only missing values do. */
  readonly lastLeftBin: number;
  /** Values below this go left. */
  readonly condition: number;
  readonly missingGoesLeft: boolean;
  readonly leftGradient: number;
  readonly leftHessian: number;
}

/** XGBoost's kRtEps: what is no more than rounding is no gain. */
const LEAST_GAIN = 1e-6;

/** The best boundary so far. */
interface Candidate {
  gain: number;
  feature: number;
  lastLeftBin: number;
  missingGoesLeft: boolean;
  leftGradient: number;
  leftHessian: number;
}

/** What is the same for all boundaries of a node. */
interface Node {
  readonly histogram: Float64Array;
  readonly gradient: number;
  readonly hessian: number;
  readonly gain: number;
  readonly parameters: SplitParameters;
}

/**
 * Judges the boundaries of one feature from left to right, missing values on one side.
 *
 * @param start Where the feature's first bin stands in the histogram.
 * @param leftGradient What is left of the first boundary before any bin: missing values, if they go left.
 * @param firstBin The last bin left of the first boundary, -1 if none is.
 * @param endBin The last bin left of the last boundary, plus one.
 */
const scan = (
  best: Candidate,
  node: Node,
  feature: number,
  start: number,
  firstBin: number,
  endBin: number,
  leftGradient: number,
  leftHessian: number,
  missingGoesLeft: boolean,
): void => {
  const { histogram, gradient, hessian, gain: nodeGain, parameters } = node;
  const { lambda, alpha, minChildWeight, maxDeltaStep } = parameters;
  const isPlain = alpha === 0 && maxDeltaStep === 0;
  for (let bin = firstBin; bin < endBin; bin++) {
    if (bin >= 0) {
      leftGradient += histogram[start + bin * 2]!;
      leftHessian += histogram[start + bin * 2 + 1]!;
    }
    if (leftHessian < minChildWeight || leftHessian <= 0) continue;
    const rightHessian = hessian - leftHessian;
    if (rightHessian < minChildWeight || rightHessian <= 0) break;
    const rightGradient = gradient - leftGradient;
    const divided = isPlain
      ? (leftGradient * leftGradient) / (leftHessian + lambda) +
        (rightGradient * rightGradient) / (rightHessian + lambda)
      : leafGain(leftGradient, leftHessian, parameters) + leafGain(rightGradient, rightHessian, parameters);
    // XGBoost compares gains as float32: what differs by less is equal there, and the first of equals wins.
    const gain = Math.fround(divided - nodeGain);
    if (gain > best.gain) {
      best.gain = gain;
      best.feature = feature;
      best.lastLeftBin = bin;
      best.missingGoesLeft = missingGoesLeft;
      best.leftGradient = leftGradient;
      best.leftHessian = leftHessian;
    }
  }
};

/**
 * Finds the best split of a node in its histogram: every boundary between bins, missing values once on the right and
 * once on the left. Of equal gains the first wins: lower feature, missing right, lower bin.
 *
 * @param histogram Pairs of gradient and hessian sums; a feature's begin at `offsets[feature]`, missing values last.
 * @returns undefined if no split gains enough.
 */
export const findSplit = (
  histogram: Float64Array,
  offsets: Int32Array,
  features: readonly BinnedFeature[],
  candidates: readonly number[],
  gradient: number,
  hessian: number,
  parameters: SplitParameters,
): Split | undefined => {
  const node: Node = {
    histogram,
    gradient,
    hessian,
    gain: Math.fround(leafGain(gradient, hessian, parameters)),
    parameters,
  };
  const best: Candidate = {
    gain: LEAST_GAIN,
    feature: -1,
    lastLeftBin: -1,
    missingGoesLeft: false,
    leftGradient: 0,
    leftHessian: 0,
  };
  for (const feature of candidates) {
    const { cuts, hasMissing } = features[feature]!;
    const bins = cuts.length;
    const start = offsets[feature]! * 2;
    const missingGradient = hasMissing ? histogram[start + bins * 2]! : 0;
    const missingHessian = hasMissing ? histogram[start + bins * 2 + 1]! : 0;
    const isMissingHere = missingHessian > 0;
    // The boundary after the last bin divides the missing values from all others.
    scan(best, node, feature, start, 0, isMissingHere ? bins : bins - 1, 0, 0, false);
    if (isMissingHere) scan(best, node, feature, start, -1, bins - 1, missingGradient, missingHessian, true);
  }
  if (best.feature === -1 || best.gain < parameters.gamma) return undefined;
  const { cuts, floor } = features[best.feature]!;
  return { ...best, condition: best.lastLeftBin === -1 ? floor : cuts[best.lastLeftBin]! };
};
