import { orderAscending, sortAscending } from './radix-sort.ts';
import { ratio, sumOf } from './sums.ts';

/** scikit-learn clips probabilities to float64's epsilon before the logarithm (1.2 and later; 1e-15 before). */
export const LOG_LOSS_EPSILON = 2 ** -52;

/** Rows by truth and by answer at a threshold; with weights, sums of weights. */
export interface Confusion {
  readonly tn: number;
  readonly fp: number;
  readonly fn: number;
  readonly tp: number;
}

/**
 * Labels are 0 or 1; scores are probabilities of 1; a row is answered 1 where its score is at or above the threshold.
 */
export interface BinaryInput {
  readonly labels: Float64Array;
  readonly scores: Float64Array;
  readonly threshold: number;
  readonly weights?: Float64Array | undefined;
}

/** The figures of a binary model; null where a figure is undefined (one class only, a zero denominator, no rows). */
export interface BinaryMetrics {
  readonly roc_auc: number | null;
  readonly average_precision: number | null;
  readonly log_loss: number | null;
  readonly brier: number | null;
  readonly brier_skill_score: number | null;
  readonly accuracy: number | null;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
  readonly specificity: number | null;
  readonly balanced_accuracy: number | null;
  readonly mcc: number | null;
  readonly prevalence: number | null;
}

function weightOf(weights: Float64Array | undefined, row: number): number {
  return weights === undefined ? 1 : (weights[row] ?? 0);
}

function assertAligned({ labels, scores, weights }: BinaryInput): void {
  if (labels.length !== scores.length || (weights !== undefined && weights.length !== labels.length)) {
    throw new RangeError(`${labels.length} labels, ${scores.length} scores, ${weights?.length ?? 'no'} weights`);
  }
}

/**
 * Rows by truth and by answer.
 * @throws RangeError where labels, scores and weights differ in length
 */
function confusionAt(input: BinaryInput): Confusion {
  assertAligned(input);
  const { labels, scores, threshold, weights } = input;
  const cells = new Float64Array(4);
  for (let row = 0; row < labels.length; row += 1) {
    const cell = 2 * (labels[row] ?? 0) + ((scores[row] ?? 0) >= threshold ? 1 : 0);
    cells[cell] = (cells[cell] ?? 0) + weightOf(weights, row);
  }
  const [tn = 0, fp = 0, fn = 0, tp = 0] = cells;
  return { tn, fp, fn, tp };
}

/**
 * What follows from the confusion matrix alone; scikit-learn's definitions, but null where it would answer 0 with a
 * warning.
 */
function thresholdMetrics({
  tn,
  fp,
  fn,
  tp,
}: Confusion): Pick<
  BinaryMetrics,
  'accuracy' | 'precision' | 'recall' | 'f1' | 'specificity' | 'balanced_accuracy' | 'mcc' | 'prevalence'
> {
  const all = tn + fp + fn + tp;
  const recall = ratio(tp, tp + fn);
  const specificity = ratio(tn, tn + fp);
  const bothClasses = recall !== null && specificity !== null;
  // One answer for every row has no correlation with anything: 0, as scikit-learn says, for both classes were there
  // to tell.
  const spread = Math.sqrt(tp + fp) * Math.sqrt(tn + fn) * Math.sqrt(tp + fn) * Math.sqrt(tn + fp);
  return {
    accuracy: ratio(tn + tp, all),
    precision: ratio(tp, tp + fp),
    recall,
    f1: ratio(2 * tp, 2 * tp + fp + fn),
    specificity,
    balanced_accuracy: bothClasses ? (recall + specificity) / 2 : null,
    mcc: bothClasses ? (spread === 0 ? 0 : (tp * tn - fp * fn) / spread) : null,
    prevalence: ratio(tp + fn, all),
  };
}

/** Walks the steps of a ranking from the highest score down; equal scores are one step. */
export type Ranking = (visit: (score: number, positives: number, negatives: number) => void) => void;

function column(labels: Float64Array, scores: Float64Array, label: number): Float64Array {
  // Counted first: a column of every row's length for each class would be twice the memory.
  let rows = 0;
  for (let row = 0; row < labels.length; row += 1) if (labels[row] === label) rows += 1;
  const values = new Float64Array(rows);
  let count = 0;
  for (let row = 0; row < labels.length; row += 1) {
    if (labels[row] !== label) continue;
    values[count] = scores[row] ?? 0;
    count += 1;
  }
  return values;
}

