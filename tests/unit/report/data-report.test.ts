import { describe, expect, it } from 'vitest';
import { compactProfile } from '../../../shared/data/profile/compact.ts';
import type { Profile } from '../../../shared/data/profile/published.ts';
import { type ComparedData, changesOf } from '../../../shared/report/data-changes.ts';
import { correlationChart } from '../../../shared/report/data-charts.ts';
import { type DataReport, dataReport } from '../../../shared/report/data-report.ts';
import fc from '../../fast-check.ts';

type Column = DataReport['columns'][number];

const column = (name: string, of: Partial<Column> = {}): Column => ({
  name,
  type: 'string',
  nulls: 0,
  distinct: 2,
  min: null,
  max: null,
  mean: null,
  stdev: null,
  top: [],
  ...of,
});

const number = (name: string, of: Partial<Column> = {}): Column =>
  column(name, {
    type: 'number',
    distinct: 4,
    min: 0,
    max: 9,
    mean: 4,
    stdev: 2,
    zeros: 1,
    negatives: 0,
    quantiles: [[500, 4]],
    histogram: { edges: [0, 5, 10], counts: [60, 38], below: 0, above: 2 },
    ...of,
  });

const report = (of: Partial<DataReport> = {}): DataReport => ({
  name: 'flight-delay',
  dataset: '3f2a9c0b1d',
  sources: [{ key: 'incoming/flight-delay/2001-03.csv', sizeBytes: 1234 }],
  accepted: true,
  judgedAt: '2001-04-01T00:00:00.000Z',
  rows: 100,
  problems: [],
  checks: [],
  columns: [
    column('origin', {
      top: [
        ['ORD', 60],
        ['DFW', 40],
      ],
    }),
    number('delay', { nulls: 10 }),
    column('date', {
      type: 'date',
      min: '2001-03-01',
      max: '2001-03-02',
      days: [
        ['2001-03-01', 40],
        ['2001-03-02', 60],
      ],
    }),
  ],
  protectedColumns: [],
  before: null,
  label: null,
  correlations: null,
  ...of,
});

/** What a reader sees, without the markup. */
const textOf = (page: string): string => page.replace(/<style>.*?<\/style>/s, '').replace(/<[^>]*>/g, ' ');

describe('a data report', () => {
  it('tells what failed, where, and how much of it', async () => {
    const page = await dataReport(
      report({
        accepted: false,
        problems: [{ code: 'cell_not_parsed', message: 'not a finite number', line: 12, column: 'delay', count: 3 }],
        checks: [
          {
            rule: 'row_count_between',
            index: 1,
            severity: 'fail',
            result: 'pass',
            value: 100,
            threshold: '>= 10',
            evaluated: 100,
            samples: [],
            message: 'rows enough',
          },
          {
            rule: 'values_between',
            index: 0,
            column: 'delay',
            severity: 'fail',
            result: 'fail',
            value: 0.25,
            threshold: '>= 0.99',
            evaluated: 90,
            failed: 67,
            samples: [{ line: 4711 }, { part: 'b.csv', line: 3 }],
            message: '67 values are out of range',
          },
        ],
      }),
    );

    const text = textOf(page);
    expect(text).toMatch(/Rejected\s+100 rows of 3 columns read\. 3 problems found\./);
    expect(text).toMatch(/12\s+delay\s+not a finite number\s+cell_not_parsed/);
    expect(text).toMatch(/failed\s+values_between\s+delay\s+0\.25\s+&gt;= 0\.99\s+90\s+4,711, b\.csv:3\s+67 values/);
    expect(text.indexOf('values_between')).toBeLessThan(text.indexOf('row_count_between'));
    expect(text).toContain('1 of 2 did not pass.');
  });

  it('draws what columns hold, what they lack, the balance of the label and how columns move together', async () => {
    const page = await dataReport(
      report({
        label: {
          name: 'late',
          classes: [
            ['0', 80],
            ['1', 18],
            ['Jane', 2],
          ],
          strengths: [{ feature: 'delay', strength: 0.97 }],
        },
        correlations: {
          columns: ['delay', 'date'],
          rows: 100,
          values: [
            [1, -0.42],
            [-0.42, 1],
          ],
        },
      }),
    );

    const text = textOf(page);
    for (const drawn of [
      'ORD',
      '60 %',
      'Not drawn: 2 above 10.',
      'Rows of each day.',
      '10 %',
      '80 %',
      '0.97',
      '-.42',
    ]) {
      expect(text).toContain(drawn);
    }
    expect(text).not.toContain('Jane');
  });

  it('shows no value of a protected column, and none that it was not given', async () => {
    const hidden = {
      top: [['SECRET', 50]] satisfies [string, number][],
      min: 777_001,
      max: 777_002,
      mean: 777_003,
      quantiles: [[500, 777_004]] satisfies [number, number][],
      nulls: 30,
    };
    const columns = [number('age', hidden), column('gender', hidden)];

    const page = await dataReport(
      report({
        columns,
        protectedColumns: ['age', 'gender'],
        before: {
          rows: 100,
          columns: [number('age', { ...hidden, mean: 1, nulls: 0 }), column('gender', { top: [['HIDDEN', 100]] })],
        },
        label: { name: 'gender', classes: [['SECRET', 100]], strengths: null },
      }),
    );

    expect(page).not.toMatch(/SECRET|HIDDEN|777,?00|Not drawn/);
    expect(textOf(page)).toMatch(/gender\s+missing\s+0 %\s+30 %/);
  });

  it('stands alone, in the colours of the page, and is the same each time', async () => {
    const page = await dataReport(report({ before: { rows: 100, columns: [] } }));

    expect(page).not.toMatch(/<script|<image|<link|href=|src=|url\(/);
    expect(page).not.toMatch(/(fill|stroke)="(#|rgb|black|white)/);
    expect(await dataReport(report({ before: { rows: 100, columns: [] } }))).toBe(page);
  });

  it('tells of data that could not be read, and of data without rows', async () => {
    const unread = textOf(await dataReport(report({ accepted: false, rows: null, columns: [] })));
    const empty = textOf(
      await dataReport(report({ accepted: false, rows: 0, columns: [column('origin', { distinct: 0 })] })),
    );

    expect(unread).toContain('The data could not be read as rows.');
    expect(empty).toContain('0 rows of 1 column read.');
  });

  it('draws the first columns of very many, and lists all', async () => {
    const columns = Array.from({ length: 70 }, (_, n) => number(`column_${n}`));

    const page = await dataReport(report({ columns }));

    expect(page.match(/<section class="card">/g)).toHaveLength(60);
    expect(page).toContain('The first 60 of 70 columns');
    expect(page).toContain('column_69');
  });

  it('lets no name and no value out of its place', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary', maxLength: 40 }),
        fc.string({ maxLength: 40 }),
        async (name, value) => {
          const hostile = `${name}</script><b onclick="x">'"\\`;
          const page = await dataReport(
            report({
              name: hostile,
              columns: [
                column(hostile, {
                  top: [
                    [`${value}<i>"'\\`, 60],
                    [hostile, 40],
                  ],
                }),
                number(`${hostile}2`, { nulls: 5 }),
              ],
              label: {
                name: hostile,
                classes: [
                  [hostile, 50],
                  [value, 50],
                ],
                strengths: [{ feature: hostile, strength: 1 }],
              },
            }),
          );

          expect(page).not.toMatch(/<b |<i>|<\/script/);
        },
      ),
      { seed: 6, numRuns: 15 },
    );
  });
});

