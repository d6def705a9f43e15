import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { roundedIdentifiers } from '../../../shared/data/doubtful-numbers.ts';
import { datasetJudge } from '../../../shared/data/judge-dataset.ts';
import { publish } from '../../../shared/definition/publish.ts';
import { readDefinition } from '../../../shared/definition/read.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

async function judged(files: Readonly<Record<string, string | Uint8Array>>, data: string) {
  const { model, definition } = readDefinition(`problem: binary\ndata:\n  label: late\n${data}`, 'models/orders.yml');
  const now = new Date('2026-01-01T00:00:00Z');
  const judging = datasetJudge({ published: publish(model, definition), before: null, history: [], now });
  const read = await shop.read(files, { expected: judging.expected, visit: [judging.visit] });
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

describe('points that may stand between thousands', () => {
  const thousands = (row: number): string =>
    row % 3 === 0 ? String(row + 1) : `${1 + (row % 900)}.${100 + ((row * 37) % 900)}`;
  const FEATURES = '  features: [a, b]\n';

  it('are warned of, with the first lines', async () => {
    const { problems, warned } = await judged({ 'a.csv': table(200, thousands) }, FEATURES);

    expect(problems).toEqual([]);
    expect(warned).toMatchObject([
      {
        rule: 'decimal_point',
        column: 'a',
        samples: [{ line: 3 }, { line: 4 }, { line: 6 }, { line: 7 }, { line: 9 }],
      },
    ]);
  });

  it.each([
    ['two decimals', (row: number) => `${row}.${10 + (row % 90)}`],
    ['as many decimals as it takes', (row: number) => String(row / 8)],
    ['parts of one', (row: number) => `0.${100 + row}`],
    ['numbers beyond a thousand', (row: number) => `${row + 900}.${100 + ((row * 37) % 900)}`],
    ['few with decimals', (row: number) => (row < 19 ? `${row + 1}.123` : String(row))],
  ])('are none in numbers of %s', async (_, cell) => {
    const { warned } = await judged({ 'a.csv': table(200, cell) }, FEATURES);

    expect(warned).toEqual([]);
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
