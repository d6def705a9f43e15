import { sigmoid } from '../../../shared/xgboost/objectives.ts';
import type { ObjectiveName } from './training-objective.ts';

/** What a metric looks at: margins of the model so far, and what was true. */
interface Evaluated {
  readonly margins: Float32Array;
  readonly labels: Float32Array;
  readonly weights: Float32Array | undefined;
  readonly objective: ObjectiveName;
  /** Of a multiclass objective; `margins` are those of all rows, class after class, then. */
  readonly classes?: number;
}

export interface Metric {
  /** What it can be asked about: two classes, numbers and the like, several classes, or both. */
  readonly of: 'one margin' | 'classes' | 'both';
  /** As it is printed, `error@0.7` with its threshold. */
  readonly name: string;
  readonly maximize: boolean;
  /**
   * True for XGBoost's own metrics. The others are the image's, computed with scikit-learn without weights, and printed
   * after XGBoost's (aws/sagemaker-xgboost-container, metrics/custom_metrics.py).
   */
  readonly isNative: boolean;
  compute(evaluated: Evaluated): number;
}

const answerOf = (margin: number, objective: ObjectiveName): number =>
  objective === 'binary:logistic' ? sigmoid(margin) : margin;

/** The weighted mean of a loss per row. */
const meanLoss = (
  { margins, labels, weights, objective }: Evaluated,
  loss: (answer: number, label: number) => number,
): number => {
  let sum = 0;
  let total = 0;
  for (let row = 0; row < margins.length; row++) {
    const weight = weights ? weights[row]! : 1;
    sum += loss(answerOf(margins[row]!, objective), labels[row]!) * weight;
    total += weight;
  }
  return sum / total;
};

const LEAST_PROBABILITY = 1e-16;
const logLoss = (answer: number, label: number): number =>
  -(
    label * Math.log(Math.max(answer, LEAST_PROBABILITY)) +
    (1 - label) * Math.log(Math.max(1 - answer, LEAST_PROBABILITY))
  );

/** Row numbers from the highest margin to the lowest: a radix sort of the float32s' bits, eleven at a time. */
const byMarginDescending = (margins: Float32Array): Uint32Array => {
  const count = margins.length;
  let keys = new Uint32Array(count);
  const raw = new Uint32Array(margins.buffer, margins.byteOffset, count);
  for (let row = 0; row < count; row++) {
    const key = raw[row]!;
    // Makes the order of the unsigned keys the reverse of that of the floats.
    keys[row] = key >>> 31 === 1 ? key : ~key & 0x7fffffff;
  }
  let rows = new Uint32Array(count);
  for (let row = 0; row < count; row++) rows[row] = row;
  let otherKeys = new Uint32Array(count);
  let otherRows = new Uint32Array(count);
  for (const shift of [0, 11, 22]) {
    const starts = new Uint32Array(2049);
    for (let at = 0; at < count; at++) {
      const digit = ((keys[at]! >>> shift) & 2047) + 1;
      starts[digit] = starts[digit]! + 1;
    }
    for (let digit = 1; digit < 2049; digit++) starts[digit] = starts[digit]! + starts[digit - 1]!;
    for (let at = 0; at < count; at++) {
      const digit = (keys[at]! >>> shift) & 2047;
      const to = starts[digit]!;
      starts[digit] = to + 1;
      otherKeys[to] = keys[at]!;
      otherRows[to] = rows[at]!;
    }
    [keys, otherKeys] = [otherKeys, keys];
    [rows, otherRows] = [otherRows, rows];
  }
  return rows;
};

/** Calls back with the weights of both classes at each distinct score, from the highest down. */
const forEachThreshold = (
  { margins, labels, weights }: Evaluated,
  visit: (falsePositives: number, truePositives: number) => void,
): void => {
  const order = byMarginDescending(margins);
  let falsePositives = 0;
  let truePositives = 0;
  for (let at = 0; at < order.length; at++) {
    const row = order[at]!;
    const weight = weights ? weights[row]! : 1;
    truePositives += labels[row]! * weight;
    falsePositives += (1 - labels[row]!) * weight;
    const next = order[at + 1];
    if (next === undefined || margins[next] !== margins[row]) visit(falsePositives, truePositives);
  }
};

