/** Rows by their key: what a label and a prediction have in common where nobody kept the inference id. */
import { type MissingValues, withoutMissing } from '../data/missing-values.ts';
import { keyHashes } from '../data/split.ts';
import type { ColumnTypes } from '../features/check.ts';
import type { Column, ColumnType } from '../features/columns.ts';
import { batchFromRecords } from '../features/records.ts';

/** Text as the JSON a record would hold for a column of this type; text that is none is left for the reader to refuse. */
export function typedText(type: ColumnType | undefined, given: string): unknown {
  if (type === undefined || type === 'string') return given;
  const text = given.trim();
  if (type === 'integer' || type === 'number') return Number.isNaN(Number(text)) ? given : Number(text);
  if (type === 'boolean') return /^(?:true|1)$/i.test(text) ? true : /^(?:false|0)$/i.test(text) ? false : given;
  return text;
}

/** A value of a key: an empty text is a missing value, and a number where text is expected is the text it is written as. */
function keyCell(type: ColumnType | undefined, value: unknown): unknown {
  if (typeof value === 'string') return value === '' ? null : typedText(type, value);
  return type === 'string' && typeof value === 'number' ? String(value) : value;
}

/** A record of fields. */
type Fields = Readonly<Record<string, unknown>>;

/**
 * Names rows by their keys, the first 16 hex digits of a sha256 each; undefined where a record lacks a column of the key,
 * or has a value that is none of the column's. A missing value is to be there as null, as empty text, or as one of those
 * that stand for it.
 */
export function keyNamer(
  key: readonly string[],
  columnTypes: ColumnTypes,
  missing?: MissingValues,
): (records: readonly Fields[]) => (string | undefined)[] {
  const types = Object.fromEntries(Object.entries(columnTypes).filter(([name]) => key.includes(name)));
  return (records) => {
    const cells = records.map((record) =>
      Object.fromEntries(
        key.filter((name) => Object.hasOwn(record, name)).map((name) => [name, keyCell(types[name], record[name])]),
      ),
    );
    const { batch, errors } = batchFromRecords(cells, types, key);
    const bad = new Set(errors.map(({ record }) => record));
    const hashes = keyHashes(keyColumns(key, withoutMissing(batch, missing).columns), records.length);
    return hashes.map((hash, row) => {
      const isWhole = key.every((name) => cells[row] !== undefined && Object.hasOwn(cells[row], name));
      return isWhole && !bad.has(row) ? hash : undefined;
    });
  };
}

/** The columns of a key, in its order. @throws RangeError where one is not there. */
export const keyColumns = (key: readonly string[], columns: Readonly<Record<string, Column>>): Column[] =>
  key.map((name) => {
    const column = columns[name];
    if (column === undefined) throw new RangeError(`there is no column ${name}`);
    return column;
  });
