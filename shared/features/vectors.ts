/** Loops over columns. A number that is not finite, and an integer that is not exact, has no value: it becomes null. */
import { DAY, FIRST_DAY, LAST_DAY } from './calendar.ts';
import type {
  BooleanColumn,
  CellValue,
  Column,
  ColumnType,
  NumericColumn,
  NumericType,
  StringColumn,
} from './columns.ts';

/** Makes a column of the columns an operation is applied to. */
export type Kernel = (args: readonly Column[], rows: number) => Column;

/**
 * What a type can hold; anything else, NaN included, is null. Times are those of the years 1 to 9999: beyond 2^53
 * microseconds (1684 to 2255) whole seconds are exact, and fractions to 32 microseconds.
 */
const BOUNDS: Readonly<Record<NumericType, readonly [least: number, most: number]>> = {
  integer: [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  number: [-Number.MAX_VALUE, Number.MAX_VALUE],
  date: [FIRST_DAY, LAST_DAY],
  timestamp: [FIRST_DAY * DAY, (LAST_DAY + 1) * DAY - 32],
};

/** A column with the same value in every row. */
export function constant(type: ColumnType, value: CellValue, rows: number): Column {
  const nulls = value === null ? new Uint8Array(rows).fill(1) : undefined;
  if (type === 'string')
    return { type, values: new Array<string>(rows).fill(value === null ? '' : String(value)), nulls };
  if (type === 'boolean') return { type, values: new Uint8Array(rows).fill(value === true ? 1 : 0), nulls };
  return { type, values: new Float64Array(rows).fill(Number(value)), nulls };
}

/** The column with null where it holds what its type cannot: NaN, an infinity, an inexact integer. */
export function withoutImpossible(column: Column): Column {
  if (column.type === 'string' || column.type === 'boolean') return column;
  const { values } = column;
  const [least, most] = BOUNDS[column.type];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    if (!(value >= least && value <= most)) return numeric(column.type, values.slice(), column.nulls);
  }
  return column;
}

/** A numeric column of freshly made values, which it takes over: impossible ones become null. */
function numeric(type: NumericType, values: Float64Array, nulls: Uint8Array | undefined): NumericColumn {
  const [least, most] = BOUNDS[type];
  let marks: Uint8Array | undefined;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    if (value >= least && value <= most) continue;
    marks ??= nulls === undefined ? new Uint8Array(values.length) : nulls.slice();
    marks[i] = 1;
    values[i] = 0;
  }
  return { type, values, nulls: marks ?? nulls };
}

/** 1 wherever any of the columns is null; undefined when none can be. May be one of the columns' own. */
function anyNull(args: readonly Column[]): Uint8Array | undefined {
  let merged: Uint8Array | undefined;
  let owned = false;
  for (const { nulls } of args) {
    if (nulls === undefined || nulls === merged) continue;
    if (merged === undefined) {
      merged = nulls;
      continue;
    }
    if (!owned) merged = merged.slice();
    owned = true;
    for (let i = 0; i < merged.length; i++) if (nulls[i] === 1) merged[i] = 1;
  }
  return merged;
}

/** The column at a place, as numbers. The checker has seen to the types; this says so to the compiler. */
export function numbersOf(args: readonly Column[], index: number): Float64Array {
  const column = args[index];
  if (column === undefined || column.type === 'string' || column.type === 'boolean')
    throw new TypeError('not a numeric column');
  return column.values;
}

/** The column at a place, as texts. */
export function textsOf(args: readonly Column[], index: number): readonly string[] {
  const column = args[index];
  if (column?.type !== 'string') throw new TypeError('not a string column');
  return column.values;
}

/** The column at a place, as truth values. */
export function truthsOf(args: readonly Column[], index: number): Uint8Array {
  const column = args[index];
  if (column?.type !== 'boolean') throw new TypeError('not a boolean column');
  return column.values;
}

/** A number for each row. `f` sees rows of null as well; what it answers there is not used. */
export function toNumbers(type: NumericType, f: (args: readonly Column[]) => (row: number) => number): Kernel {
  return (args, rows) => {
    const nulls = anyNull(args);
    const values = new Float64Array(rows);
    const at = f(args);
    for (let i = 0; i < rows; i++) values[i] = nulls?.[i] === 1 ? 0 : at(i);
    return numeric(type, values, nulls);
  };
}

/** A text for each row that has all its arguments. */
export function toTexts(f: (args: readonly Column[]) => (row: number) => string): Kernel {
  return (args, rows): StringColumn => {
    const nulls = anyNull(args);
    const values = new Array<string>(rows);
    const at = f(args);
    for (let i = 0; i < rows; i++) values[i] = nulls?.[i] === 1 ? '' : at(i);
    return { type: 'string', values, nulls };
  };
}

/** A text, or none, for each row that has all its arguments. */
export function toMaybeTexts(f: (args: readonly Column[]) => (row: number) => string | null): Kernel {
  return (args, rows): StringColumn => {
    const given = anyNull(args);
    let nulls = given;
    const values = new Array<string>(rows);
    const at = f(args);
    for (let i = 0; i < rows; i++) {
      const text = given?.[i] === 1 ? null : at(i);
      values[i] = text ?? '';
      if (text !== null || given?.[i] === 1) continue;
      // What is given may be a column's own.
      if (nulls === undefined || nulls === given) nulls = given === undefined ? new Uint8Array(rows) : given.slice();
      nulls[i] = 1;
    }
    return { type: 'string', values, nulls };
  };
}

