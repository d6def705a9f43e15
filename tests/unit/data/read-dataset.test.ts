import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { literal } from '../../../shared/data/engine.ts';
import { ProblemLog } from '../../../shared/data/problems.ts';
import type { ReadDataset } from '../../../shared/data/read-dataset.ts';
import { parquetRows } from '../../../shared/data/sql.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

const types = ({ columns }: ReadDataset) => Object.fromEntries(columns.map(({ name, type }) => [name, type]));
const told = ({ problems }: ReadDataset) =>
  problems.map(({ code, part, line, column }) => [code, part ?? column, line]);
const content = ({ parts }: ReadDataset) => shop.rows(parquetRows(parts.map(({ path }) => path)));

/** Bytes of a Parquet file with a query's rows. */
async function parquet(sql: string): Promise<Buffer> {
  const path = join(shop.directory(), 'made.parquet');
  await shop.engine.copyToParquet(sql, path);
  return readFileSync(path);
}

describe('the types of text', () => {
  it('are the narrowest that all cells of a column parse as', async () => {
    const dataset = await shop.read({
      'a.csv': [
        'whole,real,flag,day,time,mixed_time,text,postal,huge,empty',
        '1,1.5,true,2001-01-25,2001-01-25 10:15:00,2001-01-25,x,02134,12345678901234567890,',
        '-20,1e3,FALSE,1969-12-31,2001-01-25T10:15:00Z,2001-01-25 10:00:00,1,10001,1,',
        '300,.5,true,2000-02-29,2001-01-25T10:15:00.25+01:00,2001-01-26,2,99999,2,',
      ].join('\n'),
    });

    expect(dataset.problems).toEqual([]);
    expect(types(dataset)).toEqual({
      whole: 'integer',
      real: 'number',
      flag: 'boolean',
      day: 'date',
      time: 'timestamp',
      mixed_time: 'timestamp',
      text: 'string',
      postal: 'string',
      huge: 'number',
      empty: 'string',
    });
    expect((await content(dataset))[2]).toEqual([
      300,
      0.5,
      1,
      11_016,
      980_414_100_250_000,
      980_467_200_000_000,
      '2',
      '99999',
      2,
      null,
    ]);
  });

  it('take words for missing as missing, except in text', async () => {
    const dataset = await shop.read({ 'a.csv': 'n,s\nNA,NA\n1,x\nnull,null\nNaN,\n,"  "\n' });

    expect(types(dataset)).toEqual({ n: 'integer', s: 'string' });
    expect(await content(dataset)).toEqual([
      [null, 'NA'],
      [1, 'x'],
      [null, 'null'],
      [null, null],
      [null, null],
    ]);
  });

  it.each([
    ['a decimal', '2.5', 'number', 2.5],
    ['a word', 'x', 'string', 'x'],
    ['a leading zero', '007', 'string', '007'],
    ['an underscore', '1_000', 'string', '1_000'],
    ['a number that is not finite', '1e999', 'string', '1e999'],
    ['a number beyond 2^53', '9007199254740993', 'number', 9007199254740992],
  ])('change when %s comes after thousands of whole numbers', async (_, cell, type, expected) => {
    const dataset = await shop.read({ 'a.csv': `n\n${'5\n'.repeat(5000)}${cell}\n` });

    expect(dataset.problems).toEqual([]);
    expect(types(dataset)).toEqual({ n: type });
    expect((await content(dataset)).at(-1)).toEqual([expected]);
  });

  it('are found below thousands of missing cells', async () => {
    const dataset = await shop.read({ 'a.csv': `n,m\n${',1\n'.repeat(5000)}7,1\n` });

    expect(types(dataset)).toEqual({ n: 'integer', m: 'integer' });
    expect((await content(dataset)).at(-1)).toEqual([7, 1]);
  });

  it('say what a text column was probably meant to be', async () => {
    const dataset = await shop.read({ 'a.csv': 'n,s\n1,x\ntwo,y\n3,z\n' });

    expect(dataset.likely).toEqual({ n: 'integer' });
  });

  it('that are known are kept, and cells that do not parse are told by line, never by value', async () => {
    const dataset = await shop.read(
      { 'a.csv': 'n,d,note\n1,2001-01-25,"two\nlines"\nsecret,25.01.2001,x\n3.0,,y\n4.5,2001-01-26,z\n' },
      {
        expected: [
          { name: 'n', type: 'integer' },
          { name: 'd', type: 'date' },
        ],
      },
    );

    expect(types(dataset)).toEqual({ n: 'integer', d: 'date', note: 'string' });
    expect(told(dataset)).toEqual([
      ['cell_not_parsed', 'n', 4],
      ['cell_not_parsed', 'n', 6],
      ['cell_not_parsed', 'd', 4],
    ]);
    expect(JSON.stringify(dataset.problems)).not.toContain('secret');
  });

  it('count the cells that are not listed', async () => {
    const dataset = await shop.read(
      { 'a.csv': `n\n${'x\n'.repeat(100)}` },
      { expected: [{ name: 'n', type: 'number' }], problemCap: 3 },
    );

    expect(dataset.problems.map(({ line, count }) => [line, count])).toEqual([
      [2, 1],
      [3, 1],
      [4, 1],
      [undefined, 97],
    ]);
  });
});