/** Without weights no row needs its identity: each class is sorted by itself, and the two are merged from the top. */
function mergedRanking(labels: Float64Array, scores: Float64Array): Ranking {
  const positives = sortAscending(column(labels, scores, 1));
  const negatives = sortAscending(column(labels, scores, 0));
  return (visit) => {
    let p = positives.length - 1;
    let n = negatives.length - 1;
    while (p >= 0 || n >= 0) {
      const score = Math.max(positives[p] ?? Number.NEGATIVE_INFINITY, negatives[n] ?? Number.NEGATIVE_INFINITY);
      const [pBefore, nBefore] = [p, n];
      while (p >= 0 && positives[p] === score) p -= 1;
      while (n >= 0 && negatives[n] === score) n -= 1;
      visit(score, pBefore - p, nBefore - n);
    }
  };
}

function weightedRanking(labels: Float64Array, scores: Float64Array, weights: Float64Array): Ranking {
  const order = orderAscending(scores);
  return (visit) => {
    let at = order.length - 1;
    while (at >= 0) {
      const score = scores[order[at] ?? 0] ?? 0;
      let positives = 0;
      let negatives = 0;
      while (at >= 0 && scores[order[at] ?? 0] === score) {
        const row = order[at] ?? 0;
        if (labels[row] === 1) positives += weights[row] ?? 0;
        else negatives += weights[row] ?? 0;
        at -= 1;
      }
      visit(score, positives, negatives);
    }
  };
}

/** The rows ranked by score, once, for all that needs their order. */
export function rankingOf({ labels, scores, weights }: Omit<BinaryInput, 'threshold'>): Ranking {
  return weights === undefined ? mergedRanking(labels, scores) : weightedRanking(labels, scores, weights);
}

/**
 * The share of pairs of a positive and a negative row which the scores put in the right order, ties counting half:
 * the same number as the midrank form. Without weights every count is a whole number, so the result is rounded once.
 */
export function rocAuc(ranking: Ranking): number | null {
  let positives = 0;
  let negatives = 0;
  let twiceWon = 0;
  ranking((_score, p, n) => {
    twiceWon += n * (2 * positives + p);
    positives += p;
    negatives += n;
  });
  return ratio(twiceWon / 2, positives * negatives);
}

/** Sum over the steps of (recall gained) x (precision there); tied scores are one step, nothing is interpolated. */
export function averagePrecision(ranking: Ranking): number | null {
  let positives = 0;
  let answered = 0;
  let area = 0;
  ranking((_score, p, n) => {
    positives += p;
    answered += p + n;
    if (p > 0) area += p * (positives / answered);
  });
  return ratio(area, positives);
}

function logLoss({ labels, scores, weights }: BinaryInput, total: number): number | null {
  const loss = sumOf(labels.length, (row) => {
    const score = Math.min(Math.max(scores[row] ?? 0, LOG_LOSS_EPSILON), 1 - LOG_LOSS_EPSILON);
    return -weightOf(weights, row) * Math.log(labels[row] === 1 ? score : 1 - score);
  });
  return ratio(loss, total);
}

function brier({ labels, scores, weights }: BinaryInput, total: number): number | null {
  const loss = sumOf(labels.length, (row) => {
    const error = (scores[row] ?? 0) - (labels[row] ?? 0);
    return weightOf(weights, row) * error * error;
  });
  return ratio(loss, total);
}

/**
 * All figures of a binary model at once.
 * @throws RangeError where labels, scores and weights differ in length
 */
export function binaryMetrics(
  input: BinaryInput,
  ranking: Ranking = rankingOf(input),
): { readonly metrics: BinaryMetrics; readonly confusion: Confusion } {
  const confusion = confusionAt(input);
  const atThreshold = thresholdMetrics(confusion);
  const total = confusion.tn + confusion.fp + confusion.fn + confusion.tp;
  const share = atThreshold.prevalence;
  const score = brier(input, total);
  const constant = share === null ? 0 : share * (1 - share);
  return {
    confusion,
    metrics: {
      roc_auc: rocAuc(ranking),
      average_precision: averagePrecision(ranking),
      log_loss: logLoss(input, total),
      brier: score,
      brier_skill_score: score === null || constant === 0 ? null : 1 - score / constant,
      ...atThreshold,
    },
  };
}
