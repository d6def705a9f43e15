/**
 * The columns of a model that are watched: its encoded features, with categories by name again, and what it answers. The
 * baseline and every window are made of the same cells.
 */
import { OTHER } from '../data/dictionary.ts';
import { type RunInput, reachesAs } from '../data/run-input.ts';
import { columnsResolved } from '../features/check.ts';
import type { Baseline, BaselineColumn, Cells, ColumnSpec } from './baseline.ts';
import { LEADING, OUTSIDE } from './baseline.ts';

/** What of a run's input says which columns there are. */
export type ModelColumns = Pick<RunInput, 'features' | 'dictionary' | 'columnTypes'>;

/** No category is called so: categories come from text, and text of data has no NUL. */
const OTHER_NAME = '\u0000other';

/**
 * The features, in the model's order. One that reads the column of time and nothing else is a function of time.
 *
 * @param time The column that says when a row was; null where rows have none.
 */
export const featureSpecs = ({ features, columnTypes }: ModelColumns, time: string | null): ColumnSpec[] =>
  features.map((feature) => {
    const { name, expression } = feature;
    const read = columnsResolved(expression, columnTypes);
    return {
      name,
      kind: reachesAs(feature),
      ofTime: time !== null && read.length > 0 && read.every((column) => column === time),
    };
  });

/** Codes that no dictionary of the run has are OTHER, as the encoder has it; -1 where a value is missing. */
function codesOf(column: Float64Array, rows: number, categories: number): Int32Array {
  const codes = new Int32Array(rows);
  for (let row = 0; row < rows; row += 1) {
    const code = column[row] ?? Number.NaN;
    const isKnown = Number.isInteger(code) && code >= 0 && code <= categories;
    codes[row] = Number.isNaN(code) ? -1 : isKnown ? code : OTHER;
  }
  return codes;
}

/** Turns a batch of a model's encoded columns, in its order, into cells by the features' names. */
export type FeatureCells = (columns: readonly Float64Array[], rows: number) => Readonly<Record<string, Cells>>;

/** The cells of the features that are watched. */
export function featureCells({ features, dictionary }: ModelColumns, specs: readonly ColumnSpec[]): FeatureCells {
  const names = features.map((feature) =>
    reachesAs(feature) === 'category' ? [OTHER_NAME, ...(dictionary.features[feature.name] ?? [])] : null,
  );
  return (columns, rows) =>
    Object.fromEntries(
      specs.flatMap(({ name, ofTime }, place): [string, Cells][] => {
        const column = columns[place];
        if (column === undefined) throw new RangeError(`no column of feature ${name}`);
        if (ofTime) return [];
        const categories = names[place];
        if (!categories) return [[name, column.subarray(0, rows)]];
        return [[name, { codes: codesOf(column, rows, categories.length - 1), names: categories }]];
      }),
    );
}

/** A column in which OTHER is counted with the values that are none of the categories. */
function withOtherOutside(column: BaselineColumn): BaselineColumn {
  if (column.data?.kind !== 'category') return column;
  const { profile } = column.data;
  const at = profile.categories.indexOf(OTHER_NAME);
  if (at < 0) return column;
  const without = <T>(values: readonly T[], place: number): T[] => values.filter((_, index) => index !== place);
  return {
    ...column,
    data: {
      kind: 'category',
      profile: {
        ...profile,
        categories: without(profile.categories, at),
        counts: without(profile.counts, at),
        other: profile.other + (profile.counts[at] ?? 0),
      },
    },
    chunks: column.chunks.map((chunk) => {
      const moved = chunk.with(OUTSIDE, (chunk[OUTSIDE] ?? 0) + (chunk[LEADING + at] ?? 0));
      return without(moved, LEADING + at);
    }),
  };
}

/**
 * A baseline in which rare and unknown categories are unseen values, not a category: that they become more is the sign
 * to look for.
 */
export const withUnseen = (baseline: Baseline): Baseline => ({
  ...baseline,
  columns: baseline.columns.map(withOtherOutside),
});

const PREDICTION = 'prediction';
const CONFIDENCE = 'confidence';

/** What is watched of the answers: the number; of several classes the one that is answered, and its score. */
export const predictionSpecs = (classes: readonly string[] | null): ColumnSpec[] =>
  classes === null
    ? [{ name: PREDICTION, kind: 'number', ofTime: false }]
    : [
        { name: PREDICTION, kind: 'category', ofTime: false },
        { name: CONFIDENCE, kind: 'number', ofTime: false },
      ];

/**
 * The cells of answers.
 *
 * @param answered Row after row a number for each class, or one.
 */
export function predictionCells(
  answered: Float64Array,
  rows: number,
  classes: readonly string[] | null,
): Readonly<Record<string, Cells>> {
  if (classes === null) return { [PREDICTION]: answered.subarray(0, rows) };
  const [codes, confidence] = [new Int32Array(rows), new Float64Array(rows)];
  for (let row = 0; row < rows; row += 1) {
    const first = row * classes.length;
    let best = 0;
    // Of equal ones the first, as in serving.
    for (let place = 1; place < classes.length; place += 1) {
      if ((answered[first + place] ?? 0) > (answered[first + best] ?? 0)) best = place;
    }
    codes[row] = best;
    confidence[row] = answered[first + best] ?? Number.NaN;
  }
  return { [PREDICTION]: { codes, names: classes }, [CONFIDENCE]: confidence };
}
