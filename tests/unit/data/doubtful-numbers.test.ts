import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { roundedIdentifiers } from '../../../shared/data/doubtful-numbers.ts';
import { datasetJudge } from '../../../shared/data/judge-dataset.ts';
import { publish } from '../../../shared/definition/publish.ts';
import { readDefinition } from '../../../shared/definition/read.ts';
import fc from '../../fast-check.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

async function judged(files: Readonly<Record<string, string | Uint8Array>>, data: string) {
  const { model, definition } = readDefinition(`problem: binary\ndata:\n  label: late\n${data}`, 'models/orders.yml');
  const now = new Date('2026-01-01T00:00:00Z');
  const judging = datasetJudge({ published: publish(model, definition), before: null, history: [], now });
  const { source } = definition.data;
  const read = await shop.read(files, { expected: judging.expected, visit: [judging.visit], source });
  const { problems, checks } = await judging.judge(shop.engine, read);
  return { read, problems, warned: checks.filter(({ result }) => result === 'warn') };
}

/** Rows with two columns beside the label, whose cells are given by row. */
const table = (rows: number, a: (row: number) => string, b: (row: number) => string = String): string =>
  `a,b,late\n${Array.from({ length: rows }, (_, row) => `${a(row)},${b(row)},${row % 2}\n`).join('')}`;

const BEYOND = 2n ** 53n;
/** Identifiers of which a double holds every other one. */
const digits = (row: number): string => String(BEYOND + BigInt(row));
const asText = (column: string) => `  rules: [{ rule: column_type, column: ${column}, type: string }]\n`;

describe('whole numbers that a number does not hold', () => {
  it.each([
    ['a key', '  key: [a]\n  features: [b]\n'],
    ['an entity', '  entity: a\n  features: [b]\n'],
    ['a category', '  features: [{ name: A, kind: category }]\n'],
  ])('are told where they are %s, line by line, with what to say', async (_, data) => {
    const { problems } = await judged({ 'a.csv': table(50, digits) }, data);

    expect(problems.slice(0, 2)).toMatchObject([
      {
        code: 'number_inexact',
        column: 'a',
        line: 2,
        message: expect.stringContaining('{ rule: column_type, column: a, type: string }'),
      },
      { code: 'number_inexact', column: 'a', line: 3 },
    ]);
    const inexact = problems.filter(({ code }) => code === 'number_inexact');
    expect(inexact.reduce((sum, { count }) => sum + count, 0)).toBe(50);
    expect(inexact).toHaveLength(21);
    expect(JSON.stringify(problems)).not.toContain(digits(3));
  });

  it('are told by part and line, and only those that are not held', async () => {
    const small = table(30, (row) => String(row));
    const large = table(30, (row) => (row === 7 ? digits(1) : '0.5'));

    const { problems } = await judged({ 'a.csv': small, 'b.csv': large }, '  key: [a]\n  features: [b]\n');

    expect(problems).toMatchObject([{ code: 'number_inexact', part: 'b.csv', line: 9, count: 1 }]);
  });

  it('are each themselves once they are declared text', async () => {
    const { problems, read } = await judged(
      { 'a.csv': table(50, digits) },
      `  key: [a]\n  features: [b]\n${asText('a')}`,
    );

    expect(problems).toEqual([]);
    expect(read.profile?.columns[0]).toMatchObject({ name: 'a', type: 'string', distinct: 50 });
  });

  it('are warned of where they only describe a row, unless they are declared to be numbers', async () => {
    const file = { 'a.csv': table(50, digits) };

    const { problems, warned } = await judged(file, '  features: [a, b]\n');
    const declared = await judged(
      file,
      '  features: [a, b]\n  rules: [{ rule: column_type, column: a, type: number }]\n',
    );
    const unused = await judged(file, '  features: [b]\n');

    expect(problems).toEqual([]);
    expect(warned).toMatchObject([
      {
        rule: 'exact_integers',
        column: 'a',
        index: null,
        failed: 50,
        samples: [2, 3, 4, 5, 6].map((line) => ({ line })),
      },
    ]);
    expect(declared.warned).toEqual([]);
    expect(unused.warned).toEqual([]);
  });

  it('are no identifiers where they are measured or counted: larger than identifiers are, or few', async () => {
    const measured = await shop.read({ 'a.csv': table(50, (row) => `${row + 1}e25`) });
    const few = await shop.read({ 'a.csv': table(50, (row) => (row < 10 ? digits(row) : '1.5')) });
    const identifiers = await shop.read({ 'a.csv': table(50, digits) });

    expect(await roundedIdentifiers(shop.engine, measured)).toEqual([]);
    expect(await roundedIdentifiers(shop.engine, few)).toEqual([]);
    expect(await roundedIdentifiers(shop.engine, identifiers)).toEqual(['a']);
  });
});

