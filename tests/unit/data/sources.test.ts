import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Block } from '../../../shared/data/block.ts';
import type { ReadDataset } from '../../../shared/data/read-dataset.ts';
import { identifier, parquetRows } from '../../../shared/data/sql.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

const types = ({ columns }: ReadDataset) => Object.fromEntries(columns.map(({ name, type }) => [name, type]));
const content = ({ parts }: ReadDataset) => shop.rows(parquetRows(parts.map(({ path }) => path)));
const told = ({ problems }: ReadDataset) => problems.map(({ code, line, column }) => [code, line, column]);
const FOUND = { format: null, encoding: null, delimiter: null, comment: null, columns: {} } as const;

/** Bytes of a file with a query's rows. */
async function written(sql: string, format: string): Promise<Buffer> {
  const path = join(shop.directory(), 'made');
  await shop.engine.query(`COPY (${sql}) TO '${path}' (${format})`);
  return readFileSync(path);
}

const utf16 = (text: string, mark: boolean): Buffer => Buffer.from(`${mark ? '\uFEFF' : ''}${text}`, 'utf16le');
const swapped = (bytes: Buffer): Buffer => Buffer.from(bytes).swap16();

describe('text in other encodings', () => {
  const text = 'town,n\nMünchen,1\nKöln,2\n';
  const rows = [
    ['München', 1],
    ['Köln', 2],
  ];

  it.each([
    ['UTF-8 with its mark', Buffer.from(`\uFEFF${text}`), FOUND],
    ['UTF-16, little endian, by its mark', utf16(text, true), FOUND],
    ['UTF-16, big endian, by its mark', swapped(utf16(text, true)), FOUND],
    ['UTF-16 without a mark, declared', utf16(text, false), { ...FOUND, encoding: 'utf-16' }],
    ['Latin-1, declared', Buffer.from(text, 'latin1'), { ...FOUND, encoding: 'latin-1' }],
    ['Windows-1252, declared', Buffer.from(text, 'latin1'), { ...FOUND, encoding: 'windows-1252' }],
    ['compressed UTF-16', gzipSync(utf16(text, true)), FOUND],
  ] as const)('is read: %s', async (_, bytes, source) => {
    const dataset = await shop.read({ 'a.csv': bytes }, { source });

    expect(dataset.problems).toEqual([]);
    expect(await content(dataset)).toEqual(rows);
  });

  it('is told where half a character of UTF-16 stands', async () => {
    const bytes = Buffer.concat([utf16('town\na\n', true), Buffer.from([0x00, 0xd8, 0x0a, 0x00])]);

    const dataset = await shop.read({ 'a.csv': bytes });

    expect(dataset.problems).toMatchObject([{ code: 'encoding', message: expect.stringContaining('UTF-16') }]);
    expect(dataset.rows).toBeNull();
  });
});

describe('compressed text', () => {
  it('is read from gzip of several members and from zstd', async () => {
    const dataset = await shop.read({
      'a.csv.gz': Buffer.concat([gzipSync('n\n1\n'), gzipSync('2\n')]),
      'b.csv.zst': zstdCompressSync('n\n3\n'),
    });

    expect(dataset.problems).toEqual([]);
    expect(await content(dataset)).toEqual([[1], [2], [3]]);
  });

  it.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 6)],
    ['damaged', (bytes: Buffer) => Buffer.from(bytes).fill(0xff, bytes.length - 6)],
  ])('in zstd that is %s is told as such', async (_, damage) => {
    const dataset = await shop.read({ 'a.csv.zst': damage(zstdCompressSync(`n\n${'1\n'.repeat(1000)}`)) });

    expect(dataset.problems.map(({ code }) => code)).toEqual(['zstd_corrupt']);
    expect(dataset.rows).toBeNull();
  });

  it('stops at the most bytes it may have, of all parts together', async () => {
    const bytes = gzipSync(`n\n${Array.from({ length: 30_000 }, (_, row) => `${row}\n`).join('')}`);

    const dataset = await shop.read({ 'a.csv.gz': bytes, 'b.csv.gz': bytes }, { maxBytes: 300_000 });

    expect(dataset.problems).toMatchObject([
      { code: 'too_large', part: 'b.csv.gz', message: 'the data is larger than 300000 bytes' },
    ]);
  });
});

