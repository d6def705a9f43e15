/**
 * Categories as numbers that say something of them: how frequent they are, or what their rows' labels are on average.
 * Both are learned on rows to train on alone and frozen with the run, so that whoever encodes for its model, in judging or
 * in serving, has the same numbers.
 */
import * as z from 'zod';
import { OTHER } from './dictionary.ts';

/** How a category reaches the model besides by its code. */
export const LEARNED_ENCODINGS = ['frequency', 'target'] as const;

const counts = z.array(z.int().min(0));

/** What was learned of one feature; lists are by code, the first for {@link OTHER}. */
export const learnedEncodingSchema = z.discriminatedUnion('encoding', [
  z.strictObject({
    encoding: z.literal('frequency'),
    /** All rows to train on, with those that have no category. */
    rows: z.int().min(0),
    counts,
  }),
  z.strictObject({
    encoding: z.literal('target'),
    /** Each fold of the rows to train on: how many rows, and the sum of their labels. */
    folds: z.array(z.strictObject({ rows: counts, sums: z.array(z.number()) })).min(2),
  }),
]);

/** What was learned of one feature; see {@link learnedEncodingSchema}. */
export type LearnedEncoding = z.infer<typeof learnedEncodingSchema>;

/** Folds of the rows to train on. */
export const ENCODING_FOLDS = 5;

/**
 * So many rows of the average label are added to each category's own, so that a category of few rows does not tell the
 * labels of those rows (Micci-Barreca 2001, as an m-estimate).
 */
const SMOOTHING_ROWS = 20;

/** Learns one feature's numbers from its codes. */
export interface EncodingLearner {
  /**
   * Takes the rows to train on.
   *
   * @param codes of all rows of a batch, NaN where there is no category.
   * @param folds the fold of each row of the batch; needed for `target` alone.
   */
  add(codes: Float64Array, labels: Float64Array, folds: Uint8Array | null, chosen: Uint32Array): void;
  learned(): LearnedEncoding;
}

/** A learner of a feature with so many categories, {@link OTHER} not counted. */
export function encodingLearner(encoding: (typeof LEARNED_ENCODINGS)[number], categories: number): EncodingLearner {
  return encoding === 'frequency' ? frequencyLearner(categories + 1) : targetLearner(categories + 1);
}

function frequencyLearner(codes: number): EncodingLearner {
  const found = new Array<number>(codes).fill(0);
  let rows = 0;
  return {
    add(given, _labels, _folds, chosen) {
      rows += chosen.length;
      for (const row of chosen) {
        const code = given[row] ?? Number.NaN;
        if (!Number.isNaN(code)) found[code] = (found[code] ?? 0) + 1;
      }
    },
    learned: () => ({ encoding: 'frequency', rows, counts: found }),
  };
}

function targetLearner(codes: number): EncodingLearner {
  const folds = Array.from({ length: ENCODING_FOLDS }, () => ({
    rows: new Array<number>(codes).fill(0),
    sums: new Array<number>(codes).fill(0),
  }));
  return {
    add(given, labels, foldOf, chosen) {
      for (const row of chosen) {
        const [code, label] = [given[row] ?? Number.NaN, labels[row] ?? Number.NaN];
        const fold = folds[foldOf?.[row] ?? -1];
        if (fold === undefined) throw new RangeError(`row ${row} has no fold`);
        if (Number.isNaN(code) || Number.isNaN(label)) continue;
        fold.rows[code] = (fold.rows[code] ?? 0) + 1;
        fold.sums[code] = (fold.sums[code] ?? 0) + label;
      }
    },
    learned: () => ({ encoding: 'target', folds }),
  };
}

/** The numbers of a feature's codes: the first for {@link OTHER}. */
export interface CodeNumbers {
  /** What all but rows to train on get. */
  readonly serving: Float64Array;
  /** Per fold, what its own rows get when they are trained on; null where that is the same. */
  readonly training: readonly Float64Array[] | null;
}

/**
 * The numbers that were learned.
 *
 * `frequency`: a category's share of the rows to train on, 0 for what is rare or unknown. `target`: the average label of
 * the category's rows, drawn towards that of all rows; what is rare or unknown is one category. A row that is trained on
 * gets the number that the other folds give: its own label, and those of its fold, have no part in it, not even through
 * the average of all.
 */
export function codeNumbers(learned: LearnedEncoding): CodeNumbers {
  if (learned.encoding === 'frequency') {
    const share = learned.counts.map((count, code) =>
      code === OTHER || learned.rows === 0 ? 0 : count / learned.rows,
    );
    return { serving: Float64Array.from(share), training: null };
  }
  const { folds } = learned;
  return {
    serving: smoothedMeans(folds),
    training: folds.map((own) => smoothedMeans(folds.filter((fold) => fold !== own))),
  };
}

type Folds = Extract<LearnedEncoding, { encoding: 'target' }>['folds'];

/** Smoothed means of the labels by code; NaN where no row is known at all. */
function smoothedMeans(folds: Folds): Float64Array {
  const codes = folds[0]?.rows.length ?? 0;
  const [rows, sums] = [new Float64Array(codes), new Float64Array(codes)];
  for (const fold of folds) {
    for (let code = 0; code < codes; code += 1) {
      rows[code] = (rows[code] ?? 0) + (fold.rows[code] ?? 0);
      sums[code] = (sums[code] ?? 0) + (fold.sums[code] ?? 0);
    }
  }
  const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);
  const prior = total(sums) / total(rows);
  return sums.map((sum, code) => (sum + SMOOTHING_ROWS * prior) / ((rows[code] ?? 0) + SMOOTHING_ROWS));
}

/** Codes as numbers; what has no category stays without one. */
export function numbersOfCodes(codes: Float64Array, numbers: Float64Array): Float64Array {
  return codes.map((code) => (Number.isNaN(code) ? Number.NaN : (numbers[code] ?? Number.NaN)));
}

/** Codes of rows to train on as the numbers of their folds. */
export function numbersOfFolds(codes: Float64Array, numbers: readonly Float64Array[], folds: Uint8Array): Float64Array {
  return codes.map((code, row) =>
    Number.isNaN(code) ? Number.NaN : (numbers[folds[row] ?? -1]?.[code] ?? Number.NaN),
  );
}
