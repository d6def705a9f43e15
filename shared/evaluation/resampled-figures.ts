import { onlyColumn } from './metrics.ts';
import { answerOf, confusionMetrics } from './multiclass-metrics.ts';
import { orderAscending } from './radix-sort.ts';
import { type Answers, type Sample, weightIn } from './sample.ts';
import { ratio } from './sums.ts';

/**
 * Figures of one model as a function of sums over rows, so that rows drawn again only have to be added up.
 * `names` and what `figures` writes stand in the same order; NaN where a figure is undefined.
 */
export interface Totals {
  readonly names: readonly string[];
  /** How many sums there are. */
  readonly size: number;
  /** Adds some of the rows, each as often as it comes, to the sums that begin at 0. */
  readonly addAll: (into: Float64Array, rows: Uint32Array) => void;
  /** Adds a row to the sums that begin at `start`. */
  readonly add: (into: Float64Array, row: number, start: number) => void;
  readonly figures: (sums: Float64Array, into: Float64Array) => void;
}

/**
 * The group of each value, ascending, among about `bins` of equal mass (equal values share one, and none reaches over
 * `cut`), and for each group the smallest value it holds. Up to so many rows stay apart.
 */
function placesOf(
  values: Float64Array,
  bins: number,
  cut = Number.NEGATIVE_INFINITY,
): { places: Uint32Array; smallest: Float64Array } {
  const order = orderAscending(values);
  const places = new Uint32Array(values.length);
  const smallest: number[] = [];
  let [last, group] = [Number.NaN, -1];
  for (let rank = 0; rank < order.length; rank += 1) {
    const row = order[rank] ?? 0;
    const value = values[row] ?? 0;
    if (value !== last) {
      const now = Math.floor((rank * bins) / order.length);
      if (now !== group || (value >= cut && (smallest.at(-1) ?? cut) < cut)) smallest.push(value);
      [last, group] = [value, now];
    }
    places[row] = smallest.length - 1;
  }
  return { places, smallest: Float64Array.from(smallest) };
}

/** Sums of which a row adds its weight to one alone. */
function cellTotals(cells: Uint32Array, weights: Float64Array | null): Pick<Totals, 'add' | 'addAll'> {
  return {
    add: (into, row, start) => {
      const at = start + (cells[row] ?? 0);
      into[at] = (into[at] ?? 0) + weightIn(weights, row);
    },
    addAll:
      weights === null
        ? (into, rows) => {
            for (let drawn = 0; drawn < rows.length; drawn += 1) {
              const at = cells[rows[drawn] ?? 0] ?? 0;
              into[at] = (into[at] ?? 0) + 1;
            }
          }
        : (into, rows) => {
            for (let drawn = 0; drawn < rows.length; drawn += 1) {
              const row = rows[drawn] ?? 0;
              const at = cells[row] ?? 0;
              into[at] = (into[at] ?? 0) + (weights[row] ?? 0);
            }
          },
  };
}

const BINARY = ['average_precision', 'balanced_accuracy', 'precision', 'f1', 'mcc'] as const;

function binaryTotals({ labels, weights, operatingPoint }: Sample, answers: Answers, bins: number): Totals {
  const scores = onlyColumn(answers);
  // Groups are parted at the operating point, so that what is answered 1 is told exactly.
  const { places, smallest } = placesOf(scores, bins, operatingPoint);
  const cells = smallest.length;
  const firstFlagged = smallest.findIndex((score) => score >= operatingPoint);
  for (let row = 0; row < places.length; row += 1) places[row] = 2 * (places[row] ?? 0) + (labels[row] ?? 0);
  return {
    names: BINARY,
    size: 2 * cells,
    ...cellTotals(places, weights),
    figures: (sums, into) => {
      let [tp, fp, positives, negatives, area] = [0, 0, 0, 0, 0];
      for (let at = cells - 1; at >= 0; at -= 1) {
        const n = sums[2 * at] ?? 0;
        const p = sums[2 * at + 1] ?? 0;
        positives += p;
        negatives += n;
        // Whether a cell was drawn is a toss of a coin, and a branch on it costs more than the division.
        area += p * (positives / (positives + negatives || 1));
        if (at === firstFlagged) [tp, fp] = [positives, negatives];
      }
      const [fn, tn] = [positives - tp, negatives - fp];
      const spread = Math.sqrt(tp + fp) * Math.sqrt(tn + fn) * Math.sqrt(positives) * Math.sqrt(negatives);
      const both = positives > 0 && negatives > 0;
      into[0] = ratio(area, positives) ?? Number.NaN;
      into[1] = both ? (tp / positives + tn / negatives) / 2 : Number.NaN;
      into[2] = ratio(tp, tp + fp) ?? Number.NaN;
      into[3] = ratio(2 * tp, 2 * tp + fp + fn) ?? Number.NaN;
      into[4] = both ? (spread === 0 ? 0 : (tp * tn - fp * fn) / spread) : Number.NaN;
    },
  };
}

const MULTICLASS = [
  'balanced_accuracy',
  'mcc',
  'cohen_kappa',
  'precision_macro',
  'recall_macro',
  'f1_macro',
  'precision_weighted',
  'f1_weighted',
] as const;