describe('a delimiter', () => {
  it('is found among the usual ones, and any other can be declared', async () => {
    const found = await shop.read({ 'a.tsv': 'a\tb\n1\tx y\n' });
    const declared = await shop.read({ 'a.txt': 'a^b\n1^x,y\n' }, { source: { ...FOUND, delimiter: '^' } });

    expect(await content(found)).toEqual([[1, 'x y']]);
    expect(await content(declared)).toEqual([[1, 'x,y']]);
  });
});

describe('JSON Lines', () => {
  it('have the types JSON tells, and dates and timestamps where all texts are such', async () => {
    const dataset = await shop.read({
      'a.jsonl': [
        '{"n": 1, "x": 1.5, "ok": true, "zip": "02134", "digits": "12", "day": "2001-01-25", "at": "2001-01-25T10:15:00Z"}',
        '  {"n": -2, "x": 3e2, "ok": null, "zip": "10001", "digits": "13", "day": "", "at": "2001-01-25 10:15:00", "late": "x"}\r',
        '',
        '{"late": "comma, \\"quote\\" and\\nline \\u00fc", "n": 3}',
      ].join('\n'),
    });

    expect(dataset).toMatchObject({ problems: [], rows: 3, format: 'jsonl' });
    expect(types(dataset)).toEqual({
      n: 'integer',
      x: 'number',
      ok: 'boolean',
      zip: 'string',
      digits: 'string',
      day: 'date',
      at: 'timestamp',
      late: 'string',
    });
    expect(await content(dataset)).toEqual([
      [1, 1.5, 1, '02134', '12', 11_347, 980_417_700_000_000, null],
      [-2, 300, null, '10001', '13', null, 980_417_700_000_000, 'x'],
      [3, null, null, null, null, null, null, 'comma, "quote" and\nline ü'],
    ]);
    expect(await dataset.lines(0, [0, 1, 2])).toEqual([1, 2, 4]);
  });

  it('that mark digits as text late make the column text, also in the blocks before', async () => {
    const lines = Array.from({ length: 150_000 }, (_, i) => `{"n": ${i}}`);

    const dataset = await shop.read({ 'a.jsonl': `${lines.join('\n')}\n{"n": "7", "m": 1}\n` }, { blockBytes: 1000 });

    expect(types(dataset)).toEqual({ n: 'string', m: 'integer' });
    expect(dataset.rows).toBe(150_001);
    expect(dataset.parts.length).toBeGreaterThan(1);
  });

  it.each([
    ['an object as a value', '{"a": {"b": 1}}', 'json_nested', 'a'],
    ['an array as a value', '{"a": [1]}', 'json_nested', 'a'],
    ['no object', '[1, 2]', 'json_invalid', undefined],
    ['a key twice', '{"a": 1, "a": 2}', 'json_invalid', 'a'],
    ['keys that differ in case', '{"A": 1}', 'json_invalid', 'A'],
    ['a number JSON does not know', '{"a": 01}', 'json_invalid', 'a'],
    ['NaN', '{"a": NaN}', 'json_invalid', 'a'],
    ['a text that does not end', '{"a": "x}', 'json_invalid', 'a'],
    ['an escape that is none', '{"a": "\\x"}', 'json_invalid', 'a'],
    ['two objects', '{"a": 1} {"a": 2}', 'json_invalid', undefined],
    ['half a record', '{"a": 1,', 'json_invalid', undefined],
  ])('with %s are told by line, and the other records are kept', async (_, line, code, column) => {
    const dataset = await shop.read({ 'a.jsonl': `{"a": 1}\n${line}\n{"a": 3}\n` });

    expect(told(dataset)).toEqual([[code, 2, column]]);
    expect(await content(dataset)).toEqual([[1], [3]]);
  });

  it('with bytes that are not UTF-8 are told by line', async () => {
    const dataset = await shop.read({ 'a.jsonl': Buffer.from('{"a": "x"}\n{"a": "\xfc"}\n', 'latin1') });

    expect(told(dataset)).toEqual([['encoding', 2, undefined]]);
  });

  it('may lack columns that the header of another part names, and adds none', async () => {
    const dataset = await shop.read({
      'a.csv': 'n,s\n1,x\n',
      'b.jsonl': '{"n": 2}\n',
      'c.jsonl': '{"n": 3, "t": 1}\n',
    });

    expect(dataset.problems).toMatchObject([
      { code: 'part_schema_differs', part: 'c.jsonl', message: 'its columns are not those of a.csv: it adds t' },
    ]);
  });
});

