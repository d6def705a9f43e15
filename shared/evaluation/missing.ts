/** Labels and scores row by row; NaN stands for a missing value. */
export interface Pairs {
  readonly labels: Float64Array;
  readonly scores: Float64Array;
  readonly weights?: Float64Array | undefined;
}

/** The rows in which neither label nor score is missing, and how many were left out. */
export function withoutMissing(pairs: Pairs): Pairs & { readonly dropped: number } {
  const { labels, scores, weights } = pairs;
  const kept: number[] = [];
  const rows = Math.max(labels.length, scores.length);
  for (let row = 0; row < rows; row += 1) {
    // Beyond the end of the shorter column `undefined` makes the sum NaN as well: a row without its pair is missing.
    if (!Number.isNaN((labels[row] ?? Number.NaN) + (scores[row] ?? Number.NaN))) kept.push(row);
  }
  const pick = (column: Float64Array): Float64Array => Float64Array.from(kept, (row) => column[row] ?? Number.NaN);
  return {
    labels: pick(labels),
    scores: pick(scores),
    weights: weights === undefined ? undefined : pick(weights),
    dropped: rows - kept.length,
  };
}