function multiclassTotals({ labels, weights, classes }: Sample, answers: Answers): Totals {
  const cells = Uint32Array.from(labels, (label, row) => classes * label + answerOf(answers, row));
  return {
    names: MULTICLASS,
    size: classes * classes,
    ...cellTotals(cells, weights),
    figures: (sums, into) => {
      const byTruth = Array.from({ length: classes }, (_, label) =>
        sums.subarray(classes * label, classes * (label + 1)),
      );
      const { metrics } = confusionMetrics(byTruth);
      MULTICLASS.forEach((name, at) => {
        into[at] = metrics[name] ?? Number.NaN;
      });
    },
  };
}

const REGRESSION = ['rmse', 'r2', 'explained_variance', 'wape', 'rmsle', 'medae'] as const;
/** Weight, error, its square, its size; truth from its mean, its square, its size; squared error of logarithms. */
const MOMENTS = 8;

function explained(unexplained: number, total: number): number {
  if (!(total > 0)) return unexplained === 0 ? 1 : 0;
  return 1 - unexplained / total;
}

function regressionTotals({ labels, weights }: Sample, answers: Answers, bins: number): Totals {
  const scores = onlyColumn(answers);
  const rows = labels.length;
  const absolute = new Float64Array(rows);
  let [negative, centre] = [false, 0];
  for (let row = 0; row < rows; row += 1) {
    const [truth, score] = [labels[row] ?? 0, scores[row] ?? 0];
    absolute[row] = Math.abs(score - truth);
    negative ||= truth < 0 || score < 0;
    centre += truth / rows;
  }
  const { places, smallest } = placesOf(absolute, bins);
  const addMoments = (into: Float64Array, row: number, start: number): void => {
    const [truth, score, weight] = [labels[row] ?? 0, scores[row] ?? 0, weightIn(weights, row)];
    const error = score - truth;
    const away = truth - centre;
    const put = (at: number, value: number): void => {
      into[start + at] = (into[start + at] ?? 0) + weight * value;
    };
    put(0, 1);
    put(1, error);
    put(2, error * error);
    put(3, Math.abs(error));
    put(4, away);
    put(5, away * away);
    put(6, Math.abs(truth));
    if (!negative) put(7, (Math.log1p(score) - Math.log1p(truth)) ** 2);
  };
  // What each row adds, worked out once where rows are drawn one by one (only below 100,000 of them).
  let each: Float64Array | undefined;
  const momentsOf = (): Float64Array => {
    const moments = new Float64Array(rows * MOMENTS);
    for (let row = 0; row < rows; row += 1) addMoments(moments, row, row * MOMENTS);
    return moments;
  };
  return {
    names: REGRESSION,
    size: MOMENTS + smallest.length,
    add: (into, row, start) => {
      addMoments(into, row, start);
      const place = start + MOMENTS + (places[row] ?? 0);
      into[place] = (into[place] ?? 0) + weightIn(weights, row);
    },
    addAll: (into, drawn) => {
      each ??= momentsOf();
      const moments = each;
      const sums = new Float64Array(MOMENTS);
      for (let at = 0; at < drawn.length; at += 1) {
        const row = drawn[at] ?? 0;
        const start = row * MOMENTS;
        for (let of = 0; of < MOMENTS; of += 1) sums[of] = (sums[of] ?? 0) + (moments[start + of] ?? 0);
        const place = MOMENTS + (places[row] ?? 0);
        into[place] = (into[place] ?? 0) + (moments[start] ?? 0);
      }
      for (let of = 0; of < MOMENTS; of += 1) into[of] = (into[of] ?? 0) + (sums[of] ?? 0);
    },
    figures: (sums, into) => {
      const [total, error, squared, size] = [sums[0] ?? 0, sums[1] ?? 0, sums[2] ?? 0, sums[3] ?? 0];
      const [away, spread, truth, logs] = [sums[4] ?? 0, sums[5] ?? 0, sums[6] ?? 0, sums[7] ?? 0];
      const around = spread - (away * away) / total;
      into[0] = total > 0 ? Math.sqrt(squared / total) : Number.NaN;
      into[1] = total > 0 ? explained(squared, around) : Number.NaN;
      into[2] = total > 0 ? explained(Math.max(squared - (error * error) / total, 0), around) : Number.NaN;
      into[3] = ratio(size, truth) ?? Number.NaN;
      into[4] = negative || !(total > 0) ? Number.NaN : Math.sqrt(logs / total);
      let below = 0;
      into[5] = Number.NaN;
      for (let at = 0; at < smallest.length; at += 1) {
        below += sums[MOMENTS + at] ?? 0;
        if (below < total / 2) continue;
        into[5] = smallest[at] ?? Number.NaN;
        break;
      }
    },
  };
}

/** Every figure that can be worked out on rows drawn again. */
export const RESAMPLED: ReadonlySet<string> = new Set([...BINARY, ...MULTICLASS, ...REGRESSION]);

/** A model's figures as sums over rows, scores (errors) in about `bins` groups of equal mass. */
export function totalsOf(sample: Sample, answers: Answers, bins: number): Totals {
  switch (sample.problem) {
    case 'binary':
      return binaryTotals(sample, answers, bins);
    case 'multiclass':
      return multiclassTotals(sample, answers);
    case 'regression':
      return regressionTotals(sample, answers, bins);
  }
}