describe('what changed since the last accepted dataset', () => {
  const before: ComparedData = {
    rows: 1000,
    columns: [
      number('delay', { mean: 4, stdev: 2 }),
      column('plan', {
        distinct: 3,
        top: [
          ['free', 700],
          ['pro', 200],
          ['team', 100],
        ],
      }),
      column('gone'),
      number('typed'),
      column('date', { type: 'date', min: '2001-01-01', max: '2001-01-31' }),
    ],
  };
  const now: ComparedData = {
    rows: 1500,
    columns: [
      number('delay', { mean: 5, nulls: 150 }),
      column('plan', {
        distinct: 3,
        top: [
          ['free', 450],
          ['pro', 600],
          ['enterprise', 450],
        ],
      }),
      column('typed'),
      column('date', { type: 'date', min: '2001-02-01', max: '2001-02-28' }),
      column('added', { type: 'boolean' }),
    ],
  };

  it('is told column by column, its shape first', () => {
    expect(changesOf(before, now, [])).toEqual([
      { column: null, what: 'rows', before: '1,000', now: '1,500' },
      { column: 'gone', what: 'column gone', before: 'string', now: '' },
      { column: 'delay', what: 'missing', before: '0 %', now: '10 %' },
      { column: 'delay', what: 'mean', before: '4', now: '5' },
      { column: 'plan', what: 'new values', before: '', now: 'enterprise' },
      { column: 'plan', what: 'values gone', before: 'team', now: '' },
      { column: 'plan', what: 'share of free', before: '70 %', now: '30 %' },
      { column: 'typed', what: 'type', before: 'number', now: 'string' },
      { column: 'date', what: 'times', before: '2001-01-01 to 2001-01-31', now: '2001-02-01 to 2001-02-28' },
      { column: 'added', what: 'new column', before: '', now: 'boolean' },
    ]);
  });

  it('is told of texts that a kept profile has shortened', () => {
    const long = (n: number): string => `${'the same long beginning '.repeat(9)}${n}`;
    const of = (from: number): Profile => ({
      rows: 5000,
      columns: [
        column('plan', {
          distinct: 50,
          top: Array.from({ length: 50 }, (_, n): [string, number] => [long(from + n), 100]),
        }),
      ],
    });

    expect(changesOf(compactProfile(of(0)), of(0), [])).toEqual([]);
    expect(changesOf(compactProfile(of(0)), of(1), []).map(({ what }) => what)).toEqual(['new values', 'values gone']);
  });

  it('is nothing between equals, and of protected columns no value', () => {
    expect(changesOf(before, before, [])).toEqual([]);
    const told = changesOf(before, now, ['plan', 'delay']);
    expect(told.filter(({ column: name }) => name === 'plan')).toEqual([]);
    expect(told.filter(({ column: name }) => name === 'delay').map(({ what }) => what)).toEqual(['missing']);
  });
});

it('draws columns that are named like what every object has', async () => {
  const names = ['constructor', '__proto__', 'toString', 'it\'s \\ "quoted"', 'x'];
  const values = names.map((_, at) => names.map((__, to) => (at === to ? 1 : 0.5)));

  const text = String(await correlationChart(names, values));

  for (const name of ['constructor', '__proto__', 'toString', 'x']) expect(text).toContain(`>${name}<`);
});
