/** Data that is more than one function reads: reading stops, lets go of the source, and says which limit it was. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

import { beyondLimits } from '../../../shared/data/problems.ts';
import { type ReadOptions, readDataset } from '../../../shared/data/read-dataset.ts';
import { ReadingTime } from '../../../shared/data/reading-time.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

const rows = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, row) => `${from + row},${((from + row) * 37) % 101}.5\n`).join('');

/** A source that counts what is taken from it, and whether it was let go. */
function source(chunks: readonly (string | Buffer)[]) {
  const seen = { taken: 0, closed: false };
  async function* open(): AsyncGenerator<Buffer> {
    try {
      for (const chunk of chunks) {
        seen.taken += 1;
        yield Buffer.from(chunk);
      }
    } finally {
      seen.closed = true;
    }
  }
  return { seen, part: { name: 'long.csv', open: async () => open() } };
}

const read = (part: ReturnType<typeof source>['part'], options: Omit<ReadOptions, 'directory'>) =>
  readDataset(shop.engine, [part], { directory: shop.directory(), ...options });

const chunksOf = (count: number, rowsEach: number): string[] => [
  'id,amount\n',
  ...Array.from({ length: count }, (_, at) => rows(at * rowsEach, (at + 1) * rowsEach)),
];

/** A clock that goes on by so many milliseconds each time somebody looks. */
const clock = (givenMs: number, stepMs: number) => {
  let left = givenMs + stepMs;
  return () => {
    left -= stepMs;
    return left;
  };
};

describe('columns beyond the limit', () => {
  const names = Array.from({ length: 11 }, (_, at) => `c${at}`);
  const values = names.map((_, at) => at);

  it.each([
    ['CSV', { 'a.csv': `${names}\n${values}\n` }],
    ['JSON Lines', { 'a.jsonl': `${JSON.stringify(Object.fromEntries(names.map((name) => [name, 1])))}\n` }],
  ])('of %s are told, whatever the limit is', async (_, files) => {
    const narrow = await shop.read(files, { maxColumns: 10 });
    const wide = await shop.read(files, { maxColumns: 11 });

    expect(beyondLimits(narrow.problems)).toMatchObject({ code: 'too_many_columns', line: 1 });
    expect(narrow.parts).toEqual([]);
    expect(wide.problems).toEqual([]);
    expect(wide.columns).toHaveLength(11);
  });

  it('of Parquet are told', async () => {
    const path = `${shop.directory()}/wide.parquet`;
    await shop.engine.copyToParquet(`SELECT ${names.map((name) => `1 AS ${name}`).join(', ')}`, path);
    const parts = [{ name: 'wide.parquet', path }];

    const narrow = await readDataset(shop.engine, parts, { directory: shop.directory(), maxColumns: 10 });
    const wide = await readDataset(shop.engine, parts, { directory: shop.directory(), maxColumns: 11 });

    expect(narrow.problems).toEqual([
      { code: 'too_many_columns', message: '11 columns; at most 10 are read', count: 1 },
    ]);
    expect(wide.problems).toEqual([]);
  });
});

describe('text beyond the limit', () => {
  it('is told once the limit is reached, and the rest is left where it is', async () => {
    const chunks = chunksOf(40, 2000);
    const { seen, part } = source(chunks);

    const dataset = await read(part, { maxBytes: 100_000 });

    expect(dataset.problems).toEqual([
      { code: 'too_large', message: 'the data is larger than 100000 bytes', count: 1 },
    ]);
    expect(dataset.rows).toBeNull();
    expect(seen.closed).toBe(true);
    expect(seen.taken).toBeLessThan(chunks.length / 2);
  });

  it('is no fault of a table that packs well, and one of a file that packs as no table does', async () => {
    const table = gzipSync(`id,amount\n${rows(0, 20_000)}`);
    const bomb = gzipSync(`id,amount\n${'1,2.5\n'.repeat(1_000_000)}`);

    const large = await shop.read({ 'a.csv.gz': table }, { maxBytes: 100_000 });
    const bad = await shop.read({ 'a.csv.gz': bomb }, { maxBytes: 1_000_000 });
    const small = await shop.read({ 'a.csv.gz': bomb });

    expect(beyondLimits(large.problems)?.code).toBe('too_large');
    expect(beyondLimits(bad.problems)).toBeUndefined();
    expect(bad.problems.map(({ code }) => code)).toEqual(['decompression_bomb']);
    // Within the limit the same file is what it is.
    expect(small.problems).toEqual([]);
    expect(small.rows).toBe(1_000_000);
  });
});