describe('times counted in nanoseconds', () => {
  /** A moment a row, in whole milliseconds where nothing finer is asked for. */
  const nanoseconds = (row: number, finer = 0n): string =>
    String((1_704_070_697_250n + BigInt(row)) * 1_000_000n + finer);
  const named = (name: string, cell: (row: number) => string) => ({
    'a.csv': table(50, cell).replace('a,b', `${name},b`),
  });

  it('are warned of as such, with how to declare them, where their name or their zeros say so', async () => {
    const byName = await judged(
      named('created_at', (row) => nanoseconds(row, 123_457n)),
      '  features: [created_at, b]\n',
    );
    const byZeros = await judged(
      named('a', (row) => nanoseconds(row)),
      '  features: [a, b]\n',
    );
    const identifiers = await judged(
      named('a', (row) => nanoseconds(row, 123_457n)),
      '  features: [a, b]\n',
    );

    expect(byName.warned[0]?.message).toContain('data.source.columns: { created_at: { epoch: nanoseconds } }');
    expect(byZeros.warned[0]?.message).toContain('data.source.columns: { a: { epoch: nanoseconds } }');
    expect(identifiers.warned[0]?.message).not.toContain('nanoseconds');
  });

  it('are told where a time is wanted, and are times once they are declared', async () => {
    const file = named('ts', (row) => nanoseconds(row, 999n));
    const data = '  time: ts\n  features: [b]\n';

    const undeclared = await judged(file, data);
    const declared = await judged(file, `${data}  source: { columns: { ts: { epoch: nanoseconds } } }\n`);

    expect(undeclared.problems.at(-1)).toMatchObject({
      code: 'column_type_mismatch',
      message: expect.stringContaining('{ ts: { epoch: nanoseconds } }'),
    });
    expect(declared.problems).toEqual([]);
    expect(declared.warned).toEqual([]);
    expect(declared.read.profile?.columns[0]).toMatchObject({ type: 'timestamp', min: '2024-01-01T00:58:17.250Z' });
  });

  it.each(['seconds', 'milliseconds', 'microseconds'] as const)('are told apart from %s', async (unit) => {
    const factor = { seconds: 1, milliseconds: 1e3, microseconds: 1e6 }[unit];

    const { problems } = await judged(
      named('ts', (row) => String((1_704_070_697 + row) * factor)),
      '  time: ts\n  features: [b]\n',
    );

    expect(problems.at(-1)?.message).toContain(`{ ts: { epoch: ${unit} } }`);
  });
});

