/**
 * Rows of requests to an endpoint that came from elsewhere: values by their place or their name, categories as the texts
 * they are. Of own models the encoded rows are captured, see `capture-cells.ts`.
 */
import { CR, endOfRecord, LF, splitRecord } from '../data/csv-record.ts';
import { OTHER } from '../data/dictionary.ts';
import { type MissingValues, missingTest } from '../data/missing-values.ts';
import { columnsResolved } from '../features/check.ts';
import type { CellFault } from './capture-cells.ts';
import { numberIn } from './capture-cells.ts';
import { jsonCells } from './capture-json.ts';
import type { ModelColumns } from './model-columns.ts';

/** What is watched, and what stands for no value in it. */
interface WatchedColumns extends ModelColumns {
  readonly missing?: MissingValues | undefined;
}

/** Turns one value of a row into what a baseline is made of: NaN where it is missing, undefined where it is none. */
type CellReader = (cell: unknown) => number | undefined;

/** How a row's values are read, in their order. */
export interface TextColumns {
  readonly names: readonly string[];
  readonly readers: readonly CellReader[];
}

const numberOf: CellReader = (cell) => {
  if (cell === null || cell === undefined) return Number.NaN;
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : undefined;
  if (typeof cell === 'boolean') return Number(cell);
  if (typeof cell !== 'string') return undefined;
  const bytes = Buffer.from(cell);
  return numberIn(bytes, 0, bytes.length);
};

const TRUTHS: Readonly<Record<string, number>> = { true: 1, false: 0 };

/** Whole numbers are categories by their shortest text: `5.0` is captured of what the data has as 5. */
const categoryText = (cell: string | number | boolean, isNumeric: boolean): string => {
  const text = String(cell).trim();
  const value = isNumeric ? numberOf(text) : undefined;
  return value === undefined || Number.isNaN(value) ? text : String(value === 0 ? 0 : value);
};

/** The readers of a definition's features: numbers, and categories by the dictionary of its baseline. */
export const textColumns = ({ missing, ...columns }: WatchedColumns): TextColumns => ({
  names: columns.features.map(({ name }) => name),
  readers: readersOf(columns).map((read, place) => {
    const expression = columns.features[place]?.expression;
    // What is made of columns is sent as its sender has made it.
    if (expression?.op !== 'column') return read;
    const [column = ''] = columnsResolved(expression, columns.columnTypes);
    const isMissing = missingTest(missing, column, columns.columnTypes[column]);
    return (cell) => (isMissing(cell) ? Number.NaN : read(cell));
  }),
});

const readersOf = ({ features, dictionary }: ModelColumns): CellReader[] =>
  features.map(({ name, kind, type }): CellReader => {
    if (kind === 'number') {
      if (type !== 'boolean') return numberOf;
      return (cell) => (typeof cell === 'string' ? TRUTHS[cell.trim().toLowerCase()] : undefined) ?? numberOf(cell);
    }
    const codes = new Map((dictionary.features[name] ?? []).map((category, index) => [category, index + 1]));
    return (cell) => {
      if (cell === null || cell === undefined || cell === '') return Number.NaN;
      if (typeof cell === 'object') return undefined;
      if (typeof cell !== 'string' && typeof cell !== 'number' && typeof cell !== 'boolean') return undefined;
      return codes.get(categoryText(cell, type === 'integer')) ?? OTHER;
    };
  });

/** Rows in numbers, or what is wrong with them; values of rows stand in no fault. */
function encoded(rows: readonly (readonly unknown[])[], { readers }: TextColumns): number[][] | CellFault {
  const found: number[][] = [];
  for (const cells of rows) {
    if (cells.length !== readers.length) {
      const message = `a row has ${cells.length} values, and the definition has ${readers.length} features`;
      return { code: 'wrong_width', message };
    }
    const row: number[] = [];
    for (const [column, read] of readers.entries()) {
      const value = read(cells[column]);
      if (value === undefined) return { code: 'not_a_number', message: `value ${column + 1} of a row is no number` };
      row.push(value);
    }
    found.push(row);
  }
  return found;
}

/** Rows of CSV without a header. Source: RFC 4180. */
export function readTextCsv(text: Buffer, columns: TextColumns): number[][] | CellFault {
  let end = text.length;
  // Captured data keep their trailing line end. Of a single column an empty line is a row with a missing value.
  const trailing = columns.names.length === 1 ? 1 : Number.POSITIVE_INFINITY;
  for (let cut = 0; end > 0 && text[end - 1] === LF && cut < trailing; cut += 1) {
    end -= 1;
    if (end > 0 && text[end - 1] === CR) end -= 1;
  }
  const bytes = text.subarray(0, end);
  const rows: string[][] = [];
  for (let at = 0; at < bytes.length; ) {
    const record = endOfRecord(bytes, at, true);
    if (record === undefined || record.unclosed)
      return { code: 'bad_quotes', message: 'a cell in quotes does not end' };
    rows.push(splitRecord(bytes.toString('utf8', at, record.to), ','));
    at = record.next;
  }
  return encoded(rows, columns);
}

/** Rows of JSON, as lists in the features' order or as objects by their names. */
export function readTextJson(text: string, columns: TextColumns): number[][] | CellFault {
  const rows = jsonCells(text, columns.names);
  return rows === undefined
    ? { code: 'not_a_number', message: 'the input is JSON without rows of values' }
    : encoded(rows, columns);
}