/** The area under the ROC curve, ties counted half; NaN if there is one class only. */
const areaUnderRoc = (evaluated: Evaluated): number => {
  let area = 0;
  let previousFalse = 0;
  let previousTrue = 0;
  forEachThreshold(evaluated, (falsePositives, truePositives) => {
    area += ((falsePositives - previousFalse) * (truePositives + previousTrue)) / 2;
    previousFalse = falsePositives;
    previousTrue = truePositives;
  });
  return area / (previousFalse * previousTrue);
};

/** The area under the precision-recall curve, between points as Davis and Goadrich 2006 interpolate. */
const areaUnderPrecisionRecall = (evaluated: Evaluated): number => {
  const points: [number, number][] = [];
  forEachThreshold(evaluated, (falsePositives, truePositives) => points.push([falsePositives, truePositives]));
  const [allFalse, allTrue] = points.at(-1) ?? [0, 0];
  if (allFalse === 0 || allTrue === 0) return Number.NaN;
  let area = 0;
  let previousFalse = 0;
  let previousTrue = 0;
  for (const [falsePositives, truePositives] of points) {
    const step = truePositives - previousTrue;
    const rate = step === 0 ? 0 : (falsePositives - previousFalse) / step;
    const slope = step === 0 ? 1 : 1 + rate;
    const intercept = step === 0 ? 0 : (previousFalse - rate * previousTrue) / allTrue;
    const from = previousTrue / allTrue;
    const to = truePositives / allTrue;
    area +=
      intercept === 0
        ? (to - from) / slope
        : (to - from - (intercept / slope) * (Math.log(slope * to + intercept) - Math.log(slope * from + intercept))) /
          slope;
    previousFalse = falsePositives;
    previousTrue = truePositives;
  }
  return area;
};

interface Confusion {
  readonly tp: number;
  readonly fp: number;
  readonly tn: number;
  readonly fn: number;
}

/** The class with the largest margin, the first of equals, for each row. */
const likeliest = ({ margins, labels }: Evaluated): Int32Array => {
  const rows = labels.length;
  const found = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    for (let group = 1; group * rows < margins.length; group++) {
      if (margins[group * rows + row]! > margins[found[row]! * rows + row]!) found[row] = group;
    }
  }
  return found;
};

/** The weighted mean of what is wrong with each row. */
const meanOver = ({ labels, weights }: Evaluated, wrong: (row: number) => number): number => {
  let sum = 0;
  let total = 0;
  for (let row = 0; row < labels.length; row++) {
    const weight = weights ? weights[row]! : 1;
    sum += wrong(row) * weight;
    total += weight;
  }
  return sum / total;
};

const multiclassError = (evaluated: Evaluated): number => {
  const found = likeliest(evaluated);
  return meanOver(evaluated, (row) => Number(found[row] !== evaluated.labels[row]));
};

const multiclassLogLoss = (evaluated: Evaluated): number => {
  const { margins, labels } = evaluated;
  const rows = labels.length;
  const found = likeliest(evaluated);
  return meanOver(evaluated, (row) => {
    const largest = margins[found[row]! * rows + row]!;
    let sum = 0;
    for (let at = row; at < margins.length; at += rows) sum += Math.exp(margins[at]! - largest);
    const probability = Math.exp(margins[labels[row]! * rows + row]! - largest) / sum;
    return -Math.log(Math.max(probability, LEAST_PROBABILITY));
  });
};

/** Hits, and how often each class was true and was answered. */
const countClasses = (evaluated: Evaluated) => {
  const classes = evaluated.classes ?? 0;
  const counts = Array.from({ length: classes }, () => ({ hits: 0, labels: 0, answers: 0 }));
  likeliest(evaluated).forEach((answer, row) => {
    const label = evaluated.labels[row]!;
    counts[label]!.labels++;
    counts[answer]!.answers++;
    if (label === answer) counts[label]!.hits++;
  });
  // scikit-learn knows the classes that were true or answered, no others.
  return counts.filter(({ labels, answers }) => labels > 0 || answers > 0);
};

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const confusion = ({ margins, labels, objective }: Evaluated): Confusion => {
  let [tp, fp, tn, fn] = [0, 0, 0, 0];
  for (let row = 0; row < margins.length; row++) {
    const isPositive = answerOf(margins[row]!, objective) > 0.5;
    if (labels[row]! > 0.5) isPositive ? tp++ : fn++;
    else isPositive ? fp++ : tn++;
  }
  return { tp, fp, tn, fn };
};

/** 0 for 0/0, as scikit-learn's `zero_division` does by default. */
const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
const f1 = (hits: number, wrong: number): number => ratio(2 * hits, 2 * hits + wrong);
const classF1 = (evaluated: Evaluated): number =>
  mean(countClasses(evaluated).map(({ hits, labels, answers }) => ratio(2 * hits, labels + answers)));
