import { describe, expect, test } from 'vitest';
import { correlationRatio, cramersV, ranked, spearman } from '../../../shared/data/profile/association.ts';
import { CELL_READERS } from '../../../shared/data/profile/cell-values.ts';
import { correlationsOf } from '../../../shared/data/profile/correlations.ts';
import {
  DISTINCT_ERROR,
  estimateDistinct,
  insertNumber,
  insertNumbers,
  mergeRegisters,
  noRegisters,
} from '../../../shared/data/profile/hyperloglog.ts';
import { bucketOf, bucketRange, bucketTally, mergeBuckets } from '../../../shared/data/profile/quantile-sketch.ts';
import { insertPieces, insertText, piecesSql } from '../../../shared/data/profile/text-hash.ts';
import { literal } from '../../../shared/data/sql.ts';
import type { ColumnType } from '../../../shared/features/columns.ts';
import fc from '../../fast-check.ts';
import { workshop } from './workshop.ts';

const shop = workshop();
const doubles = fc.oneof(fc.double({ noNaN: true }), fc.double({ noNaN: true, min: -1e3, max: 1e3 }));

describe('the estimate of distinct values', () => {
  test.each([
    ['whole numbers', (n: number) => n],
    ['cents', (n: number) => n / 100],
    ['minutes in microseconds', (n: number) => (16_000_000 + n) * 60e6],
    ['days in microseconds', (n: number) => n * 86_400e6],
    ['negative halves', (n: number) => -n / 2],
  ])('of %s has the error it states', (_, value) => {
    const errors = [300, 4_000, 15_000, 40_000, 150_000].flatMap((size) =>
      [0, 1, 2, 3].map((turn) => {
        const registers = noRegisters();
        insertNumbers(
          registers,
          Float64Array.from({ length: size }, (__, n) => value(n + turn * 1_000_003)),
          0,
        );
        return estimateDistinct(registers) / size - 1;
      }),
    );

    const rootMeanSquare = Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length);
    expect(rootMeanSquare).toBeLessThan(DISTINCT_ERROR * 1.3);
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(DISTINCT_ERROR * 3.5);
  });

  test('counts none as none, and a value once however often it comes', () => {
    const registers = noRegisters();
    expect(estimateDistinct(registers)).toBe(0);

    insertNumbers(registers, Float64Array.from([0, -0, 0, 0]), 0);

    expect(estimateDistinct(registers)).toBe(1);
  });

  test('of merged registers is that of all values, and one by one is as in a batch', () => {
    fc.assert(
      fc.property(fc.array(doubles), fc.array(doubles), (a, b) => {
        const [one, other, all] = [noRegisters(), noRegisters(), noRegisters()];
        insertNumbers(one, Float64Array.from(a), 0);
        insertNumbers(other, Float64Array.from(b), 0);
        for (const value of [...a, ...b]) insertNumber(all, value);

        expect(mergeRegisters(one, other)).toEqual(all);
      }),
      { seed: 6 },
    );
  });

  test('has the registers it had before: working profiles of two versions must agree', () => {
    const registers = noRegisters();
    insertNumbers(registers, Float64Array.from([1, 2.5, -1e9, 0]), 0);
    for (const text of ['', 'a', 'ORD', 'x'.repeat(48), 'é'.repeat(7)]) insertText(registers, text);

    const set = [...registers.entries()].filter(([, rank]) => rank > 0);
    expect(set).toEqual([
      [104, 1],
      [137, 2],
      [973, 2],
      [2126, 4],
      [2530, 5],
      [2614, 1],
      [3029, 2],
      [3279, 1],
      [3647, 3],
    ]);
  });

  test('hashes a text in the engine as in JavaScript', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.string({ maxLength: 60, minLength: 0 }),
            fc.stringMatching(/^[a-z0-9]{0,60}$/),
            fc.string({ unit: 'grapheme', maxLength: 20 }),
          ),
          { minLength: 1, maxLength: 8 },
        ),
        async (given) => {
          const texts = given.map((text) => text.toWellFormed().replaceAll('\0', ''));
          const inScript = noRegisters();
          for (const text of texts) insertText(inScript, text);

          const inEngine = noRegisters();
          const longest = Math.max(...texts.map((text) => Buffer.byteLength(text)));
          const rows = texts.map((text) => `(${literal(text)})`).join(', ');
          const sql = `SELECT ${piecesSql('c', longest).join(', ')} FROM (VALUES ${rows}, (NULL)) AS t(c)`;
          for await (const vectors of shop.engine.vectors(sql)) {
            const pieces = piecesSql('c', longest).map((_, at) => vectors.cells(at, 16));
            insertPieces(inEngine, pieces);
          }

          expect(inEngine).toEqual(inScript);
        },
      ),
      { seed: 6, numRuns: 80 },
    );
  });
});

