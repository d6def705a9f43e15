/** The same rows as CSV and as Parquet of text: the same types, profile and verdict. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { datasetJudge } from '../../../shared/data/judge-dataset.ts';
import { identifier, literal } from '../../../shared/data/sql.ts';
import { publish } from '../../../shared/definition/publish.ts';
import { readDefinition } from '../../../shared/definition/read.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

const COLUMNS = ['id', 'amount', 'day', 'at', 'paid', 'code', 'place', 'late'] as const;
type Row = Readonly<Record<(typeof COLUMNS)[number], string>>;

const goodRow = (row: number): Row => ({
  id: String(row),
  amount: row % 9 === 0 ? '' : String(row / 8),
  day: `2001-03-${String((row % 28) + 1).padStart(2, '0')}`,
  at: `2001-03-01 10:${String(row % 60).padStart(2, '0')}:00`,
  paid: row % 3 === 0 ? 'true' : 'false',
  code: `0${row % 7}`,
  place: ['LAS', 'PHL', 'OAK'][row % 3] ?? '',
  late: String(row % 2),
});

/** Delivers rows as a format has them, in blocks of few rows, and judges them. */
async function judged(format: 'csv' | 'parquet', rows: readonly Row[], data: string) {
  const { model, definition } = readDefinition(`problem: binary\ndata:\n  label: late\n${data}`, 'models/orders.yml');
  const now = new Date('2026-01-01T00:00:00Z');
  const judging = datasetJudge({ published: publish(model, definition), before: null, history: [], now });
  const { source } = definition.data;
  const csv = `${[COLUMNS, ...rows.map((row) => COLUMNS.map((name) => row[name]))].map((cells) => cells.join(',')).join('\n')}\n`;
  let bytes: string | Uint8Array = csv;
  if (format === 'parquet') {
    const path = `${shop.directory()}/made.parquet`;
    const values = rows.map((row) => `(${COLUMNS.map((name) => literal(row[name])).join(', ')})`);
    await shop.engine.copyToParquet(
      `SELECT * FROM (VALUES ${values.join(', ')}) AS t(${COLUMNS.map(identifier).join(', ')})`,
      path,
    );
    bytes = readFileSync(path);
  }
  const read = await shop.read(
    { [`a.${format}`]: bytes },
    { expected: judging.expected, visit: [judging.visit], source, blockRows: 40, blockBytes: 2000 },
  );
  const { problems, checks } = await judging.judge(shop.engine, read);
  return {
    types: Object.fromEntries(read.columns.map(({ name, type }) => [name, type])),
    profile: read.profile,
    // The header is a line of text and none of Parquet.
    problems: problems.map(({ line, ...problem }) => [problem, (line ?? 0) - (format === 'csv' ? 1 : 0)]),
    warned: checks.filter(({ result }) => result === 'warn').map(({ rule, column, failed }) => [rule, column, failed]),
  };
}

const rows = Array.from({ length: 200 }, (_, row) => goodRow(row));
const DATA = '  key: [id]\n  features: [amount, code, place]\n';

describe('text in Parquet', () => {
  it('has the types of the same rows in CSV, of numbers, times and truth values alike', async () => {
    const csv = await judged('csv', rows, DATA);
    const parquet = await judged('parquet', rows, DATA);

    expect(csv.types).toEqual({
      id: 'integer',
      amount: 'number',
      day: 'date',
      at: 'timestamp',
      paid: 'boolean',
      code: 'string',
      place: 'string',
      late: 'integer',
    });
    expect(csv.problems).toEqual([]);
    expect(parquet).toEqual(csv);
  });

  it.each([
    ['a few cells that are no numbers, told by row', { 31: 'n.a.', 160: '#REF!' }],
    ['a cell that makes whole numbers others, late on', { 190: '0.125' }],
    ['cells that are wider block by block', { 50: '1e3', 120: 'NaN' }],
  ])('is judged as the same rows in CSV are: %s', async (_, replaced: Readonly<Record<number, string>>) => {
    const odd = rows.map((row, at) => ({ ...row, amount: replaced[at] ?? String(at) }));

    const csv = await judged('csv', odd, DATA);
    const parquet = await judged('parquet', odd, DATA);

    expect(parquet).toEqual(csv);
  });

  it('is what a definition declares it to be', async () => {
    const data = `${DATA}  rules:\n    - { rule: column_type, column: amount, type: string }\n    - { rule: column_type, column: code, type: integer }\n`;

    const csv = await judged('csv', rows, data);
    const parquet = await judged('parquet', rows, data);

    expect(csv.types).toMatchObject({ amount: 'string', code: 'string' });
    expect(parquet).toEqual(csv);
  });
});