describe('files', () => {
  it('are read compressed', async () => {
    const dataset = await shop.read({ 'a.csv.gz': gzipSync('n\n1\n2\n') });

    expect(dataset).toMatchObject({ rows: 2, format: 'csv', problems: [] });
  });

  it.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 12), 'truncated'],
    [
      'with a wrong checksum',
      (bytes: Buffer) => Buffer.from(bytes).fill(0, bytes.length - 8, bytes.length - 4),
      'damaged',
    ],
  ])('compressed and %s are told as such', async (_, damage, reason) => {
    const dataset = await shop.read({ 'a.csv.gz': damage(gzipSync('n\n1\n2\n')) });

    expect(dataset.problems).toMatchObject([{ code: 'gzip_corrupt', message: expect.stringContaining(reason) }]);
    expect(dataset.rows).toBeNull();
  });

  it.each([
    ['empty', '', 'empty_file'],
    ['with a header alone', 'a,b\n', 'no_rows'],
  ])('that are %s are problems', async (_, text, code) => {
    const dataset = await shop.read({ 'a.csv': text });

    expect(dataset.problems.map((problem) => problem.code)).toEqual([code]);
    expect(dataset.profile).toBeNull();
  });

  it('whose records are ragged are told with lines, and the rest of them is still looked at', async () => {
    const dataset = await shop.read(
      { 'a.csv': 'a,b\n1,x\n2\n3,y,z\nfour,w\n' },
      { expected: [{ name: 'a', type: 'integer' }] },
    );

    expect(told(dataset)).toEqual([
      ['ragged_row', undefined, 3],
      ['ragged_row', undefined, 4],
      ['cell_not_parsed', 'a', 5],
    ]);
  });
});