describe('columns as the engine holds them', () => {
  const first = async (sql: string) => {
    for await (const vectors of shop.engine.vectors(sql)) return vectors;
    throw new Error('the query has rows');
  };
  const cells = (type: ColumnType) => {
    const whole = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    if (type === 'integer' || type === 'timestamp') return fc.maxSafeInteger();
    if (type === 'number') return fc.double({ noNaN: true, noDefaultInfinity: true });
    return type === 'boolean' ? fc.constantFrom(0, 1) : whole.map((day) => Math.trunc(day / 1_000));
  };
  const SQL: Readonly<Record<string, (value: number) => string>> = {
    integer: (value) => `${value}::BIGINT`,
    number: (value) => `'${value}'::DOUBLE`,
    boolean: (value) => `${value}::BOOLEAN`,
    timestamp: (value) => `make_timestamp(${value})`,
    date: (value) => `DATE '1970-01-01' + ${value}`,
  };

  test.each(['integer', 'number', 'boolean', 'timestamp', 'date'] as const)(
    'are read as the %s they are, without what is missing',
    async (type) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.option(cells(type), { freq: 3 }), { minLength: 1, maxLength: 70 }),
          async (given) => {
            const { rowBytes, read } = CELL_READERS[type];
            const rows = given.map((value) => `(${value === null ? 'NULL' : SQL[type]?.(value)})`);

            const vectors = await first(`SELECT x FROM (VALUES ${rows.join(', ')}) AS t(x)`);

            const present = given.filter((value) => value !== null);
            expect([...read(vectors.cells(0, rowBytes))]).toEqual(
              type === 'date' ? present.map((day) => day * 86_400_000_000 + 0) : present.map((value) => value),
            );
          },
        ),
        { seed: 6, numRuns: 40 },
      );
    },
  );

  test('are refused as pieces of a text where one does not lie in its row', async () => {
    const vectors = await first("SELECT 'thirteen byte'");

    expect(() => insertPieces(noRegisters(), [vectors.cells(0, 16)])).toThrow('a piece of a text is too long');
  });
});

describe('buckets', () => {
  test('hold their values, and are narrower than a five-hundredth of them', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const [low, high] = bucketRange(bucketOf(value));

        const size = Math.abs(value);
        if (size >= 2 ** 64) expect(Math.min(Math.abs(low), Math.abs(high))).toBe(2 ** 64);
        else {
          expect(low).toBeLessThanOrEqual(value);
          expect(high).toBeGreaterThanOrEqual(value);
          if (size >= 2 ** -64) expect((high - low) / 2).toBeLessThanOrEqual(size / 512);
        }
      }),
      { seed: 6, numRuns: 1000 },
    );
  });

  test('count a batch as values one by one, and add up', () => {
    fc.assert(
      fc.property(fc.array(doubles, { maxLength: 30 }), fc.array(doubles, { maxLength: 30 }), (a, b) => {
        const [one, other, all] = [bucketTally(), bucketTally(), bucketTally()];
        one.add(Float64Array.from(a));
        other.add(Float64Array.from(b));
        all.add(Float64Array.from([...b, ...a]));

        expect(mergeBuckets(one.counts(), other.counts())).toEqual(all.counts());
        const keys = [...a, ...b].map(bucketOf);
        expect(all.counts().map(([key]) => key)).toEqual([...new Set(keys)].sort((x, y) => x - y));
      }),
      { seed: 6 },
    );
  });
});

