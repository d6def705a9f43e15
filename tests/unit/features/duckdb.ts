import { DuckDBInstance } from '@duckdb/node-api';
import { formatDate, formatTimestamp } from '../../../shared/features/calendar.ts';
import type { CellValue, Column, ColumnBatch, ColumnType } from '../../../shared/features/columns.ts';

/** Rows by column: dates and timestamps as text. */
export type Table = Readonly<Record<string, { readonly type: ColumnType; readonly values: readonly CellValue[] }>>;

const SQL_TYPES: Readonly<Record<ColumnType, string>> = {
  integer: 'BIGINT',
  number: 'DOUBLE',
  string: 'VARCHAR',
  boolean: 'BOOLEAN',
  timestamp: 'TIMESTAMP',
  date: 'DATE',
};

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

function sqlValue(value: CellValue): string {
  if (value === null) return 'NULL';
  return typeof value === 'string' ? quoted(value) : String(value);
}

/** DuckDB over a table `t`; every expression is answered in text, in the order of the rows. */
export async function duckdbOver(table: Table) {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  const names = Object.keys(table);
  const rows = table[names[0] ?? '']?.values.length ?? 0;
  const columns = names.map((name) => `"${name}" ${SQL_TYPES[table[name]?.type ?? 'string']}`);
  await connection.run(`CREATE TABLE t (ordinal INTEGER, ${columns.join(', ')})`);
  const tuples = Array.from(
    { length: rows },
    (_, i) => `(${i}, ${names.map((name) => sqlValue(table[name]?.values[i] ?? null)).join(', ')})`,
  );
  await connection.run(`INSERT INTO t VALUES ${tuples.join(', ')}`);
  // Ours is finite or NULL, at every step.
  await connection.run('CREATE MACRO finite(x) AS CASE WHEN isfinite(x) THEN x END');
  return {
    async answers(expressions: readonly string[]): Promise<(string | null)[][]> {
      const list = expressions.map((sql, i) => `CAST((${sql}) AS VARCHAR) AS e${i}`).join(', ');
      const reader = await connection.runAndReadAll(`SELECT ${list} FROM t ORDER BY ordinal`);
      const byRow = reader.getRows();
      return expressions.map((_, i) =>
        byRow.map((row) => (row[i] === null || row[i] === undefined ? null : String(row[i]))),
      );
    },
    close(): void {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** The same rows as columns. */
export function batchOf(table: Table, parse: (text: string, type: ColumnType) => CellValue): ColumnBatch {
  const columns: Record<string, Column> = {};
  let rows = 0;
  for (const [name, { type, values }] of Object.entries(table)) {
    rows = values.length;
    const nulls = Uint8Array.from(values, (value) => (value === null ? 1 : 0));
    if (type === 'string') columns[name] = { type, values: values.map((value) => String(value ?? '')), nulls };
    else if (type === 'boolean')
      columns[name] = { type, values: Uint8Array.from(values, (value) => (value === true ? 1 : 0)), nulls };
    else
      columns[name] = {
        type,
        values: Float64Array.from(values, (value) => Number(typeof value === 'string' ? parse(value, type) : value)),
        nulls,
      };
  }
  return { rows, columns };
}

/** A column's values as DuckDB writes them. */
export function textsOf(column: Column): (string | null)[] {
  return Array.from({ length: column.values.length }, (_, i) => {
    if (column.nulls?.[i] === 1) return null;
    const value = column.values[i] ?? 0;
    if (column.type === 'date') return formatDate(Number(value));
    if (column.type === 'timestamp') return formatTimestamp(Number(value));
    if (column.type === 'boolean') return value === 1 ? 'true' : 'false';
    return String(value);
  });
}

/** Whether two answers are the same: text for text, numbers within `ulps` units in the last place. */
export function sameAnswer(ours: string | null, theirs: string | null, numeric: boolean, ulps: number): boolean {
  if (ours === null || theirs === null || !numeric) {
    return ours === (numeric && theirs !== null && !Number.isFinite(Number(theirs)) ? null : theirs);
  }
  const [a, b] = [Number(ours), Number(theirs)];
  if (!Number.isFinite(b)) return false;
  return Math.abs(a - b) <= ulps * 2 ** -52 * Math.max(Math.abs(a), Math.abs(b), Number.MIN_VALUE);
}