describe('a declared format', () => {
  it('is what the file has to be', async () => {
    const source = { ...FOUND, format: 'parquet' } as const;

    const dataset = await shop.read({ 'a.csv': 'n\n1\n' }, { source });

    expect(dataset.problems).toMatchObject([
      { code: 'not_a_table', message: expect.stringContaining('data.source.format') },
    ]);
  });
});

describe('blocks', () => {
  const csv = (rows: number): string =>
    ['n,x,s', ...Array.from({ length: rows }, (_, i) => `${i},${i / 7},"text, ${i % 11}"`)].join('\n');

  it('come in order, once each, the same however the bytes arrive', async () => {
    const seen = async (chunk: number): Promise<unknown[]> => {
      const bytes = Buffer.from(csv(100_000));
      const blocks: unknown[] = [];
      const { readDataset } = await import('../../../shared/data/read-dataset.ts');
      async function* open() {
        for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
      }
      await readDataset(shop.engine, [{ name: 'a.csv', open: async () => open() }], {
        directory: shop.directory(),
        blockBytes: 500_000,
        visit: [
          async (engine, { index, rows, table, columns }: Block) => {
            const [row] = await engine.query(`SELECT min(line) AS low, max(${columns[0]?.cell}) AS high FROM ${table}`);
            blocks.push([index, rows, Number(row?.low), Number(row?.high)]);
          },
        ],
      });
      return blocks;
    };

    const whole = await seen(1 << 22);

    expect(whole.length).toBeGreaterThan(1);
    expect(whole.map((block) => (Array.isArray(block) ? block[0] : undefined))).toEqual(whole.map((_, index) => index));
    expect(await seen(77_777)).toEqual(whole);
  });

  it('come anew from the first when a later one contradicts a type', async () => {
    const seen: [number, string | undefined, number][] = [];
    const dataset = await shop.read(
      { 'a.csv': `${csv(100_000)}\nx,1,y\n` },
      {
        blockBytes: 500_000,
        visit: [async (_, { index, columns, rows }) => void seen.push([index, columns[0]?.type, rows])],
      },
    );

    const again = seen.slice(seen.findLastIndex(([index]) => index === 0));
    expect(types(dataset).n).toBe('string');
    expect(again.every(([, type]) => type === 'string')).toBe(true);
    expect(again.reduce((sum, [, , rows]) => sum + rows, 0)).toBe(100_001);
    expect(dataset.profile?.rows).toBe(100_001);
    expect(dataset.likely).toEqual({ n: 'integer' });
  });

  it('say which cells of a known type do not parse', async () => {
    const bad: unknown[] = [];
    const dataset = await shop.read(
      { 'a.csv': 'n\n1\nx\nNA\n\n3\n' },
      {
        expected: [{ name: 'n', type: 'integer' }],
        visit: [
          async (engine, { table, columns: [column] }) => {
            bad.push(
              ...(await engine.query(
                `SELECT line, ${column?.unparsed} AS bad FROM ${table} WHERE ${column?.cell} IS NULL`,
              )),
            );
          },
        ],
      },
    );

    expect(
      bad.map((row) => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? Number(value) : value))),
    ).toEqual(['{"line":3,"bad":true}', '{"line":4,"bad":false}']);
    expect(told(dataset)).toEqual([['cell_not_parsed', 3, 'n']]);
  });

  it('hash every byte, also of a part that is refused at its beginning', async () => {
    const bytes = Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(3_000_000, 1)]);

    const { delivered } = await shop.read({ 'a.xlsx': bytes });

    expect(delivered).toEqual([
      { name: 'a.xlsx', sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length },
    ]);
  });

  it('pass on the failure of a source that breaks off', async () => {
    const { readDataset } = await import('../../../shared/data/read-dataset.ts');
    async function* open(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('n\n1\n');
      throw new Error('the connection was reset');
    }

    await expect(
      readDataset(shop.engine, [{ name: 'a.csv', open: async () => open() }], { directory: shop.directory() }),
    ).rejects.toThrow('the connection was reset');
  });
});

