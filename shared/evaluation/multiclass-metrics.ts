import { LOG_LOSS_EPSILON, rankingOf, rocAuc } from './binary-metrics.ts';
import { ratio, sumOf } from './sums.ts';

/** The truth as the number of its class, and for each class a column of probabilities, row by row. */
export interface MulticlassInput {
  readonly labels: Uint32Array;
  readonly probabilities: readonly Float64Array[];
  readonly weights?: Float64Array | undefined;
}

/** One class against the rest; a share without rows counts 0, as scikit-learn's `zero_division=0` has it. */
export interface ClassMetrics {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Rows of the class; with weights, the sum of theirs. */
  readonly support: number;
}

/** The figures of a model of several classes; null where a figure is undefined. */
export interface MulticlassMetrics {
  readonly accuracy: number | null;
  /** The mean recall over the classes that have rows. */
  readonly balanced_accuracy: number | null;
  /** Share of rows whose class is among the two likeliest. */
  readonly top2_accuracy: number | null;
  readonly log_loss: number | null;
  /** Mean over the rows of the squared errors summed over the classes: 0 to 2. */
  readonly brier_sum: number | null;
  /** Gorodkin's correlation of truth and answer (2004); null with one true class. */
  readonly mcc: number | null;
  readonly cohen_kappa: number | null;
  readonly precision_macro: number | null;
  readonly recall_macro: number | null;
  readonly f1_macro: number | null;
  readonly precision_weighted: number | null;
  readonly recall_weighted: number | null;
  readonly f1_weighted: number | null;
  /** Every row has one answer, so precision, recall and F1 by rows are all the accuracy. */
  readonly f1_micro: number | null;
  /** The mean of each class's AUC against the rest; null where a class has no row (or all of them). */
  readonly roc_auc_ovr_macro: number | null;
  /** The same, weighted by the classes' shares. */
  readonly roc_auc_ovr_weighted: number | null;
  /** Hand and Till 2001: the mean over pairs of classes of the AUC within the two, either way round. */
  readonly roc_auc_ovo_macro: number | null;
}

const add = (into: Float64Array, at: number, value: number): void => {
  into[at] = (into[at] ?? 0) + value;
};

function assertAligned({ labels, probabilities, weights }: MulticlassInput): void {
  const rows = labels.length;
  if (probabilities.length < 2) throw new RangeError(`${probabilities.length} classes`);
  if (probabilities.some((column) => column.length !== rows) || (weights !== undefined && weights.length !== rows)) {
    throw new RangeError(`${rows} labels; columns of other lengths beside them`);
  }
  const unknown = labels.find((label) => label >= probabilities.length);
  if (unknown !== undefined) throw new RangeError(`class ${unknown} of ${probabilities.length}`);
}

/** The class answered for a row: the likeliest, the first of equals. */
export function answerOf(probabilities: readonly Float64Array[], row: number): number {
  let answer = 0;
  for (let index = 1; index < probabilities.length; index += 1) {
    if ((probabilities[index]?.[row] ?? 0) > (probabilities[answer]?.[row] ?? 0)) answer = index;
  }
  return answer;
}

/** Rows by truth (first) and answer. */
function confusionOf({ labels, probabilities }: MulticlassInput, weight: (row: number) => number): Float64Array[] {
  const confusion = probabilities.map(() => new Float64Array(probabilities.length));
  labels.forEach((label, row) => {
    const cells = confusion[label];
    if (cells !== undefined) add(cells, answerOf(probabilities, row), weight(row));
  });
  return confusion;
}

/** How many classes stand before the true one: likelier, or as likely and later (scikit-learn's `top_k_accuracy`). */
export function placesBefore(probabilities: readonly Float64Array[], label: number, row: number): number {
  const own = probabilities[label]?.[row] ?? 0;
  return probabilities.reduce((before, column, index) => {
    const other = column[row] ?? 0;
    return before + (other > own || (other === own && index > label) ? 1 : 0);
  }, 0);
}

/** The AUC of one class's column among the rows of `positive` and of the classes `against` lets in. */
function aucOf(input: MulticlassInput, positive: number, against: (label: number) => boolean): number | null {
  const rows: number[] = [];
  input.labels.forEach((label, row) => {
    if (label === positive || against(label)) rows.push(row);
  });
  const { weights } = input;
  return rocAuc(
    rankingOf({
      labels: Float64Array.from(rows, (row) => (input.labels[row] === positive ? 1 : 0)),
      scores: Float64Array.from(rows, (row) => input.probabilities[positive]?.[row] ?? 0),
      weights: weights === undefined ? undefined : Float64Array.from(rows, (row) => weights[row] ?? 0),
    }),
  );
}

/** The mean of figures by weight; null as soon as one is. */
function meanOf(figures: readonly (number | null)[], weights = figures.map(() => 1)): number | null {
  let sum = 0;
  for (const [at, figure] of figures.entries()) {
    if (figure === null) return null;
    sum += figure * (weights[at] ?? 0);
  }
  return ratio(
    sum,
    weights.reduce((total, weight) => total + weight, 0),
  );
}

