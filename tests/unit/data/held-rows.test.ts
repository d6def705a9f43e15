import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { BlockVisitor } from '../../../shared/data/block.ts';
import { HeldMemory, type NamedColumn } from '../../../shared/data/held-columns.ts';
import { parquetRows } from '../../../shared/data/sql.ts';
import type { ColumnType } from '../../../shared/features/columns.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

const TYPES = ['integer', 'number', 'string', 'string', 'boolean', 'timestamp', 'date'] as const satisfies ColumnType[];

/**
 * Rows of every type with cells that are missing, texts of 0 to 60 bytes that come once each, and texts of a dictionary, of
 * which one is the beginning of another.
 */
const rowsSql = (rows: number): string => `SELECT
  CASE WHEN i % 7 = 3 THEN NULL ELSE i * 1000003 - 500 END AS whole,
  CASE WHEN i % 1000 > 990 THEN NULL ELSE sin(i) END AS part,
  CASE WHEN i % 11 = 0 THEN NULL ELSE repeat(chr(97 + (i % 26)::INTEGER), (i % 61)::INTEGER) || i::VARCHAR END AS text,
  CASE i % 5 WHEN 0 THEN 'one long text of a dictionary' WHEN 1 THEN 'one long text' WHEN 2 THEN 'short' WHEN 3 THEN 'käse, zwölf Scheiben' END AS again,
  CASE WHEN i % 3 = 0 THEN NULL ELSE i % 2 = 0 END AS truth,
  CASE WHEN i % 64 < 32 THEN NULL ELSE TIMESTAMP '1969-12-31 23:00:00' + to_seconds(i) END AS moment,
  DATE '1969-12-01' + (i % 90)::INTEGER AS day
  FROM range(${rows}) t(i)`;

async function parquetFile(sql: string, rowGroup: number): Promise<string> {
  const path = join(shop.directory(), 'made.parquet');
  await shop.engine.query(`COPY (${sql}) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE ${rowGroup})`);
  return path;
}

test.each([
  ['whole chunks', 6144, 0, 6144],
  ['chunks that are cut by a filter', 10_000, 1001, 9010],
  ['a row', 1, 0, 1],
])('rows of Parquet are held as the engine has them: %s', async (_, rows, from, to) => {
  const path = await parquetFile(rowsSql(rows), 4096);
  const sql = `SELECT * EXCLUDE file_row_number FROM read_parquet('${path}', file_row_number = true) WHERE file_row_number >= ${from} AND file_row_number < ${to}`;
  const { columns } = new HeldMemory().take(TYPES, to - from);

  const filled = await shop.engine.fill(sql, columns, []);

  expect(filled).toBe(to - from);
  const names = ['whole', 'part', 'text', 'again', 'truth', 'moment', 'day'];
  const held = columns.map((column, at): NamedColumn => ({ ...column, name: names[at] ?? '' }));
  const table = shop.engine.hold(held, to - from);
  expect(await shop.rows(`SELECT * FROM ${table.name}`)).toEqual(await shop.rows(sql));
});

test('a row without the value that it has to have ends the filling', async () => {
  const { columns } = new HeldMemory().take(['integer', 'integer'], 3);
  const sql = (due: string): string =>
    `SELECT * FROM (VALUES (1, 1, true), (NULL, 2, ${due}), (3, NULL, true)) t(a, b, due)`.replace(
      '*',
      'a::BIGINT, b::BIGINT, due',
    );

  expect(await shop.engine.fill(sql('false'), columns, [2, undefined])).toBe(3);
  expect(await shop.engine.fill(sql('true'), columns, [2, undefined])).toBeUndefined();
});

test('blocks of Parquet are read without a table of the engine, and give the rows of the file', async () => {
  const path = await parquetFile(rowsSql(9000), 4096);
  const tables: string[] = [];
  const look: BlockVisitor = async (_, { table }) => {
    tables.push(table);
  };

  const read = await shop.read({ 'a.parquet': readFileSync(path) }, { blockRows: 4000, visit: [look] });

  expect(read.problems).toEqual([]);
  expect(tables).toHaveLength(3);
  expect(tables.filter((name) => name.startsWith('kept_'))).toEqual([]);
  // Blank text is missing, as in CSV.
  expect(await shop.rows(parquetRows(read.parts.map((part) => part.path)))).toEqual(
    await shop.rows(`SELECT * REPLACE (nullif(text, '') AS text) FROM (${rowsSql(9000)})`),
  );
});

test.each([
  [
    'more columns than are held',
    `SELECT ${Array.from({ length: 150 }, (_, at) => `i + ${at} AS c${at}`).join(', ')} FROM range(60000) t(i)`,
  ],
  ['more text than is held', `SELECT i, repeat('long ', 4000) || i AS text FROM range(2000) t(i)`],
])('a block of Parquet is read by the engine where it has %s', async (_, sql) => {
  const path = await parquetFile(sql, 122_880);
  const tables: string[] = [];
  const look: BlockVisitor = async (engine, { table, rows }) => {
    tables.push(table);
    expect(await engine.query(`SELECT count(*)::INTEGER AS n FROM ${table}`)).toEqual([{ n: rows }]);
  };

  const read = await shop.read({ 'a.parquet': readFileSync(path) }, { visit: [look] });

  expect(read.problems).toEqual([]);
  expect(tables).toHaveLength(1);
  expect(tables.filter((name) => name.startsWith('kept_'))).toHaveLength(1);
});
