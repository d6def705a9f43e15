import { binaryMetrics, type Confusion, type Ranking, rankingOf } from './binary-metrics.ts';
import { regressionMetrics } from './regression-metrics.ts';
import { sumOf } from './sums.ts';

/** What a model answers: one of two classes, one of several, or a number. */
export type Problem = 'binary' | 'multiclass' | 'regression';

/** Which way a figure is better. */
type Direction = 'higher' | 'lower';

/** A figure a definition can name as `evaluation.metric` or under `thresholds`. */
export interface Metric {
  readonly name: string;
  /** What a person would call it. */
  readonly title: string;
  readonly direction: Direction;
  /**
   * The figure in which a model must beat the trivial one: itself, but for those where answering "yes" (or "no") to
   * every row is perfect or undefined. There it is the balanced accuracy.
   */
  readonly baseline: string;
}

/** Figures by name; null where one is undefined. */
export type Figures = Readonly<Record<string, number | null>>;

const metric = (name: string, title: string, direction: Direction, baseline = name): Metric => ({
  name,
  title,
  direction,
  baseline,
});

/** `bias` and `prevalence` are reported and are no metrics: neither has a better direction. */
const METRICS: Readonly<Record<Problem, readonly Metric[]>> = {
  binary: [
    metric('roc_auc', 'ROC AUC', 'higher'),
    metric('average_precision', 'average precision', 'higher'),
    metric('log_loss', 'log loss', 'lower'),
    metric('brier', 'Brier score', 'lower'),
    metric('brier_skill_score', 'Brier skill score', 'higher'),
    metric('accuracy', 'accuracy', 'higher'),
    metric('balanced_accuracy', 'balanced accuracy', 'higher'),
    metric('precision', 'precision', 'higher', 'balanced_accuracy'),
    metric('recall', 'recall', 'higher', 'balanced_accuracy'),
    metric('specificity', 'specificity', 'higher', 'balanced_accuracy'),
    metric('f1', 'F1', 'higher'),
    metric('mcc', 'Matthews correlation', 'higher'),
  ],
  // Nothing trains or judges several classes yet; without a metric, whatever is asked of such a model fails closed.
  multiclass: [],
  regression: [
    metric('rmse', 'RMSE', 'lower'),
    metric('mse', 'mean squared error', 'lower'),
    metric('mae', 'mean absolute error', 'lower'),
    metric('medae', 'median absolute error', 'lower'),
    metric('max_error', 'largest error', 'lower'),
    metric('r2', 'R²', 'higher'),
    metric('explained_variance', 'explained variance', 'higher'),
    metric('mape_nonzero', 'mean absolute percentage error', 'lower'),
    metric('wape', 'weighted absolute percentage error', 'lower'),
    metric('smape_0_2', 'symmetric percentage error (0 to 2)', 'lower'),
    metric('rmsle', 'RMSLE', 'lower'),
  ],
};

/** The metrics a model of this kind can be judged by, the usual ones first. */
export function metricsOf(problem: Problem): readonly Metric[] {
  return METRICS[problem];
}

/** The metric of this name, or undefined: an unknown one must fail closed. */
export function metricNamed(problem: Problem, name: string): Metric | undefined {
  return METRICS[problem].find((known) => known.name === name);
}

/** The truth and one model's scores, in the same order. */
export interface Judged {
  readonly problem: Problem;
  readonly labels: Float64Array;
  readonly scores: Float64Array;
  /** Binary only: a row is answered 1 at or above it. */
  readonly threshold: number;
  readonly weights?: Float64Array | undefined;
}

/** What one model did on the rows. */
export interface Measured {
  readonly figures: Figures;
  /** Binary only. */
  readonly confusion: Confusion | null;
  /** Binary only; the rows by falling score, for curves. */
  readonly ranking: Ranking | null;
}

/**
 * Every figure of one model on the rows.
 * @throws RangeError where columns differ in length, or the problem has no metrics
 */
export function measure(judged: Judged): Measured {
  switch (judged.problem) {
    case 'binary': {
      const ranking = rankingOf(judged);
      const { metrics, confusion } = binaryMetrics(judged, ranking);
      return { figures: { ...metrics }, confusion, ranking };
    }
    case 'regression':
      return { figures: { ...regressionMetrics(judged) }, confusion: null, ranking: null };
    case 'multiclass':
      throw new RangeError('multiclass models cannot be judged yet');
  }
}

/**
 * What the best constant does on a share `p` of positive rows: as probability `p` itself, as an answer the better of
 * yes and no.
 */
function trivialBinary(p: number): Figures {
  const bothClasses = p > 0 && p < 1;
  return {
    roc_auc: bothClasses ? 0.5 : null,
    average_precision: p > 0 ? p : null,
    log_loss: bothClasses ? -p * Math.log(p) - (1 - p) * Math.log(1 - p) : 0,
    brier: p * (1 - p),
    brier_skill_score: bothClasses ? 0 : null,
    accuracy: Math.max(p, 1 - p),
    balanced_accuracy: bothClasses ? 0.5 : null,
    f1: p > 0 ? (2 * p) / (1 + p) : null,
    mcc: bothClasses ? 0 : null,
  };
}

/**
 * What a model that has learned nothing does on the same rows, with the rows' own base rate (or mean) given to it. A
 * candidate that is not better than this is worth nothing, whatever its thresholds say.
 */
export function trivialFigures({ problem, labels, weights }: Omit<Judged, 'scores' | 'threshold'>): Figures {
  const weight = (row: number): number => (weights === undefined ? 1 : (weights[row] ?? 0));
  const total = sumOf(labels.length, weight);
  if (total === 0) return {};
  const mean = sumOf(labels.length, (row) => weight(row) * (labels[row] ?? 0)) / total;
  switch (problem) {
    case 'binary':
      return trivialBinary(mean);
    case 'regression':
      return { ...regressionMetrics({ labels, scores: new Float64Array(labels.length).fill(mean), weights }) };
    case 'multiclass':
      return {};
  }
}
