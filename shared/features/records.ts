import { parseDate, parseTimestamp } from './calendar.ts';
import type { ColumnTypes } from './check.ts';
import type { CellValue, Column, ColumnBatch, ColumnType } from './columns.ts';
import { suggestion } from './names.ts';

/** What is wrong with one field of one record. */
interface RecordError {
  /** The record's place among those given, from 0. */
  readonly record: number;
  /** Null: the record itself. */
  readonly field: string | null;
  readonly reason: string;
}

/** Records as columns, and all that is wrong with them. Rows with errors are in the batch, with null in place of the value. */
export interface RecordsRead {
  readonly batch: ColumnBatch;
  readonly errors: readonly RecordError[];
}

/** A text that is no value in the files a model is made of, either. */
const BLANK = /^(?: \p{Zs}*)?$/u;

/** What JSON must hold for a type, and the value it becomes; undefined if it does not. */
const READERS: Readonly<
  Record<ColumnType, { readonly wants: string; readonly read: (value: unknown) => CellValue | undefined }>
> = {
  integer: {
    wants: 'a whole number of at most 9007199254740991 in size',
    read: (value) => (Number.isSafeInteger(value) ? Number(value) : undefined),
  },
  number: {
    wants: 'a number',
    read: (value) => (typeof value === 'number' && Number.isFinite(value) ? value : undefined),
  },
  string: {
    wants: 'a string',
    read: (value) => (typeof value === 'string' ? (BLANK.test(value) ? null : value) : undefined),
  },
  boolean: { wants: 'true or false', read: (value) => (typeof value === 'boolean' ? value : undefined) },
  timestamp: {
    wants: 'an ISO 8601 time as a string, such as "2001-01-14T23:59:00Z" (UTC if it names no zone)',
    read: (value) => fromText(value, parseTimestamp),
  },
  date: { wants: 'a date as a string, such as "2001-01-14"', read: (value) => fromText(value, parseDate) },
};

function fromText(value: unknown, parse: (text: string) => number): number | undefined {
  if (typeof value !== 'string') return undefined;
  const parsed = parse(value);
  return Number.isNaN(parsed) ? undefined : parsed;
}

/**
 * JSON records as columns of these types.
 *
 * A field that is missing or null is null, and so is a text of nothing but spaces. Nothing is guessed: the text `"5"` is no number. A field that no column is
 * named like is refused, because a misspelt one would else be a missing value without a word.
 *
 * @param records what `JSON.parse` gave, each an object of fields
 * @param types the columns of the data; fields of other names are errors
 * @param wanted the columns to make, all of `types` if not given; other fields of `types` may be there and are not looked at
 */
export function batchFromRecords(
  records: readonly unknown[],
  types: ColumnTypes,
  wanted: readonly string[] = Object.keys(types),
): RecordsRead {
  const errors: RecordError[] = [];
  const rows = records.map((record, i) => fieldsOf(record, i, types, errors));
  const columns = wanted.map((name): [string, Column] => {
    const type = types[name];
    if (type === undefined) throw new RangeError(`there is no column ${name}`);
    const cells = rows.map((fields, i) => cellOf(fields, i, name, type, errors));
    return [name, columnOf(type, cells)];
  });
  errors.sort((a, b) => a.record - b.record);
  return { batch: { rows: records.length, columns: Object.fromEntries(columns) }, errors };
}

function fieldsOf(
  record: unknown,
  index: number,
  types: ColumnTypes,
  errors: RecordError[],
): ReadonlyMap<string, unknown> {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    errors.push({ record: index, field: null, reason: 'not a record: expected an object of fields' });
    return new Map();
  }
  const fields = new Map<string, unknown>(Object.entries(record));
  for (const name of fields.keys()) {
    if (Object.hasOwn(types, name)) continue;
    const shown = name.length > 100 ? `${name.slice(0, 97)}...` : name;
    errors.push({
      record: index,
      field: shown,
      reason: `not a column of the data${suggestion(name, Object.keys(types))}`,
    });
  }
  return fields;
}

function cellOf(
  fields: ReadonlyMap<string, unknown>,
  record: number,
  field: string,
  type: ColumnType,
  errors: RecordError[],
): CellValue {
  const value = fields.get(field);
  if (value === undefined || value === null) return null;
  const { wants, read } = READERS[type];
  const cell = read(value);
  if (cell === undefined) errors.push({ record, field, reason: `expected ${wants}, found ${foundText(value)}` });
  return cell ?? null;
}

/** The kind of what was found; texts are not repeated, they may be anybody's data. */
function foundText(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? 'a string' : 'an object';
}

function columnOf(type: ColumnType, cells: readonly CellValue[]): Column {
  const nulls = cells.includes(null) ? Uint8Array.from(cells, (cell) => (cell === null ? 1 : 0)) : undefined;
  if (type === 'string') return { type, values: cells.map((cell) => (cell === null ? '' : String(cell))), nulls };
  if (type === 'boolean') return { type, values: Uint8Array.from(cells, (cell) => (cell === true ? 1 : 0)), nulls };
  return { type, values: Float64Array.from(cells, (cell) => Number(cell ?? 0)), nulls };
}