describe('blanks around the names of columns', () => {
  const asText = (first: string, second: string) => ({
    csv: Buffer.from(`${first},${second}\n1,2\n`),
    jsonl: Buffer.from(`${JSON.stringify({ [first]: 1, [second]: 2 })}\n`),
  });
  const inEveryFormat = async (first: string, second: string) => {
    const columns = `1 AS ${identifier(first)}, 2 AS ${identifier(second)}`;
    const files = { ...asText(first, second), parquet: await written(`SELECT ${columns}`, 'FORMAT parquet') };
    return Promise.all(Object.entries(files).map(([ending, bytes]) => shop.read({ [`a.${ending}`]: bytes })));
  };

  it('are no part of them, whatever the format', async () => {
    for (const read of await inEveryFormat(' a ', 'b c\u00a0')) {
      expect(read.problems).toEqual([]);
      expect(types(read)).toEqual({ a: 'integer', 'b c': 'integer' });
      expect(await content(read)).toEqual([[1, 2]]);
    }
  });

  it('do not make two names of one', async () => {
    const [csv, jsonl, parquet] = await inEveryFormat('a', ' A ');

    expect(csv?.problems).toMatchObject([{ code: 'column_duplicated', column: 'A' }]);
    expect(jsonl?.problems).toMatchObject([{ code: 'json_invalid', message: expect.stringContaining('two keys') }]);
    expect(parquet?.problems).toMatchObject([{ code: 'column_duplicated', column: 'A' }]);
  });

  it('are no name', async () => {
    const [csv, , parquet] = await inEveryFormat('  ', 'b');

    expect(csv?.problems).toMatchObject([{ code: 'header_name_empty' }]);
    expect(parquet?.problems).toMatchObject([{ code: 'header_name_empty' }]);
  });
});

/** `FLIGHTS=all`: every flight of the three months, some 1.5 million, and not one in 150. */
const EVERY = process.env.FLIGHTS === 'all' ? 1 : 150;

it('finds the same profile in months of flights as a folder of Parquet, gzip CSV and JSON Lines', {
  timeout: 600_000,
}, async () => {
  const flights = join(import.meta.dirname, '../../../node_modules/vega-datasets/data/flights-3m.parquet');
  const month = (n: number): string =>
    `SELECT date, delay, distance, origin, destination FROM (SELECT *, row_number() OVER () AS nth FROM read_parquet('${flights}')) WHERE month(date) = ${n} AND nth % ${EVERY} = 0`;
  const months = [1, 2, 3];
  const folder = async (ending: string, format: string, pack: (bytes: Buffer) => Buffer = (bytes) => bytes) => {
    const files: Record<string, Buffer> = {};
    for (const n of months) files[`${n}.${ending}`] = pack(await written(month(n), format));
    return files;
  };

  const parquet = await shop.read(await folder('parquet', 'FORMAT parquet'), { blockRows: 3000 * (150 / EVERY) });
  const csv = await shop.read(await folder('csv.gz', 'FORMAT csv, HEADER', (bytes) => gzipSync(bytes)));
  const json = await shop.read(await folder('jsonl', 'FORMAT json'), { blockBytes: 100_000 * (150 / EVERY) });

  expect(parquet.problems).toEqual([]);
  expect(parquet.profile?.rows).toBeGreaterThan(1_400_000 / EVERY);
  expect(csv.profile).toEqual(parquet.profile);
  expect(json.profile).toEqual(parquet.profile);
  console.info(`${parquet.profile?.rows} flights: one profile of Parquet, gzip CSV and JSON Lines`);
});