const classAccuracy = (evaluated: Evaluated): number => 1 - multiclassError({ ...evaluated, weights: undefined });
const classBalancedAccuracy = (evaluated: Evaluated): number =>
  mean(
    countClasses(evaluated)
      .filter(({ labels }) => labels > 0)
      .map(({ hits, labels }) => hits / labels),
  );
const macroF1 = ({ tp, fp, tn, fn }: Confusion): number => (f1(tp, fp + fn) + f1(tn, fp + fn)) / 2;

const r2 = ({ margins, labels, objective }: Evaluated): number => {
  const mean = labels.reduce((sum, label) => sum + label, 0) / labels.length;
  let residual = 0;
  let total = 0;
  for (let row = 0; row < labels.length; row++) {
    residual += (labels[row]! - answerOf(margins[row]!, objective)) ** 2;
    total += (labels[row]! - mean) ** 2;
  }
  return total === 0 ? (residual === 0 ? 1 : 0) : 1 - residual / total;
};

const native = (maximize: boolean, compute: Metric['compute'], of: Metric['of'] = 'one margin') => ({
  isNative: true,
  maximize,
  of,
  compute,
});
const custom = (maximize: boolean, compute: Metric['compute'], of: Metric['of'] = 'one margin') => ({
  isNative: false,
  maximize,
  of,
  compute,
});
/** @param ofClasses How it is computed for several classes, where it can be. */
const ofConfusion = (compute: (counts: Confusion) => number, ofClasses?: Metric['compute']) =>
  custom(
    true,
    (evaluated) => (ofClasses && evaluated.classes ? ofClasses(evaluated) : compute(confusion(evaluated))),
    ofClasses ? 'both' : 'one margin',
  );

const METRICS: Readonly<Record<string, Omit<Metric, 'name'>>> = {
  auc: native(true, areaUnderRoc),
  aucpr: native(true, areaUnderPrecisionRecall),
  logloss: native(false, (evaluated) => meanLoss(evaluated, logLoss)),
  error: native(false, (evaluated) => meanLoss(evaluated, (answer, label) => (answer > 0.5 ? 1 - label : label))),
  rmse: native(false, (evaluated) => Math.sqrt(meanLoss(evaluated, (answer, label) => (answer - label) ** 2))),
  mae: native(false, (evaluated) => meanLoss(evaluated, (answer, label) => Math.abs(answer - label))),
  mape: native(false, (evaluated) => meanLoss(evaluated, (answer, label) => Math.abs((label - answer) / label))),
  mlogloss: native(false, multiclassLogLoss, 'classes'),
  merror: native(false, multiclassError, 'classes'),
  accuracy: ofConfusion(({ tp, fp, tn, fn }) => (tp + tn) / (tp + fp + tn + fn), classAccuracy),
  balanced_accuracy: ofConfusion(
    ({ tp, fp, tn, fn }) => (ratio(tp, tp + fn) + ratio(tn, tn + fp)) / 2,
    classBalancedAccuracy,
  ),
  precision: ofConfusion(({ tp, fp }) => ratio(tp, tp + fp)),
  recall: ofConfusion(({ tp, fn }) => ratio(tp, tp + fn)),
  f1: ofConfusion(macroF1, classF1),
  f1_macro: ofConfusion(macroF1, classF1),
  f1_binary: ofConfusion(({ tp, fp, fn }) => f1(tp, fp + fn)),
  mse: custom(false, (evaluated) =>
    meanLoss({ ...evaluated, weights: undefined }, (answer, label) => (answer - label) ** 2),
  ),
  r2: custom(true, r2),
};

/** The metrics that can be asked for, `error@t` besides. */
export const METRIC_NAMES: readonly string[] = Object.keys(METRICS);

/** The metric of this name; undefined if there is none here. */
export const metricOf = (name: string): Metric | undefined => {
  const threshold = /^error@(.+)$/.exec(name)?.[1];
  if (threshold !== undefined) {
    const limit = Number(threshold);
    if (threshold.trim() === '' || Number.isNaN(limit)) return undefined;
    const compute = (evaluated: Evaluated) =>
      meanLoss(evaluated, (answer, label) => (answer > limit ? 1 - label : label));
    return { name, ...native(false, compute) };
  }
  const metric = Object.hasOwn(METRICS, name) ? METRICS[name] : undefined;
  return metric && { name, ...metric };
};
