/** The columns a program makes on its way: of the same value in every row, of few texts by code, or row by row. */
import { type Combined, codedTexts, combined, dealt, LEAST_ROWS } from './coded.ts';
import type { Coded, Column } from './columns.ts';
import type { Kernel } from './vectors.ts';

/** A column of a batch, in the forms in which it was asked for so far. */
export interface Made {
  /** Row by row. */
  readonly rows: () => Column;
  /** By code; null where its rows are not made of few texts. */
  readonly coded: () => Coded | null;
  /** The same value in every row, as a column of so many; null where it is none. */
  readonly constant: ((rows: number) => Column) | null;
}

const nothing = (): null => null;

/** A column that has the same value in every row. */
export const madeConstant = (constant: (rows: number) => Column, rows: number): Made => ({
  rows: () => constant(rows),
  coded: nothing,
  constant,
});

/** A column that is there. */
export function madeRows(column: Column, rows: number): Made {
  let coded: Coded | null | undefined;
  return {
    rows: () => column,
    coded: () => {
      if (coded === undefined) coded = column.type !== 'string' || rows < LEAST_ROWS ? null : codedTexts(column, rows);
      return coded;
    },
    constant: null,
  };
}

function madeCoded(coded: Coded): Made {
  let column: Column | undefined;
  return {
    rows: () => {
      if (column === undefined) {
        const all = dealt(coded.column, coded.codes);
        column = all.type === 'string' ? { ...all, coded } : all;
      }
      return column;
    },
    coded: () => coded,
    constant: null,
  };
}

/** Applies an operation: to each combination of its texts once where they are few, else row by row. */
export function applied(kernel: Kernel, args: readonly Made[], rows: number): Made {
  const constants = args.map((arg) => arg.constant);
  if (constants.every((constant) => constant !== null))
    return madeConstant(
      (size) =>
        kernel(
          constants.flatMap((constant) => constant?.(size) ?? []),
          size,
        ),
      rows,
    );
  const found = rows < LEAST_ROWS ? null : combination(args);
  if (found !== null) return madeCoded({ codes: found.codes, column: kernel(found.args, found.size) });
  return madeRows(
    kernel(
      args.map((arg) => arg.rows()),
      rows,
    ),
    rows,
  );
}

interface Combination {
  readonly codes: Int32Array;
  /** How many combinations there are. */
  readonly size: number;
  /** The arguments' columns, a row for each. */
  readonly args: readonly Column[];
}

/** The combinations of the arguments' values; null where an argument has no codes, or too many occur. */
function combination(args: readonly Made[]): Combination | null {
  let codes: Int32Array | null = null;
  let size = 0;
  /** Of each kind of codes, which of its values the combinations hold; undefined: they are its codes. */
  const chosen = new Map<Int32Array, Int32Array | undefined>();
  for (const arg of args) {
    if (arg.constant !== null) continue;
    const coded = arg.coded();
    if (coded === null) return null;
    if (chosen.has(coded.codes)) continue;
    if (codes === null) {
      codes = coded.codes;
      size = coded.column.values.length;
      chosen.set(codes, undefined);
      continue;
    }
    const both: Combined | null = combined({ codes, size }, { codes: coded.codes, size: coded.column.values.length });
    if (both === null) return null;
    for (const [each, of] of chosen)
      chosen.set(each, of === undefined ? both.left : both.left.map((at) => of[at] ?? 0));
    chosen.set(coded.codes, both.right);
    codes = both.codes;
    size = both.left.length;
  }
  if (codes === null) return null;
  const columns = args.map((arg): Column | null => {
    if (arg.constant !== null) return arg.constant(size);
    const coded = arg.coded();
    const indices = coded === null ? undefined : chosen.get(coded.codes);
    if (coded === null) return null;
    return indices === undefined ? coded.column : dealt(coded.column, indices);
  });
  return { codes, size, args: columns.filter((column) => column !== null) };
}
