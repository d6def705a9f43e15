import { orderAscending } from '../evaluation/radix-sort.ts';
import { ratio, sumOf } from '../evaluation/sums.ts';

/** What a binary model is expected to do, were its scores the probabilities they claim; null where undefined. */
export interface EstimatedPerformance {
  readonly n: number;
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
  readonly tn: number;
  readonly accuracy: number | null;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
  readonly specificity: number | null;
  readonly roc_auc: number | null;
  /** The standard deviation of the accuracy, labels being thrown by the scores. */
  readonly accuracy_std: number | null;
}

/**
 * The expected share of pairs in the right order: the area under the ROC curve of expected positives and negatives,
 * tied scores as one step. (NannyML's sorts ties as they come.)
 */
function expectedAuc(scores: Float64Array, expected: number): number | null {
  const order = orderAscending(scores);
  let [won, negatives] = [0, 0];
  for (let start = 0; start < order.length; ) {
    const score = scores[order[start] ?? 0] ?? 0;
    let end = start;
    while (end < order.length && scores[order[end] ?? 0] === score) end += 1;
    const tied = end - start;
    won += tied * score * (negatives + (tied * (1 - score)) / 2);
    negatives += tied * (1 - score);
    start = end;
  }
  return ratio(won, expected * (scores.length - expected));
}

/**
 * Confidence-based performance estimation: what a model does on rows whose labels are not known yet, from calibrated
 * probabilities alone. It holds under a shift of the features only, and for calibrated scores; never let it promote a
 * model, and call it estimated.
 * @throws RangeError where a score is no probability
 */
export function estimatePerformance(scores: Float64Array, threshold: number): EstimatedPerformance {
  const wrong = scores.find((score) => !(score >= 0 && score <= 1));
  if (wrong !== undefined) throw new RangeError(`${wrong} is not a probability`);
  const n = scores.length;
  const sum = (term: (score: number) => number): number => sumOf(n, (row) => term(scores[row] ?? 0));
  const tp = sum((score) => (score >= threshold ? score : 0));
  const fp = sum((score) => (score >= threshold ? 1 - score : 0));
  const fn = sum((score) => (score >= threshold ? 0 : score));
  const tn = sum((score) => (score >= threshold ? 0 : 1 - score));
  return {
    n,
    tp,
    fp,
    fn,
    tn,
    accuracy: ratio(tp + tn, n),
    precision: ratio(tp, tp + fp),
    recall: ratio(tp, tp + fn),
    f1: ratio(2 * tp, 2 * tp + fp + fn),
    specificity: ratio(tn, tn + fp),
    roc_auc: expectedAuc(
      scores,
      sum((score) => score),
    ),
    accuracy_std: ratio(Math.sqrt(sum((score) => score * (1 - score))), n),
  };
}
