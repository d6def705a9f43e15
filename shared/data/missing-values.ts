/**
 * Values that stand for no value, as `data.source.columns` declares them of the files a model is made of. Whoever reads
 * rows that come another way takes them for nothing, too: to a model -999 is else a number it never saw.
 */
import * as z from 'zod';
import type { Column, ColumnBatch, ColumnType } from '../features/columns.ts';

/** By column: texts as they are declared, other values as a batch holds them (times in microseconds, 1 for true). */
export const missingValuesSchema = z.record(z.string(), z.array(z.union([z.number(), z.string()])).min(1));

/** See {@link missingValuesSchema}. */
export type MissingValues = z.infer<typeof missingValuesSchema>;

/** What the engine takes off when it trims: characters of the category Zs (DuckDB 1.4, by trying all of them). */
const SPACES_AROUND = /^\p{Zs}+|\p{Zs}+$/gu;

/** A whole number with decimals that are all 0 is the whole number, as in the cells of files. */
const WHOLE = /^(-?[0-9]+)[.]0*$/;

/**
 * Whether a value of a column stands for none.
 *
 * @param name the column's, as the data has it
 * @returns a test of a value as JSON, CSV or a batch has it; of times as a batch has it
 */
export function missingTest(
  missing: MissingValues | undefined,
  name: string,
  type: ColumnType | undefined,
): (value: unknown) => boolean {
  const values = missing !== undefined && Object.hasOwn(missing, name) ? missing[name] : undefined;
  if (values === undefined) return () => false;
  if (type === 'string') {
    const words = new Set(values.map(String));
    return (value) => {
      if (typeof value !== 'string' && typeof value !== 'number') return false;
      const text = String(value).replaceAll(SPACES_AROUND, '');
      return words.has(text) || words.has(WHOLE.exec(text)?.[1] ?? text);
    };
  }
  const numbers = new Set(values.map(Number));
  return (value) => {
    if (typeof value === 'string') return value.trim() !== '' && numbers.has(Number(value));
    return (typeof value === 'number' || typeof value === 'boolean') && numbers.has(Number(value));
  };
}

function withoutMissingOf(column: Column, rows: number, isMissing: (value: unknown) => boolean): Column {
  const nulls = Uint8Array.from({ length: rows }, (_, row) =>
    column.nulls?.[row] === 1 || isMissing(column.values[row]) ? 1 : 0,
  );
  return nulls.includes(1) ? { ...column, nulls } : column;
}

/** Rows in which the values that stand for none are missing. Columns that are coded are none that records give. */
export function withoutMissing(batch: ColumnBatch, missing: MissingValues | undefined): ColumnBatch {
  if (missing === undefined) return batch;
  const columns = Object.entries(batch.columns).map(([name, column]): [string, Column] => {
    if (!Object.hasOwn(missing, name)) return [name, column];
    return [name, withoutMissingOf(column, batch.rows, missingTest(missing, name, column.type))];
  });
  return { ...batch, columns: Object.fromEntries(columns) };
}
