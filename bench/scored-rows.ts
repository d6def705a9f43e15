import { randomStream } from '../shared/evaluation/random.ts';

/** Labels 0 or 1 and the scores of a model that knows something. */
export interface ScoredRows {
  readonly labels: Float64Array;
  readonly scores: Float64Array;
}

/** Seeded rows: scores rounded to float32, as XGBoost's are, each row positive with the chance its score says. */
export function scoredRows(rows: number): ScoredRows {
  const { uniform } = randomStream(1);
  const [labels, scores] = [new Float64Array(rows), new Float64Array(rows)];
  for (let row = 0; row < rows; row += 1) {
    const score = Math.fround(uniform() ** 2);
    scores[row] = score;
    labels[row] = uniform() < score ? 1 : 0;
  }
  return { labels, scores };
}