describe('the time of a function', () => {
  it('ends reading that would not end in time, with what was read and what it would have taken', async () => {
    const chunks = chunksOf(100, 500);
    const sizeBytes = Buffer.byteLength(chunks.join(''));
    const { seen, part } = source(chunks);

    const dataset = await read(part, { time: { leftMs: clock(600_000, 30_000), sizeBytes }, blockBytes: 10_000 });

    const problem = beyondLimits(dataset.problems);
    expect(problem?.code).toBe('out_of_time');
    expect(problem?.message).toMatch(
      /^[\d,]+ of [\d,]+ bytes were read in \d+ s: the rest would take [\d,]+ s more, and [\d,]+ s are left$/,
    );
    expect(problem?.message).toContain(`of ${sizeBytes.toLocaleString('en-US')} bytes`);
    expect(dataset.parts).toEqual([]);
    expect(seen.closed).toBe(true);
    expect(seen.taken).toBeLessThan(20);
  });

  it('ends the reading of Parquet, too', async () => {
    const path = `${shop.directory()}/long.parquet`;
    await shop.engine.copyToParquet('SELECT range AS id FROM range(20000)', path);
    const options = { directory: shop.directory(), blockRows: 2048 };
    const parts = [{ name: 'long.parquet', path }];
    const sizeBytes = 80_000;

    const slow = await readDataset(shop.engine, parts, {
      ...options,
      time: { leftMs: clock(60_000, 9_000), sizeBytes },
    });
    const quick = await readDataset(shop.engine, parts, {
      ...options,
      time: { leftMs: clock(60_000, 100), sizeBytes },
    });

    expect(slow.problems.map(({ code }) => code)).toEqual(['out_of_time']);
    expect(quick.problems).toEqual([]);
    expect(quick.rows).toBe(20_000);
  });

  it('lets reading end that keeps up', async () => {
    const chunks = chunksOf(20, 500);
    const { part } = source(chunks);
    const sizeBytes = Buffer.byteLength(chunks.join(''));

    const dataset = await read(part, { time: { leftMs: clock(600_000, 2_000), sizeBytes } });

    expect(dataset.problems).toEqual([]);
    expect(dataset.rows).toBe(10_000);
  });

  it('ends what comes after the last byte, where types have to be found again', async () => {
    const chunks = ['id\n', ...Array.from({ length: 30 }, (_, at) => `${at}\n`.repeat(2000)), 'x\n'];
    const { seen, part } = source(chunks);
    // Time has gone once all bytes have been taken in.
    const leftMs = () => (seen.closed ? -1 : 600_000);

    const dataset = await read(part, { time: { leftMs, sizeBytes: 1 }, blockBytes: 4000 });

    expect(dataset.problems.map(({ code }) => code)).toEqual(['out_of_time']);
    expect(dataset.rows).toBeNull();
  });

  it('is not judged by the first bytes: reading begins slowly', () => {
    let left = 100_000;
    const time = new ReadingTime({ leftMs: () => left, sizeBytes: 1_000_000 });
    const took = (ms: number, bytes: number): void => {
      left = 100_000 - ms;
      time.read(bytes);
    };

    expect(() => took(24_000, 1)).not.toThrow();
    expect(() => took(30_000, 400_000)).not.toThrow();
    expect(() => took(50_000, 490_000)).toThrow(
      '490,000 of 1,000,000 bytes were read in 50 s: the rest would take 52 s more, and 50 s are left',
    );
    expect(() => took(100_000, 999_999)).toThrow('0 s are left');
  });
});
