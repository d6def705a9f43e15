/**
 * Columns by code: what a batch holds in few different values is computed once for each of them. Kernels look at one row
 * at a time, so that a column computed of the values and dealt out to the rows is the column computed of the rows.
 */
import type { Coded, Column, StringColumn } from './columns.ts';

/** Batches of fewer rows are computed row by row. */
export const LEAST_ROWS = 64;
/** A value has to stand for so many rows on average, or looking it up costs more than it saves. */
const ROWS_A_VALUE = 4;
/** Pairs of values are found by their place in a table of at most so many. */
const MOST_PAIRS = 65_536;

/** The code met last of texts that look alike: to look at three of its letters is cheaper than a text's hash. */
const recent = new Int32Array(1024);

function slotOf(text: string): number {
  const { length } = text;
  if (length === 0) return 0;
  const letters = text.charCodeAt(0) * 31 + text.charCodeAt(length >> 1) * 1021 + text.charCodeAt(length - 1);
  return (letters + length * 7) & (recent.length - 1);
}

/** The column by code; null where too many of its values differ. A missing value is a value of its own. */
export function codedTexts(column: StringColumn, rows: number): Coded | null {
  if (column.coded !== undefined) return column.coded;
  const { values, nulls } = column;
  const most = Math.floor(rows / ROWS_A_VALUE);
  const known = new Map<string, number>();
  const codes = new Int32Array(rows);
  const distinct: string[] = [];
  let missing = -1;
  recent.fill(-1);
  for (let row = 0; row < rows; row += 1) {
    if (nulls?.[row] === 1) {
      if (missing < 0) missing = distinct.push('') - 1;
      codes[row] = missing;
      continue;
    }
    const text = values[row] ?? '';
    const slot = slotOf(text);
    let code = recent[slot] ?? -1;
    if (distinct[code] !== text) {
      const before = known.get(text);
      if (before === undefined && distinct.length >= most) return null;
      code = before ?? distinct.push(text) - 1;
      known.set(text, code);
      recent[slot] = code;
    }
    codes[row] = code;
  }
  const absent = missing < 0 ? undefined : new Uint8Array(distinct.length);
  if (absent !== undefined) absent[missing] = 1;
  return { codes, column: { type: 'string', values: distinct, nulls: absent } };
}

/** Codes of combined values, and which value of either each combination holds. */
export interface Combined {
  readonly codes: Int32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
}

/** Codes, and how many values they stand for. */
interface Codes {
  readonly codes: Int32Array;
  readonly size: number;
}

/** Combines the codes of two columns; null where too many combinations occur. */
export function combined(left: Codes, right: Codes): Combined | null {
  const width = right.size;
  const pairs = left.size * width;
  if (pairs > MOST_PAIRS) return null;
  const rows = left.codes.length;
  const most = Math.floor(rows / ROWS_A_VALUE);
  const table = new Int32Array(pairs).fill(-1);
  const codes = new Int32Array(rows);
  const [lefts, rights]: [number[], number[]] = [[], []];
  for (let row = 0; row < rows; row += 1) {
    const a = left.codes[row] ?? 0;
    const b = right.codes[row] ?? 0;
    let code = table[a * width + b] ?? -1;
    if (code < 0) {
      if (lefts.length >= most) return null;
      code = lefts.push(a) - 1;
      rights.push(b);
      table[a * width + b] = code;
    }
    codes[row] = code;
  }
  return { codes, left: Int32Array.from(lefts), right: Int32Array.from(rights) };
}

/** The column that holds, at each place, the value of another at the index that stands there. */
export function dealt(column: Column, indices: Int32Array): Column {
  const nulls = column.nulls === undefined ? undefined : dealtBytes(column.nulls, indices);
  if (column.type === 'boolean') return { type: column.type, values: dealtBytes(column.values, indices), nulls };
  if (column.type === 'string') {
    const from = column.values;
    const values = new Array<string>(indices.length);
    for (let at = 0; at < indices.length; at += 1) values[at] = from[indices[at] ?? 0] ?? '';
    return { type: column.type, values, nulls };
  }
  const from = column.values;
  const values = new Float64Array(indices.length);
  for (let at = 0; at < indices.length; at += 1) values[at] = from[indices[at] ?? 0] ?? 0;
  return { type: column.type, values, nulls };
}

function dealtBytes(from: Uint8Array, indices: Int32Array): Uint8Array {
  const bytes = new Uint8Array(indices.length);
  for (let at = 0; at < indices.length; at += 1) bytes[at] = from[indices[at] ?? 0] ?? 0;
  return bytes;
}
