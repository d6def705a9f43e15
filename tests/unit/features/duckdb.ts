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
  if (typeof value === 'string') return quoted(value);
  return Object.is(value, -0) ? "'-0.0'::DOUBLE" : String(value);
}

/** DuckDB over a table `t`; every expression is answered in text, in the order of the rows. */
export async function duckdbOver(table: Table) {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  // DuckDB 1.5's optimizer answers false to `date_trunc('minute', t) = '…:30'` where t is NULL, and takes another substr
  // where it knows that all texts are ASCII.
  await connection.run('PRAGMA disable_optimizer');
  const names = Object.keys(table);
  const rows = table[names[0] ?? '']?.values.length ?? 0;
  const columns = names.map((name) => `"${name}" ${SQL_TYPES[table[name]?.type ?? 'string']}`);
  await connection.run(`CREATE TABLE t (ordinal INTEGER, ${columns.join(', ')})`);
  const tuples = Array.from(
    { length: rows },
    (_, i) => `(${i}, ${names.map((name) => sqlValue(table[name]?.values[i] ?? null)).join(', ')})`,
  );
  await connection.run(`INSERT INTO t VALUES ${tuples.join(', ')}`);
  // Ours is finite or NULL, exact or NULL, and of the years 1 to 9999 or NULL, at every step. By a list of one, so that
  // what is nested in many macros is still evaluated once.
  const macro = (name: string, when: string) =>
    connection.run(`CREATE MACRO ${name}(x) AS list_transform([x], lambda v: CASE WHEN ${when} THEN v END)[1]`);
  await macro('finite', 'isfinite(v)');
  await macro('exact', 'abs(v) < 9007199254740992');
  await macro('inyears', "v BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'");
  // DuckDB has none: PostgreSQL's definition, in DuckDB's arithmetic.
  await connection.run(`CREATE MACRO width_bucket(x, low, high, n) AS list_transform(
    [{ v: x, l: low, h: high, s: CASE WHEN low < high THEN 1 ELSE -1 END }],
    lambda b: (CASE WHEN b.v IS NULL OR b.l IS NULL OR b.h IS NULL OR b.l = b.h THEN NULL WHEN b.v * b.s < b.l * b.s THEN 0
      WHEN b.v * b.s >= b.h * b.s THEN n + 1
      ELSE least(floor((b.v * b.s - b.l * b.s) / (b.h * b.s - b.l * b.s) * n) + 1, n) END)::BIGINT)[1]`);
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

/** A double's place in the order of all doubles. */
function ordinalOf(value: number): bigint {
  const bits = new BigInt64Array(Float64Array.of(value).buffer)[0] ?? 0n;
  return bits < 0n ? -(bits & 0x7fff_ffff_ffff_ffffn) : bits;
}

/** Whether two answers are the same: text for text, numbers at most `ulps` doubles apart. */
export function sameAnswer(ours: string | null, theirs: string | null, numeric: boolean, ulps: number): boolean {
  if (ours === null || theirs === null || !numeric) {
    return ours === (numeric && theirs !== null && !Number.isFinite(Number(theirs)) ? null : theirs);
  }
  const [a, b] = [Number(ours), Number(theirs)];
  if (!Number.isFinite(b)) return false;
  const apart = ordinalOf(a) - ordinalOf(b);
  return (apart < 0n ? -apart : apart) <= BigInt(ulps);
}