function areas(input: MulticlassInput, supports: readonly number[]) {
  const classes = supports.map((_, label) => label);
  const against = classes.map((label) => aucOf(input, label, () => true));
  const pairs = classes.flatMap((a) =>
    classes
      .filter((b) => b > a)
      .map((b) => meanOf([aucOf(input, a, (label) => label === b), aucOf(input, b, (label) => label === a)])),
  );
  return {
    roc_auc_ovr_macro: meanOf(against),
    roc_auc_ovr_weighted: meanOf(against, [...supports]),
    roc_auc_ovo_macro: meanOf(pairs),
  };
}

/** Agreement beyond chance, from the confusion matrix's margins. */
function agreement(supports: readonly number[], answered: readonly number[], correct: number, total: number) {
  const chance = sumOf(supports.length, (label) => (supports[label] ?? 0) * (answered[label] ?? 0));
  const spreadOf = (margin: readonly number[]): number =>
    total * total - margin.reduce((sum, count) => sum + count * count, 0);
  const spread = Math.sqrt(spreadOf(supports)) * Math.sqrt(spreadOf(answered));
  const oneClass = supports.filter((support) => support > 0).length < 2;
  return {
    // One answer for every row has no correlation with anything: 0, as scikit-learn says.
    mcc: oneClass ? null : spread === 0 ? 0 : (correct * total - chance) / spread,
    cohen_kappa: ratio(correct * total - chance, total * total - chance),
  };
}

/** The figures that follow from rows by truth and answer alone. */
export type ConfusionMetrics = Pick<
  MulticlassMetrics,
  | 'accuracy'
  | 'balanced_accuracy'
  | 'mcc'
  | 'cohen_kappa'
  | 'precision_macro'
  | 'recall_macro'
  | 'f1_macro'
  | 'precision_weighted'
  | 'recall_weighted'
  | 'f1_weighted'
  | 'f1_micro'
>;

/** What follows from rows by truth (first) and answer. */
export function confusionMetrics(cells: readonly Float64Array[]): {
  readonly metrics: ConfusionMetrics;
  readonly classes: readonly ClassMetrics[];
} {
  const supports = cells.map((answers) => answers.reduce((sum, count) => sum + count, 0));
  const answered = cells.map((_, answer) => cells.reduce((sum, answers) => sum + (answers[answer] ?? 0), 0));
  const hits = cells.map((answers, label) => answers[label] ?? 0);
  const correct = hits.reduce((sum, count) => sum + count, 0);
  const total = supports.reduce((sum, support) => sum + support, 0);
  const classes = supports.map((support, label): ClassMetrics => {
    const [hit, given] = [hits[label] ?? 0, answered[label] ?? 0];
    return {
      precision: ratio(hit, given) ?? 0,
      recall: ratio(hit, support) ?? 0,
      f1: ratio(2 * hit, given + support) ?? 0,
      support,
    };
  });
  const macro = (figure: 'precision' | 'recall' | 'f1'): number | null =>
    total === 0 ? null : meanOf(classes.map((of) => of[figure]));
  const weighted = (figure: 'precision' | 'recall' | 'f1'): number | null =>
    meanOf(
      classes.map((of) => of[figure]),
      supports,
    );
  const accuracy = ratio(correct, total);
  return {
    classes,
    metrics: {
      accuracy,
      balanced_accuracy: meanOf(classes.filter(({ support }) => support > 0).map(({ recall }) => recall)),
      ...agreement(supports, answered, correct, total),
      precision_macro: macro('precision'),
      recall_macro: macro('recall'),
      f1_macro: macro('f1'),
      precision_weighted: weighted('precision'),
      recall_weighted: weighted('recall'),
      f1_weighted: weighted('f1'),
      f1_micro: accuracy,
    },
  };
}

/**
 * All figures of a model of several classes at once; scikit-learn's definitions, but null where a figure is undefined.
 * @throws RangeError where columns differ in length, there are fewer than two classes, or a label is none of them
 */
export function multiclassMetrics(input: MulticlassInput): {
  readonly metrics: MulticlassMetrics;
  /** Rows by truth, then by answer. */
  readonly confusion: readonly (readonly number[])[];
  readonly classes: readonly ClassMetrics[];
} {
  assertAligned(input);
  const { labels, probabilities, weights } = input;
  const rows = labels.length;
  const weight = (row: number): number => (weights === undefined ? 1 : (weights[row] ?? 0));
  const cells = confusionOf(input, weight);
  const { metrics, classes } = confusionMetrics(cells);
  const supports = classes.map(({ support }) => support);
  const total = supports.reduce((sum, support) => sum + support, 0);
  const mean = (term: (row: number) => number): number | null =>
    ratio(
      sumOf(rows, (row) => weight(row) * term(row)),
      total,
    );
  return {
    confusion: cells.map((answers) => [...answers]),
    classes,
    metrics: {
      ...metrics,
      top2_accuracy: mean((row) => (placesBefore(probabilities, labels[row] ?? 0, row) < 2 ? 1 : 0)),
      log_loss: mean((row) => {
        const said = probabilities[labels[row] ?? 0]?.[row] ?? 0;
        return -Math.log(Math.min(Math.max(said, LOG_LOSS_EPSILON), 1 - LOG_LOSS_EPSILON));
      }),
      brier_sum: mean((row) =>
        probabilities.reduce(
          (sum, column, label) => sum + ((column[row] ?? 0) - (labels[row] === label ? 1 : 0)) ** 2,
          0,
        ),
      ),
      ...areas(input, supports),
    },
  };
}
