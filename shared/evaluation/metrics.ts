import { binaryMetrics, type Confusion, type Ranking, rankingOf } from './binary-metrics.ts';
import { calibrationInTheLarge, equalWidthCalibration } from './calibration.ts';
import { type ClassMetrics, multiclassMetrics } from './multiclass-metrics.ts';
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
  /** How two models are compared by it on the same rows; null: no test knows its spread, so it decides nothing. */
  readonly test: ComparisonTest | null;
}

/**
 * `ranking`: DeLong's test. `mean`: a mean over rows, so the paired difference row by row. `bootstrap`: a ratio or a
 * ranking without a formula, so rows (clusters) drawn again.
 */
export type ComparisonTest = 'ranking' | 'mean' | 'bootstrap';

/** Figures by name; null where one is undefined. */
export type Figures = Readonly<Record<string, number | null>>;

const metric = (
  name: string,
  title: string,
  direction: Direction,
  test: ComparisonTest | null,
  baseline = name,
): Metric => ({ name, title, direction, baseline, test });

/** `bias` and `prevalence` are reported and are no metrics: neither has a better direction. */
const METRICS: Readonly<Record<Problem, readonly Metric[]>> = {
  binary: [
    metric('roc_auc', 'ROC AUC', 'higher', 'ranking'),
    metric('average_precision', 'average precision', 'higher', 'bootstrap'),
    metric('log_loss', 'log loss', 'lower', 'mean'),
    metric('brier', 'Brier score', 'lower', 'mean'),
    metric('brier_skill_score', 'Brier skill score', 'higher', 'mean'),
    metric('accuracy', 'accuracy', 'higher', 'mean'),
    metric('balanced_accuracy', 'balanced accuracy', 'higher', 'bootstrap'),
    metric('precision', 'precision', 'higher', 'bootstrap', 'balanced_accuracy'),
    metric('recall', 'recall', 'higher', 'mean', 'balanced_accuracy'),
    metric('specificity', 'specificity', 'higher', 'mean', 'balanced_accuracy'),
    metric('f1', 'F1', 'higher', 'bootstrap'),
    metric('mcc', 'Matthews correlation', 'higher', 'bootstrap'),
    // The base rate is perfectly calibrated; what it lacks is the Brier score's other half.
    metric('ece', 'expected calibration error', 'lower', null, 'brier'),
    metric('mce', 'largest calibration error', 'lower', null, 'brier'),
    metric('calibration_in_the_large', 'distance of the mean score from the base rate', 'lower', null, 'brier'),
  ],
  multiclass: [
    metric('log_loss', 'log loss', 'lower', 'mean'),
    metric('accuracy', 'accuracy', 'higher', 'mean'),
    metric('balanced_accuracy', 'balanced accuracy', 'higher', 'bootstrap'),
    metric('f1_macro', 'F1, mean over the classes', 'higher', 'bootstrap'),
    metric('roc_auc_ovr_macro', 'ROC AUC of each class against the rest, mean', 'higher', 'ranking'),
    metric('roc_auc_ovr_weighted', 'ROC AUC of each class against the rest, by share', 'higher', 'ranking'),
    metric('roc_auc_ovo_macro', 'ROC AUC of pairs of classes, mean', 'higher', 'ranking'),
    metric('brier_sum', 'Brier score, summed over the classes', 'lower', 'mean'),
    metric('top2_accuracy', 'accuracy of the two likeliest', 'higher', 'mean'),
    metric('mcc', 'Matthews correlation', 'higher', 'bootstrap'),
    metric('cohen_kappa', "Cohen's kappa", 'higher', 'bootstrap'),
    metric('precision_macro', 'precision, mean over the classes', 'higher', 'bootstrap'),
    metric('recall_macro', 'recall, mean over the classes', 'higher', 'bootstrap'),
    metric('precision_weighted', 'precision, by share', 'higher', 'bootstrap'),
    metric('recall_weighted', 'recall, by share', 'higher', 'mean'),
    metric('f1_weighted', 'F1, by share', 'higher', 'bootstrap'),
    metric('f1_micro', 'F1 over all rows', 'higher', 'mean'),
  ],
  regression: [
    metric('rmse', 'RMSE', 'lower', 'bootstrap'),
    metric('mse', 'mean squared error', 'lower', 'mean'),
    metric('mae', 'mean absolute error', 'lower', 'mean'),
    metric('medae', 'median absolute error', 'lower', 'bootstrap'),
    metric('max_error', 'largest error', 'lower', null),
    metric('r2', 'R²', 'higher', 'bootstrap'),
    metric('explained_variance', 'explained variance', 'higher', 'bootstrap'),
    metric('mape_nonzero', 'mean absolute percentage error', 'lower', 'mean'),
    metric('wape', 'weighted absolute percentage error', 'lower', 'bootstrap'),
    metric('smape_0_2', 'symmetric percentage error (0 to 2)', 'lower', 'mean'),
    metric('rmsle', 'RMSLE', 'lower', 'bootstrap'),
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
  /** Multiclass: the place of the true class among the columns of scores. */
  readonly labels: Float64Array;
  /** One column of scores; multiclass: one of probabilities for each class. */
  readonly answers: readonly Float64Array[];
  /** Binary only: a row is answered 1 at or above it. */
  readonly operatingPoint: number;
  /** Weigh the figures; calibration and maxima take every row once. */
  readonly weights?: Float64Array | undefined;
}

/** What one model did on the rows. */
export interface Measured {
  readonly figures: Figures;
  /** Binary only. */
  readonly confusion: Confusion | null;
  /** Binary only; the rows by falling score, for curves. */
  readonly ranking: Ranking | null;
  /** Multiclass only: per class its figures, and rows by truth and answer. */
  readonly classes: readonly (ClassMetrics & { readonly answers: readonly number[] })[] | null;
}

/** @throws RangeError where there is not exactly one column */
export function onlyColumn(answers: readonly Float64Array[]): Float64Array {
  const [only, ...others] = answers;
  if (only === undefined || others.length > 0) throw new RangeError(`${answers.length} columns of scores, not one`);
  return only;
}

function calibrationFigures(labels: Float64Array, scores: Float64Array): Figures {
  const calibration = equalWidthCalibration({ labels, scores });
  const { difference } = calibrationInTheLarge({ labels, scores });
  return {
    ece: calibration?.ece ?? null,
    mce: calibration?.mce ?? null,
    calibration_in_the_large: difference === null ? null : Math.abs(difference),
  };
}

/**
 * Every figure of one model on the rows.
 * @throws RangeError where columns differ in length or number
 */
export function measure({ problem, labels, answers, operatingPoint, weights }: Judged): Measured {
  switch (problem) {
    case 'binary': {
      const scores = onlyColumn(answers);
      const input = { labels, scores, threshold: operatingPoint, weights };
      const ranking = rankingOf(input);
      const { metrics, confusion } = binaryMetrics(input, ranking);
      return {
        figures: { ...metrics, ...calibrationFigures(labels, scores) },
        confusion,
        ranking,
        classes: null,
      };
    }
    case 'regression':
      return {
        figures: { ...regressionMetrics({ labels, scores: onlyColumn(answers), weights }) },
        confusion: null,
        ranking: null,
        classes: null,
      };
    case 'multiclass': {
      const { metrics, classes, confusion } = multiclassMetrics({
        labels: Uint32Array.from(labels),
        probabilities: answers,
        weights,
      });
      return {
        figures: { ...metrics },
        confusion: null,
        ranking: null,
        classes: classes.map((of, at) => ({ ...of, answers: confusion[at] ?? [] })),
      };
    }
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
    ece: 0,
    mce: 0,
    calibration_in_the_large: 0,
  };
}

/** The classes' own shares as everybody's probabilities: what answers the commonest class, the first of equals. */
function trivialMulticlass(labels: Float64Array, weights: Float64Array | undefined, classes: number): Figures {
  const shares = new Float64Array(classes);
  let total = 0;
  labels.forEach((label, row) => {
    const weight = weights === undefined ? 1 : (weights[row] ?? 0);
    shares[label] = (shares[label] ?? 0) + weight;
    total += weight;
  });
  const probabilities = Array.from(shares, (sum) => new Float64Array(labels.length).fill(sum / total));
  return { ...multiclassMetrics({ labels: Uint32Array.from(labels), probabilities, weights }).metrics };
}

/**
 * What a model that has learned nothing does on the same rows, with the rows' own base rate (or mean) given to it. A
 * candidate that is not better than this is worth nothing, whatever its thresholds say.
 */
export function trivialFigures({
  problem,
  labels,
  weights,
  classes = 0,
}: Pick<Judged, 'problem' | 'labels' | 'weights'> & {
  /** Multiclass: how many classes there are. */
  readonly classes?: number;
}): Figures {
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
      return trivialMulticlass(labels, weights, classes);
  }
}