describe('Parquet', () => {
  it('keeps its types, in the form of typed columns', async () => {
    const dataset = await shop.read({
      'a.parquet':
        await parquet(`SELECT 1::TINYINT AS small, 2.50::DECIMAL(9,2) AS money, 'nan'::FLOAT AS f, '' AS blank,
        TIMESTAMPTZ '2001-01-25 10:15:00+01:00' AS zoned, TIMESTAMP_S '2001-01-25 10:15:00' AS seconds,
        DATE '2001-01-25' AS d, true AS b, 9007199254740993::BIGINT AS id`),
    });

    expect(dataset).toMatchObject({ format: 'parquet', problems: [] });
    expect(types(dataset)).toEqual({
      small: 'integer',
      money: 'number',
      f: 'number',
      blank: 'string',
      zoned: 'timestamp',
      seconds: 'timestamp',
      d: 'date',
      b: 'boolean',
      id: 'string',
    });
    expect(await content(dataset)).toEqual([
      [1, 2.5, null, null, 980_414_100_000_000, 980_417_700_000_000, 11_347, 1, '9007199254740993'],
    ]);
  });

  it('names each column whose type it cannot hold', async () => {
    const dataset = await shop.read({
      'a.parquet': await parquet("SELECT [1] AS xs, {'a': 1} AS s, TIME '10:00:00' AS t, 1 AS ok"),
    });

    expect(told(dataset)).toEqual([
      ['column_type_unsupported', 'xs', undefined],
      ['column_type_unsupported', 's', undefined],
      ['column_type_unsupported', 't', undefined],
    ]);
  });

  it('tells the row of a number that is infinite, and of a day', async () => {
    const dataset = await shop.read({
      'a.parquet': await parquet(
        "SELECT CASE i WHEN 2 THEN 'inf'::DOUBLE ELSE i END AS n, CASE i WHEN 1 THEN 'infinity'::DATE ELSE DATE '2001-01-25' END AS d FROM range(4) t(i)",
      ),
    });

    expect(told(dataset)).toEqual([
      ['cell_not_parsed', 'n', 3],
      ['cell_not_parsed', 'd', 2],
    ]);
  });

  it('tells the row of a value that is not what the column has to be', async () => {
    const dataset = await shop.read(
      {
        'a.parquet': await parquet(
          "SELECT CASE i WHEN 2 THEN 'inf'::DOUBLE WHEN 1 THEN 1.5 ELSE i END AS n FROM range(4) t(i)",
        ),
      },
      { expected: [{ name: 'n', type: 'integer' }] },
    );

    expect(told(dataset)).toEqual([
      ['cell_not_parsed', 'n', 2],
      ['cell_not_parsed', 'n', 3],
    ]);
  });

  it.each([
    ['without its end', (bytes: Buffer) => bytes.subarray(0, bytes.length - 100)],
    ['with damaged metadata', (bytes: Buffer) => Buffer.from(bytes).fill(0xff, bytes.length - 60, bytes.length - 8)],
    ['with damaged pages', (bytes: Buffer) => Buffer.from(bytes).fill(0xff, 4, 200)],
  ])('%s is told as damaged', async (_, damage) => {
    const whole = await parquet('SELECT i, md5(i::VARCHAR) AS h FROM range(2000) t(i)');

    const dataset = await shop.read({ 'a.parquet': damage(whole) });

    expect(dataset.problems.map(({ code }) => code)).toEqual(['parquet_corrupt']);
    expect(dataset.problems[0]?.message).not.toContain('/d-');
  });
});

describe('a folder', () => {
  it('is one dataset of several parts, whatever their format and the order of their columns', async () => {
    const dataset = await shop.read({
      'part-0.csv': 'n,s\n1,a\n',
      'part-1.csv.gz': gzipSync('s,n\nb,2.5\n'),
      'part-2.parquet': await parquet("SELECT 'c' AS s, 3::INTEGER AS n"),
    });

    expect(dataset).toMatchObject({ rows: 3, format: 'csv', problems: [] });
    expect(types(dataset)).toEqual({ n: 'number', s: 'string' });
    expect(dataset.parts.map(({ name, rows }) => [name, rows])).toEqual([
      ['part-0.csv', 1],
      ['part-1.csv.gz', 1],
      ['part-2.parquet', 1],
    ]);
    expect(await content(dataset)).toEqual([
      [1, 'a'],
      [2.5, 'b'],
      [3, 'c'],
    ]);
  });

  it('names the part that differs, and the part a problem is in', async () => {
    const dataset = await shop.read({ 'a.csv': 'n,s\n1,a\n', 'b.csv': 'n,t\n2,b\n', 'c.csv': 'n,s\n3\n' });

    expect(told(dataset)).toEqual([
      ['part_schema_differs', 'b.csv', undefined],
      ['ragged_row', 'c.csv', 2],
    ]);
    expect(dataset.problems[0]?.message).toBe('its columns are not those of a.csv: it lacks s and adds t');
  });
});

