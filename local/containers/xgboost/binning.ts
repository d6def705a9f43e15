import type { Matrix } from '../../../shared/xgboost/predict.ts';

/** One feature cut into bins: bin i holds the values v with `cuts[i - 1] <= v < cuts[i]`. */
export interface BinnedFeature {
  /** Ascending; the last one lies above every value. */
  readonly cuts: Float32Array;
  /** Lies below every value. */
  readonly floor: number;
  /** The bin of each row; a missing value has the code `cuts.length`. */
  readonly codes: Uint8Array | Uint16Array;
  readonly hasMissing: boolean;
}

export interface BinnedMatrix {
  readonly rows: number;
  readonly features: readonly BinnedFeature[];
}

/**
 * The conditions a feature can be split at, as XGBoost's `hist` chooses them: each distinct value if they are few, else
 * weighted quantiles, so that each bin carries about the same weight.
 */
const cutsOf = (sorted: Float32Array, weights: Float32Array | undefined, maxBins: number): Float32Array => {
  const distinct = new Float32Array(sorted.length);
  // Weight of all rows up to and including this distinct value.
  const upTo = new Float64Array(sorted.length);
  let count = 0;
  let total = 0;
  for (let at = 0; at < sorted.length; at++) {
    const value = sorted[at]!;
    if (count === 0 || value !== distinct[count - 1]) distinct[count++] = value;
    total += weights ? weights[at]! : 1;
    upTo[count - 1] = total;
  }
  const cuts: number[] = [];
  if (count <= maxBins) {
    for (let at = 1; at < count; at++) cuts.push(distinct[at]!);
  } else {
    let at = 0;
    for (let bin = 1; bin < maxBins; bin++) {
      const target = (total * bin) / maxBins;
      while (at < count - 1 && upTo[at]! < target) at++;
      const cut = distinct[at]!;
      if (at > 0 && cut !== cuts.at(-1)) cuts.push(cut);
    }
  }
  if (count > 0) {
    const largest = distinct[count - 1]!;
    cuts.push(largest + (Math.abs(largest) + 1e-5));
  }
  return Float32Array.from(cuts);
};

/** The bin of a value: how many cuts do not lie above it. */
const binOf = (cuts: Float32Array, value: number): number => {
  let low = 0;
  let high = cuts.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (cuts[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** Sorts values and lets their weights follow. */
const sortTogether = (values: Float32Array, weights: Float32Array): Float32Array => {
  const order = Uint32Array.from(values.keys()).sort((left, right) => values[left]! - values[right]! || left - right);
  return Float32Array.from(order, (at) => weights[at]!);
};

/**
 * Cuts each column into at most `maxBins` bins. A column with missing values gives up one bin to them when `maxBins` is
 * 256, so that a code still fits a byte.
 *
 * @param weights Of the rows; bins carry about the same weight.
 */
export const binMatrix = (matrix: Matrix, weights: Float32Array | undefined, maxBins: number): BinnedMatrix => {
  const { rows, columns, values } = matrix;
  const features: BinnedFeature[] = [];
  for (let column = 0; column < columns; column++) {
    const present = new Float32Array(rows);
    const presentWeights = weights ? new Float32Array(rows) : undefined;
    let count = 0;
    for (let row = 0; row < rows; row++) {
      const value = values[row * columns + column]!;
      if (Number.isNaN(value)) continue;
      if (weights && presentWeights) presentWeights[count] = weights[row]!;
      present[count++] = value;
    }
    const hasMissing = count < rows;
    const unsorted = present.subarray(0, count);
    const sortedWeights = presentWeights ? sortTogether(unsorted, presentWeights) : undefined;
    const sorted = unsorted.slice().sort();
    const cuts = cutsOf(sorted, sortedWeights, hasMissing && maxBins === 256 ? 255 : maxBins);
    const smallest = sorted[0] ?? 0;
    const codes = maxBins <= 256 ? new Uint8Array(rows) : new Uint16Array(rows);
    for (let row = 0; row < rows; row++) {
      const value = values[row * columns + column]!;
      codes[row] = Number.isNaN(value) ? cuts.length : binOf(cuts, value);
    }
    features.push({ cuts, floor: Math.fround(smallest - (Math.abs(smallest) + 1e-5)), codes, hasMissing });
  }
  return { rows, features };
};
