/**
 * How well each feature alone tells the label, on a sample of the training rows: one that tells nearly all of it gives
 * the label away, and was probably written down after it.
 */

/** What kind of label is told. */
export interface LabelKind {
  readonly problem: 'binary' | 'multiclass' | 'regression';
  /** How many classes a multiclass label has. */
  readonly classes: number;
}

/**
 * From 0 to 1. Binary: ROC AUC of the feature's own bins, each scored by its share of positives. Multiclass: the same of
 * each class against the others, weighted by the classes' rows. Regression: the share of the label's variance between the
 * bins. Null where the sample has nothing to tell apart.
 */
export interface Strength {
  readonly feature: string;
  readonly strength: number | null;
}

/** A sample of training rows that never takes more than a bounded memory. */
export interface TrainingSample {
  /** Takes some of the chosen rows of a batch. */
  add(features: readonly Float64Array[], label: Float64Array, chosen: Uint32Array): void;
  /** The strongest features, the strongest first; of equal ones in the order of their names. */
  strongest(): Strength[];
}

/** Cells of the sample, 32 MB of doubles. */
const MAX_CELLS = 4_000_000;
const MAX_ROWS = 50_000;
/** With at least so many rows in a bin, noise does not look like knowledge. */
const MIN_BIN_ROWS = 20;
const MAX_BINS = 50;
const LISTED = 10;

/** Samples evenly: every row first, every second once the sample is full, then every fourth, and so on. */
export function trainingSample(
  features: readonly { readonly name: string; readonly kind: 'number' | 'category' }[],
  label: LabelKind,
  maxRows: number = Math.max(1000, Math.min(MAX_ROWS, Math.floor(MAX_CELLS / (features.length + 1)))),
): TrainingSample {
  const columns = features.map(() => new Float64Array(maxRows));
  const labels = new Float64Array(maxRows);
  let [kept, seen, step] = [0, 0, 1];

  const thin = (): void => {
    for (const column of [...columns, labels]) {
      for (let row = 0; row * 2 < kept; row += 1) column[row] = column[row * 2] ?? Number.NaN;
    }
    kept = Math.ceil(kept / 2);
    step *= 2;
  };

  return {
    add(values, given, chosen) {
      for (const row of chosen) {
        const isTaken = seen % step === 0;
        seen += 1;
        if (!isTaken) continue;
        if (kept === maxRows) {
          thin();
          if ((seen - 1) % step !== 0) continue;
        }
        columns.forEach((column, index) => {
          column[kept] = values[index]?.[row] ?? Number.NaN;
        });
        labels[kept] = given[row] ?? Number.NaN;
        kept += 1;
      }
    },
    strongest() {
      const told = labels.subarray(0, kept);
      return features
        .map(({ name, kind }, index): Strength => {
          const bins = binsOf((columns[index] ?? new Float64Array(0)).subarray(0, kept), kind);
          return { feature: name, strength: strengthOf(bins, told, label) };
        })
        .sort((a, b) => (b.strength ?? -1) - (a.strength ?? -1) || (a.feature < b.feature ? -1 : 1))
        .slice(0, LISTED);
    },
  };
}

interface Bins {
  readonly of: Uint32Array;
  readonly count: number;
}

/**
 * Each category is a bin; of numbers, equal ones are in one bin, and a bin is closed once it has its share of the rows.
 * Missing values are a bin of their own, the first.
 */
function binsOf(values: Float64Array, kind: 'number' | 'category'): Bins {
  const present = Uint32Array.from(values.keys())
    .filter((row) => !Number.isNaN(values[row]))
    .sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const share = kind === 'category' ? 1 : Math.max(MIN_BIN_ROWS, Math.ceil(present.length / MAX_BINS));
  const of = new Uint32Array(values.length);
  let [bin, size] = [1, 0];
  present.forEach((row, place) => {
    const isNew = place > 0 && values[row] !== values[present[place - 1] ?? 0];
    if (isNew && size >= share) [bin, size] = [bin + 1, 0];
    of[row] = bin;
    size += 1;
  });
  return { of, count: bin + 1 };
}

function strengthOf(bins: Bins, labels: Float64Array, { problem, classes }: LabelKind): number | null {
  if (problem === 'regression') return explainedVariance(bins, labels);
  if (problem === 'binary') return rankedBy(bins, labels, 1);
  let [sum, rows] = [0, 0];
  for (let place = 0; place < classes; place += 1) {
    const ranked = rankedBy(bins, labels, place);
    if (ranked === null) continue;
    const support = labels.reduce((count, label) => count + (label === place ? 1 : 0), 0);
    sum += ranked * support;
    rows += support;
  }
  return rows === 0 ? null : sum / rows;
}

/** ROC AUC of the bins, each scored by its share of rows with this label; null with one class. */
function rankedBy({ of, count }: Bins, labels: Float64Array, label: number): number | null {
  const positives = new Float64Array(count);
  const rows = new Float64Array(count);
  of.forEach((bin, row) => {
    rows[bin] = (rows[bin] ?? 0) + 1;
    if (labels[row] === label) positives[bin] = (positives[bin] ?? 0) + 1;
  });
  const share = (bin: number): number => (positives[bin] ?? 0) / (rows[bin] ?? 1);
  const order = [...rows.keys()].filter((bin) => (rows[bin] ?? 0) > 0).sort((a, b) => share(a) - share(b));
  let [below, pairs, allPositives] = [0, 0, 0];
  for (const bin of order) {
    const mine = positives[bin] ?? 0;
    const others = (rows[bin] ?? 0) - mine;
    pairs += mine * (below + others / 2);
    below += others;
    allPositives += mine;
  }
  return allPositives === 0 || below === 0 ? null : pairs / (allPositives * below);
}

/** The share of the labels' variance that lies between the bins; null where they do not vary. */
function explainedVariance({ of, count }: Bins, labels: Float64Array): number | null {
  const mean = labels.reduce((sum, label) => sum + label, 0) / labels.length;
  const sums = new Float64Array(count);
  const rows = new Float64Array(count);
  let all = 0;
  of.forEach((bin, row) => {
    const away = (labels[row] ?? 0) - mean;
    sums[bin] = (sums[bin] ?? 0) + away;
    rows[bin] = (rows[bin] ?? 0) + 1;
    all += away * away;
  });
  if (!(all > 0)) return null;
  const between = sums.reduce((sum, each, bin) => (rows[bin] ? sum + (each * each) / rows[bin] : sum), 0);
  return Math.min(1, between / all);
}
