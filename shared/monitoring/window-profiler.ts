import * as z from 'zod';

import {
  type Baseline,
  type BaselineColumn,
  type Cells,
  type ColumnProfile,
  categoriesOf,
  cellsOf,
  columnProfileSchema,
  numbersOf,
} from './baseline.ts';
import { categoryTally, mergeCategoryProfiles } from './category-profile.ts';
import { mergeProfiles, numericTally } from './profile.ts';

/** What the rows of a window held, column by column; functions of time are not in it. */
export const windowProfileSchema = z.strictObject({
  rows: z.int().min(0),
  columns: z.array(z.strictObject({ name: z.string(), data: columnProfileSchema })).readonly(),
});
export type WindowProfile = z.infer<typeof windowProfileSchema>;

/** Counts a window's rows, batch by batch. */
export interface WindowProfiler {
  /**
   * Cells by column name; functions of time need none.
   * @throws RangeError where a column's cells are missing, of another kind or not as many as the rows
   */
  readonly add: (rows: number, cells: Readonly<Record<string, Cells>>) => void;
  readonly profile: () => WindowProfile;
}

interface Tally {
  readonly add: (cells: Cells) => void;
  readonly profile: () => ColumnProfile;
}

function tallyOf({ name, kind }: BaselineColumn, data: ColumnProfile): Tally {
  if (data.kind === 'number') {
    const tally = numericTally(data.profile);
    return {
      add: (cells) => tally.add(numbersOf(cells, name)),
      profile: () => ({ kind: 'number', profile: tally.profile() }),
    };
  }
  const tally = categoryTally(data.profile.categories);
  return {
    add: (cells) => tally.add(categoriesOf(kind === 'number' ? numbersOf(cells, name) : cells)),
    profile: () => ({ kind: 'category', profile: tally.profile() }),
  };
}

/** Begins to count a window over a baseline's bins and categories. */
export function windowProfiler(baseline: Baseline): WindowProfiler {
  const tallies = baseline.columns.flatMap((column) =>
    column.data === null ? [] : [{ name: column.name, tally: tallyOf(column, column.data) }],
  );
  let total = 0;
  return {
    add: (rows, cells) => {
      const found = tallies.map(({ name }) => cellsOf(cells, name, rows));
      for (const [at, { tally }] of tallies.entries()) tally.add(found[at] ?? new Float64Array(0));
      total += rows;
    },
    profile: () => ({ rows: total, columns: tallies.map(({ name, tally }) => ({ name, data: tally.profile() })) }),
  };
}

function mergedColumns(a: ColumnProfile, b: ColumnProfile): ColumnProfile {
  if (a.kind === 'number' && b.kind === 'number')
    return { kind: 'number', profile: mergeProfiles(a.profile, b.profile) };
  if (a.kind === 'category' && b.kind === 'category')
    return { kind: 'category', profile: mergeCategoryProfiles(a.profile, b.profile) };
  throw new RangeError('a profile of numbers and one of categories do not add up');
}

/**
 * The profile of the rows of two windows, or of two parts of one: in any order, to the bit.
 * @throws RangeError where they were not taken against one baseline
 */
export function mergeWindowProfiles(a: WindowProfile, b: WindowProfile): WindowProfile {
  if (a.columns.length !== b.columns.length) throw new RangeError('profiles of other columns do not add up');
  return {
    rows: a.rows + b.rows,
    columns: a.columns.map(({ name, data }, at) => {
      const other = b.columns[at];
      if (other?.name !== name) throw new RangeError(`column ${name} against ${other?.name}`);
      return { name, data: mergedColumns(data, other.data) };
    }),
  };
}