/** A truth value for each row that has all its arguments. */
export function toTruths(f: (args: readonly Column[]) => (row: number) => boolean): Kernel {
  return (args, rows): BooleanColumn => {
    const nulls = anyNull(args);
    const values = new Uint8Array(rows);
    const at = f(args);
    for (let i = 0; i < rows; i++) values[i] = nulls?.[i] !== 1 && at(i) ? 1 : 0;
    return { type: 'boolean', values, nulls };
  };
}

/** A number of one number. */
export const ofNumber =
  (type: NumericType, f: (a: number) => number): Kernel =>
  (args, rows) => {
    const a = numbersOf(args, 0);
    const values = new Float64Array(rows);
    for (let i = 0; i < rows; i++) values[i] = f(a[i] ?? 0);
    return clean(numeric(type, values, anyNull(args)));
  };

/** A number of two numbers. */
export const ofNumbers =
  (type: NumericType, f: (a: number, b: number) => number): Kernel =>
  (args, rows) => {
    const a = numbersOf(args, 0);
    const b = numbersOf(args, 1);
    const values = new Float64Array(rows);
    for (let i = 0; i < rows; i++) values[i] = f(a[i] ?? 0, b[i] ?? 0);
    return clean(numeric(type, values, anyNull(args)));
  };

/** What is computed where there is no value is thrown away, so that equal rows give equal bytes. */
function clean(column: NumericColumn): NumericColumn {
  const { nulls, values } = column;
  if (nulls !== undefined) for (let i = 0; i < values.length; i++) if (nulls[i] === 1) values[i] = 0;
  return column;
}

/** A number of one text. */
export const ofText = (type: NumericType, f: (a: string) => number): Kernel =>
  toNumbers(type, (args) => {
    const a = textsOf(args, 0);
    return (i) => f(a[i] ?? '');
  });

/** A text of one text. */
export const textOfText = (f: (a: string) => string): Kernel =>
  toTexts((args) => {
    const a = textsOf(args, 0);
    return (i) => f(a[i] ?? '');
  });

/** A text of two texts. */
export const textOfTexts = (f: (a: string, b: string) => string): Kernel =>
  toTexts((args) => {
    const a = textsOf(args, 0);
    const b = textsOf(args, 1);
    return (i) => f(a[i] ?? '', b[i] ?? '');
  });

/** A text of a text and a number. */
export const textOfTextAndNumber = (f: (a: string, b: number) => string): Kernel =>
  toTexts((args) => {
    const a = textsOf(args, 0);
    const b = numbersOf(args, 1);
    return (i) => f(a[i] ?? '', b[i] ?? 0);
  });

/** A truth value of two texts. */
export const truthOfTexts = (f: (a: string, b: string) => boolean): Kernel =>
  toTruths((args) => {
    const a = textsOf(args, 0);
    const b = textsOf(args, 1);
    return (i) => f(a[i] ?? '', b[i] ?? '');
  });

/** The third truth value. */
export const UNKNOWN = 2;

/** SQL's truth values of a row: 0, 1, or 2 for NULL. */
export const truthAt = (column: Column, row: number): number =>
  column.nulls?.[row] === 1 ? UNKNOWN : Number(column.values[row] ?? 0);

/** Truth values, of which {@link UNKNOWN} is null. */
export function ofTruths(rows: number, f: (row: number) => number): BooleanColumn {
  const values = new Uint8Array(rows);
  let nulls: Uint8Array | undefined;
  for (let i = 0; i < rows; i++) {
    const truth = f(i);
    if (truth === UNKNOWN) {
      nulls ??= new Uint8Array(rows);
      nulls[i] = 1;
    } else {
      values[i] = truth;
    }
  }
  return { type: 'boolean', values, nulls };
}

/** For each row, the value of the column whose index `choose` names; null where it names none or the value is null. */
export function pick(type: ColumnType, args: readonly Column[], rows: number, choose: (row: number) => number): Column {
  const nulls = new Uint8Array(rows);
  let some = false;
  const chosen = new Int32Array(rows);
  for (let i = 0; i < rows; i++) {
    const index = choose(i);
    chosen[i] = index;
    const column = index < 0 ? undefined : args[index];
    if (column !== undefined && column.nulls?.[i] !== 1) continue;
    nulls[i] = 1;
    chosen[i] = -1;
    some = true;
  }
  const marks = some ? nulls : undefined;
  if (type === 'string') {
    const sources = args.map((arg, k) => (arg.type === 'string' ? textsOf(args, k) : []));
    return {
      type,
      values: Array.from(chosen, (index, i) => (index < 0 ? '' : (sources[index]?.[i] ?? ''))),
      nulls: marks,
    };
  }
  if (type === 'boolean') {
    const values = Uint8Array.from(chosen, (index, i) => (index < 0 ? 0 : Number(args[index]?.values[i] ?? 0)));
    return { type, values, nulls: marks };
  }
  const values = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const index = chosen[i] ?? -1;
    if (index >= 0) values[i] = Number(args[index]?.values[i] ?? 0);
  }
  return { type, values, nulls: marks };
}