it('finds the physical lines of rows again', async () => {
  const dataset = await shop.read({ 'a.csv': 'a,b\n1,"x\ny"\n\n2,z\n3,w\n' });

  expect(await dataset.lines(0, [0, 1, 2])).toEqual([2, 5, 6]);
  await expect(dataset.lines(0, [3])).rejects.toThrow('no row 3');
});

it('tells afterwards which cells of a text column are not numbers', async () => {
  const dataset = await shop.read({ 'a.csv': 'n\n1\nx\n3\n' });
  const log = new ProblemLog();

  await dataset.tellUnparsed(log, 'n', 'number');

  expect(log.list()).toMatchObject([{ code: 'cell_not_parsed', column: 'n', line: 3 }]);
});

it('profiles what it read, the same each time', async () => {
  const lines = Array.from(
    { length: 3000 },
    (_, i) => `${i % 7},${i / 8},${'abc'[i % 3]},2001-01-${String((i % 9) + 1).padStart(2, '0')} 10:00:00,id-${i}`,
  );
  const files = { 'a.csv': ['n,x,s,t,id', ...lines, ',,,,'].join('\n') };

  const first = await shop.read(files);
  const second = await shop.read(files);

  expect(second.profile).toEqual(first.profile);
  const [n, x, s, t, id] = first.profile?.columns ?? [];
  expect(first.profile?.rows).toBe(3001);
  expect(n).toMatchObject({ type: 'integer', nulls: 1, distinct: 7, min: 0, max: 6 });
  expect(n?.mean).toBeCloseTo(lines.reduce((sum, _, i) => sum + (i % 7), 0) / 3000, 12);
  expect(n?.top.slice(0, 2)).toEqual([
    ['0', 429],
    ['1', 429],
  ]);
  expect(x).toMatchObject({ type: 'number', distinct: 3000, min: 0, max: 2999 / 8, top: [] });
  expect(x?.stdev).toBeCloseTo(Math.sqrt((3000 * 3001) / 12) / 8, 9);
  expect(s).toMatchObject({
    type: 'string',
    distinct: 3,
    min: null,
    top: [
      ['a', 1000],
      ['b', 1000],
      ['c', 1000],
    ],
  });
  expect(t).toMatchObject({ type: 'timestamp', min: '2001-01-01T10:00:00.000Z', max: '2001-01-09T10:00:00.000Z' });
  expect(t?.days?.length).toBe(9);
  expect(t?.days?.[0]).toEqual(['2001-01-01', 334]);
  expect(id).toMatchObject({ distinct: 3000, top: [] });
});

it("does not let a column's name reach the database as SQL", async () => {
  const name = 'x" FROM t; --';
  writeFileSync(join(shop.directory(), 'unused'), literal(name));

  const dataset = await shop.read({ 'a.csv': `"${name.replaceAll('"', '""')}",__proto__\n1,2\n` });

  expect(dataset.columns.map((column) => column.name)).toEqual([name, '__proto__']);
  expect(await content(dataset)).toEqual([[1, 2]]);
});

it('profiles columns that are named like its own aliases', async () => {
  const rows = Array.from({ length: 12 }, (_, i) => `2001-01-0${(i % 2) + 1},x${i % 2},${i}`);

  const dataset = await shop.read({ 'a.csv': ['n,v,c0', ...rows].join('\n') });

  const [n, v] = dataset.profile?.columns ?? [];
  expect(n?.days).toEqual([
    ['2001-01-01', 6],
    ['2001-01-02', 6],
  ]);
  expect(v?.top).toEqual([
    ['x0', 6],
    ['x1', 6],
  ]);
});
