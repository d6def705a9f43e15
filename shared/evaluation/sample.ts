import { type Clusters, clustersAt } from './clusters.ts';
import type { Problem } from './metrics.ts';

/** Rows to judge on: all of the gate's, or a slice's. */
export interface Sample {
  readonly problem: Problem;
  readonly labels: Float64Array;
  /** Multiclass: how many classes there are, whether they occur or not. */
  readonly classes: number;
  readonly weights: Float64Array | null;
  /** Rows that move together; null takes every row for itself. */
  readonly clusters: Clusters | null;
  /** Binary: a row is answered 1 where its score is at or above it. */
  readonly operatingPoint: number;
  /** Each row is judged by one of so many models, the one that never saw its fold; undefined: by the one that serves. */
  readonly folds?: number | undefined;
}

/** What one model said of the rows of a sample: one column of scores, or one of probabilities for each class. */
export type Answers = readonly Float64Array[];

function picked(values: Float64Array, rows: Uint32Array): Float64Array {
  const found = new Float64Array(rows.length);
  for (let at = 0; at < rows.length; at += 1) found[at] = values[rows[at] ?? 0] ?? Number.NaN;
  return found;
}

/** Some of the rows of a sample, as a sample. */
export const sampleAt = (sample: Sample, rows: Uint32Array): Sample => ({
  ...sample,
  labels: picked(sample.labels, rows),
  weights: sample.weights === null ? null : picked(sample.weights, rows),
  clusters: sample.clusters === null ? null : clustersAt(sample.clusters, rows),
});

/** What a model said of some of the rows. */
export const answersAt = (answers: Answers, rows: Uint32Array): Answers =>
  answers.map((column) => picked(column, rows));

/** The weight of a row: 1 where rows have none. */
export const weightIn = (weights: Float64Array | null, row: number): number =>
  weights === null ? 1 : (weights[row] ?? 0);