describe('points that may stand between thousands', () => {
  const FEATURES = '  features: [a, b]\n';
  /** 120 to 60,000, as many at every order of size, with a point between thousands. */
  const thousands = (row: number): string => {
    const amount = Math.round(120 * 500 ** (((row * 61) % 200) / 199)) + (row % 7);
    return amount < 1000 ? String(amount) : `${Math.trunc(amount / 1000)}.${String(amount % 1000).padStart(3, '0')}`;
  };
  const warnedOf = async (rows: number, cell: (row: number) => string) =>
    (await judged({ 'a.csv': table(rows, cell) }, FEATURES)).warned.filter(({ rule }) => rule === 'decimal_point');

  it('are warned of where hundreds have no decimals and thousands have three, with the first hundreds', async () => {
    const { problems, warned } = await judged({ 'a.csv': table(200, thousands) }, FEATURES);

    expect(problems).toEqual([]);
    const hundreds = Array.from({ length: 200 }, (_, row) => row).filter((row) => !thousands(row).includes('.'));
    expect(warned).toMatchObject([
      {
        rule: 'decimal_point',
        column: 'a',
        failed: hundreds.length,
        samples: hundreds.slice(0, 5).map((row) => ({ line: row + 2 })),
        message: expect.stringContaining('{ a: { decimal: ",", thousands: "." } }'),
      },
    ]);
  });

  it('are numbers of their size once they are declared', async () => {
    const { warned, read } = await judged(
      { 'a.csv': table(200, thousands) },
      `${FEATURES}  source: { columns: { a: { decimal: ",", thousands: "." } } }\n`,
    );

    expect(warned).toEqual([]);
    expect(read.profile?.columns[0]).toMatchObject({ type: 'number', min: 120, max: 60_003 });
  });

  it.each([
    ['two decimals', (row: number) => `${row}.${10 + (row % 90)}`],
    ['as many decimals as it takes', (row: number) => String(row / 8)],
    ['parts of one', (row: number) => `0.${100 + row}`],
    ['numbers beyond a thousand', (row: number) => `${row + 900}.${100 + ((row * 37) % 900)}`],
    ['few with decimals', (row: number) => (row < 19 ? `${row + 1}.123` : String(row))],
    ['three decimals each', (row: number) => `${1 + (row % 900)}.${100 + ((row * 37) % 900)}`],
    [
      'three decimals, and one limit without',
      (row: number) => (row % 4 === 0 ? '500' : `${1 + (row % 9)}.${100 + row}`),
    ],
    [
      'three decimals, and small wholes',
      (row: number) => (row % 3 === 0 ? String(row % 90) : `${1 + (row % 9)}.${100 + row}`),
    ],
  ])('are none in numbers of %s', async (_, cell) => {
    expect(await warnedOf(200, cell)).toEqual([]);
  });

  it('are none in what was measured, from 1 to 1,000, written with three decimals or as many of them as say something', async () => {
    const thousandths = fc.array(fc.integer({ min: 1000, max: 999_999 }), { minLength: 60, maxLength: 200 });
    const exponent = fc.array(fc.double({ min: 0, max: 2.999, noNaN: true }), { minLength: 60, maxLength: 200 });
    const measured = fc.oneof(
      thousandths.map((values) => values.map((value) => value / 1000)),
      exponent.map((values) => values.map((value) => Math.round(10 ** value * 1000) / 1000)),
    );
    await fc.assert(
      fc.asyncProperty(measured, fc.boolean(), async (values, isFixed) => {
        const cell = (row: number) => (isFixed ? (values[row] ?? 0).toFixed(3) : String(values[row]));
        expect(await warnedOf(values.length, cell)).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });

  it('are not asked after in Parquet, nor where a column is declared to be numbers', async () => {
    const csv = table(200, thousands);
    const typed = await shop.read({ 'a.csv': csv });
    const path = `${shop.directory()}/a.parquet`;
    await shop.engine.copyToParquet(`SELECT * FROM read_parquet('${typed.parts[0]?.path}')`, path);

    const parquet = await judged({ 'a.parquet': readFileSync(path) }, FEATURES);
    const declared = await judged(
      { 'a.csv': csv },
      `${FEATURES}  rules: [{ rule: column_type, column: a, type: number }]\n`,
    );

    expect(parquet.warned).toEqual([]);
    expect(declared.warned).toEqual([]);
  });

  it('are told as a notation where a comma stands before decimals in some cells', async () => {
    const german = (row: number): string => (row % 2 === 0 ? `"1.${100 + row},50"` : `1.${100 + row}`);

    const { problems } = await judged({ 'a.csv': table(100, german) }, FEATURES);

    expect(problems[0]).toMatchObject({
      code: 'notation',
      column: 'a',
      line: 2,
      message: expect.stringContaining('a decimal comma'),
    });
  });
});

describe('numbers that stand for no value', () => {
  const FEATURES = '  features: [a, b]\n';
  const measured = (row: number): number => ((row * 37) % 200) / 4;
  /** Every twentieth row has no value. */
  const withCode =
    (code: string, other: (row: number) => number = measured) =>
    (row: number) =>
      row % 20 === 3 ? code : String(other(row));

  it.each([
    ['-999', '-999', measured],
    ['-9999.0', '-9999', measured],
    ['-99', '-99', (row: number) => measured(row) - 20],
    ['999', '999', measured],
    ['9999', '9999', (row: number) => measured(row) * 20],
  ])('are warned of with figures and what to declare: %s', async (cell, code, other) => {
    const { problems, warned } = await judged({ 'a.csv': table(400, withCode(cell, other)) }, FEATURES);

    expect(problems).toEqual([]);
    expect(warned).toMatchObject([
      { rule: 'stand_in_value', column: 'a', failed: 20, samples: [{ line: 5 }, {}, {}, {}, {}] },
    ]);
    expect(warned[0]?.message).toContain(`a is ${code} in 20 rows (5 %), and otherwise between `);
    expect(warned[0]?.message).toContain(`data.source.columns: { a: { missing: ["${code}"] } }`);
  });

  it('are warned of where -1 is most of a count that goes far', async () => {
    const days = (row: number): string => (row % 5 === 0 ? String(1 + ((row * 37) % 300)) : '-1');

    const { warned } = await judged({ 'a.csv': table(400, days) }, FEATURES);

    expect(warned).toMatchObject([{ rule: 'stand_in_value', failed: 320 }]);
  });

  it.each([
    ['one that comes once', (row: number) => (row === 7 ? '-999' : String(measured(row)))],
    ['storeys with a basement', (row: number) => String((row % 40) - 1)],
    ['balances', (row: number) => (row % 20 === 3 ? '-999' : String(measured(row) * 60 - 1500))],
    ['a limit near what it cuts', (row: number) => String(Math.min(999, row * 5))],
    ['few kinds', (row: number) => (row % 20 === 3 ? '99' : String(row % 8))],
    ['another number far off', (row: number) => (row % 20 === 3 ? '-777' : String(measured(row)))],
    ['prices that end in 99', (row: number) => (row % 20 === 3 ? '99' : String(row % 60))],
  ])('are none in %s', async (_, cell) => {
    const { warned } = await judged({ 'a.csv': table(400, cell) }, FEATURES);

    expect(warned.filter(({ rule }) => rule === 'stand_in_value')).toEqual([]);
  });

  it('are missing once they are declared, however many decimals they are written with, and in Parquet alike', async () => {
    const cells = (row: number): string => (row % 40 === 3 ? '-999.00' : withCode('-999')(row));
    const source = '  source: { columns: { a: { missing: ["-999"] } } }\n';
    const typed = await shop.read({ 'a.csv': table(400, cells) });
    const path = `${shop.directory()}/a.parquet`;
    await shop.engine.copyToParquet(`SELECT * FROM read_parquet('${typed.parts[0]?.path}')`, path);

    const csv = await judged({ 'a.csv': table(400, cells) }, `${FEATURES}${source}`);
    const parquet = await judged({ 'a.parquet': readFileSync(path) }, `${FEATURES}${source}`);

    expect([csv.problems, csv.warned, parquet.problems, parquet.warned]).toEqual([[], [], [], []]);
    expect(csv.read.profile?.columns[0]).toMatchObject({ type: 'number', nulls: 20, min: 0 });
    expect(parquet.read.profile).toEqual(csv.read.profile);
  });
});