describe('how columns move together', () => {
  const rows = Array.from({ length: 60 }, (_, n) => n);

  test('is one with itself in another order of size, and minus one against it', () => {
    const a = ranked(rows, false);

    expect(
      spearman(
        a,
        ranked(
          rows.map((n) => n ** 3),
          false,
        ),
      ),
    ).toBeCloseTo(1, 12);
    expect(
      spearman(
        a,
        ranked(
          rows.map((n) => -n),
          false,
        ),
      ),
    ).toBeCloseTo(-1, 12);
  });

  test('agrees with a reference where values are equal', () => {
    const a = ranked(
      rows.map((n) => n % 7),
      false,
    );
    const b = ranked(
      rows.map((n) => (n * n) % 11),
      false,
    );

    // scipy.stats.spearmanr of the same.
    expect(spearman(a, b)).toBeCloseTo(0.015_548_589_354_889_635, 14);
  });

  test('of a category is what lies between its values', () => {
    const category = ranked(
      rows.map((n) => n % 3),
      true,
    );

    expect(
      correlationRatio(
        category,
        ranked(
          rows.map((n) => (n % 3) * 10),
          false,
        ),
      ),
    ).toBeCloseTo(1, 12);
    expect(
      correlationRatio(
        category,
        ranked(
          rows.map((n) => Math.floor(n / 3)),
          false,
        ),
      ),
    ).toBeLessThan(0.05);
    expect(cramersV(category, category)).toBeCloseTo(1, 12);
    expect(
      cramersV(
        category,
        ranked(
          rows.map((n) => Math.floor(n / 3) % 2),
          true,
        ),
      ),
    ).toBe(0);
  });

  test('is over the rows that have both', () => {
    const a = ranked([...rows, Number.NaN, 5], false);
    const b = ranked([...rows.map((n) => n * 2), 7, Number.NaN], false);

    expect(spearman(a, b)).toBeGreaterThan(0.999);
  });

  test('is not told of few rows, nor of what does not vary', () => {
    const few = ranked(rows.slice(0, 29), false);
    const constant = ranked(
      rows.map(() => 1),
      false,
    );

    expect(spearman(few, few)).toBeNull();
    expect(spearman(constant, ranked(rows, false))).toBeNull();
    expect(cramersV(constant, ranked(rows, true))).toBeNull();
  });

  test('is measured on the typed copies, without identifiers and constants', async () => {
    const path = `${shop.directory()}/rows.parquet`;
    await shop.engine.copyToParquet(
      `SELECT i AS "a b", -i AS "select", 'k' || i AS key, CASE WHEN i < 50 THEN 'low' ELSE 'high' END AS level, 1 AS one FROM range(100) t(i)`,
      path,
    );
    const columns = (
      [
        ['a b', 'integer', 100],
        ['select', 'integer', 100],
        ['key', 'string', 100],
        ['level', 'string', 2],
        ['one', 'integer', 1],
      ] as const
    ).map(([name, type, distinct]) => ({ name, type, distinct }));

    const found = await correlationsOf(shop.engine, [{ path, rows: 100 }], columns);

    expect(found?.columns).toEqual(['a b', 'select', 'level']);
    expect(found?.rows).toBe(100);
    expect(found?.values[0]?.[1]).toBeCloseTo(-1, 12);
    expect(found?.values[2]?.[0]).toBeCloseTo(Math.sqrt(0.75), 3);
    expect(await correlationsOf(shop.engine, [{ path, rows: 100 }], columns.slice(2, 4))).toBeNull();
  });
});
