import { describe, expect, it } from 'vitest';

import { HEADER, judgedFiles, NOW, ROWS, resultOf, table } from './rules-world.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

/** A row of the table with one cell replaced. */
const withCell = (line: number, column: number, cell: string): Record<number, string> => {
  const cells = (ROWS[line - 2] ?? '').split(',');
  cells[column] = cell;
  return { [line]: cells.join(',') };
};

const PLAN = 1;
const PRICE = 2;
const VISITS = 3;
const DAY = 4;
const CODE = 5;

interface Case {
  readonly rule: string;
  readonly csv: string;
  readonly result: 'pass' | 'warn' | 'fail' | 'error';
  readonly value?: number | null;
  readonly evaluated?: number;
  readonly failed?: number;
  readonly lines?: readonly number[];
  readonly message?: RegExp;
}

const good = table();
/** With truth values in the place of plans. */
const booleans = table(
  {},
  ROWS.map((row, at) => row.replace(/^(\d+),\w+/, `$1,${at % 2 === 0}`)),
);
/** A hundred rows whose visits are 1 to 100. */
const hundred = table(
  {},
  Array.from({ length: 100 }, (_, at) => `${at + 1},free,1.5,${at + 1},2001-01-01,AB-0000,${at % 2}`),
);
const doubled = table({}, [...ROWS, ...ROWS.slice(0, 4)]);

const CASES: readonly Case[] = [
  { rule: '{ rule: column_exists, column: plan }', csv: good, result: 'pass' },
  { rule: '{ rule: column_exists, column: plam }', csv: good, result: 'fail', message: /no column plam.*plan/ },
  { rule: '{ rule: column_type, column: visits, type: number }', csv: good, result: 'pass', evaluated: 40, failed: 0 },
  {
    rule: '{ rule: column_type, column: visits, type: integer, mostly: 0.9 }',
    csv: table({ ...withCell(5, VISITS, 'x'), ...withCell(9, VISITS, '1.5'), ...withCell(10, VISITS, 'NA') }),
    result: 'pass',
    value: 37 / 39,
    evaluated: 39,
    failed: 2,
    lines: [5, 9],
  },
  {
    rule: '{ rule: column_type, column: visits, type: integer }',
    csv: table(withCell(5, VISITS, 'x')),
    result: 'fail',
    lines: [5],
    message: /1 of 40 values are not of the type/,
  },
  {
    rule: '{ rule: column_type, column: price, type: integer }',
    csv: good,
    result: 'fail',
    failed: 40,
    lines: [2, 3, 4, 5, 6],
  },
  { rule: '{ rule: column_type, column: visits, type: string }', csv: good, result: 'pass', evaluated: 40 },
  { rule: '{ rule: column_type, column: day, type: timestamp }', csv: good, result: 'pass' },
  {
    rule: '{ rule: column_type, column: visits, type: boolean, mostly: 0.3 }',
    csv: good,
    result: 'pass',
    failed: 28,
    lines: [4, 5, 6, 7, 8],
  },
  {
    rule: '{ rule: column_type, column: day, type: date }',
    csv: table({ ...withCell(4, DAY, '2001-01-03 10:00:00'), ...withCell(5, DAY, '2001-01-04 00:00:00') }),
    result: 'fail',
    failed: 1,
    lines: [4],
  },
  { rule: '{ rule: completeness, column: plan }', csv: good, result: 'pass', value: 1, evaluated: 40 },
  {
    rule: '{ rule: completeness, column: plan, min: 0.98 }',
    csv: table(withCell(7, PLAN, '')),
    result: 'fail',
    value: 39 / 40,
    failed: 1,
    lines: [7],
  },
  { rule: '{ rule: completeness, column: plan, min: 0.975 }', csv: table(withCell(7, PLAN, '')), result: 'pass' },
  { rule: '{ rule: uniqueness, column: code }', csv: good, result: 'pass', value: 1 },
  {
    rule: '{ rule: uniqueness, column: code }',
    csv: table({ ...withCell(30, CODE, 'AB-0003'), ...withCell(3, CODE, '') }),
    result: 'fail',
    value: 37 / 39,
    evaluated: 39,
    failed: 2,
    lines: [5, 30],
  },
  { rule: '{ rule: values_in_set, column: plan, values: [free, pro, team] }', csv: good, result: 'pass', value: 0 },
  {
    rule: '{ rule: values_in_set, column: plan, values: [free, pro], max_unseen_share: 0.3 }',
    csv: good,
    result: 'fail',
    value: 13 / 40,
    failed: 13,
    lines: [4, 7, 10, 13, 16],
  },
  {
    rule: '{ rule: values_in_set, column: visits, values: [0, 1, 2, 3, 4, 5, 6] }',
    csv: table(withCell(8, VISITS, '')),
    result: 'pass',
    evaluated: 39,
  },
  {
    rule: '{ rule: values_in_set, column: plan, values: [true] }',
    csv: booleans,
    result: 'fail',
    failed: 20,
    lines: [3, 5, 7, 9, 11],
  },
  {
    rule: "{ rule: values_in_set, column: day, values: ['2001-01-02', '2001-02-30'], max_unseen_share: 0.95 }",
    csv: good,
    result: 'pass',
    value: 38 / 40,
    failed: 38,
  },
  { rule: '{ rule: values_in_set, column: visits, values: [many] }', csv: good, result: 'error', message: /integer/ },
  {
    rule: '{ rule: values_between, column: price, min: 0.5, max: 9.5 }',
    csv: good,
    result: 'pass',
    value: 1,
    evaluated: 40,
  },
  {
    rule: '{ rule: values_between, column: price, min: 0.5, strict_min: true, mostly: 0.9 }',
    csv: good,
    result: 'pass',
    value: 0.9,
    failed: 4,
  },
  {
    rule: '{ rule: values_between, column: price, max: 5 }',
    csv: good,
    result: 'fail',
    failed: 20,
    lines: [7, 8, 9, 10, 11],
  },
  {
    rule: '{ rule: values_between, column: price, max: 9.5, strict_max: true, mostly: 0.9 }',
    csv: good,
    result: 'pass',
    value: 0.9,
    failed: 4,
  },
  {
    rule: "{ rule: values_between, column: plan, min: 'free', max: 'pro' }",
    csv: table(withCell(3, PLAN, 'Pro')),
    result: 'fail',
    failed: 14,
    lines: [3, 4, 7, 10, 13],
  },
  { rule: "{ rule: values_between, column: day, min: '2001-01-01' }", csv: good, result: 'pass' },
  {
    rule: "{ rule: values_between, column: day, min: '2001-01-02T00:00:00Z' }",
    csv: good,
    result: 'fail',
    lines: [2, 30],
  },
  { rule: "{ rule: values_between, column: day, min: '2001-02-30' }", csv: good, result: 'error' },
  { rule: "{ rule: values_between, column: price, min: 'a' }", csv: good, result: 'error', message: /number/ },
  { rule: '{ rule: values_not_negative, column: visits }', csv: good, result: 'pass' },
  {
    rule: '{ rule: values_not_negative, column: visits, severity: warn }',
    csv: table(withCell(12, VISITS, '-1')),
    result: 'warn',
    lines: [12],
  },
  { rule: '{ rule: values_not_negative, column: plan }', csv: good, result: 'error', message: /only numbers/ },
  { rule: '{ rule: value_length_between, column: code, min: 7, max: 7 }', csv: good, result: 'pass' },
  {
    rule: '{ rule: value_length_between, column: plan, max: 3 }',
    csv: table(withCell(2, PLAN, '😀😀😀')),
    result: 'fail',
    failed: 26,
    lines: [4, 5, 7, 8, 10],
  },
  { rule: '{ rule: value_length_between, column: visits, max: 1 }', csv: good, result: 'pass' },
  { rule: "{ rule: matches_regex, column: code, regex: 'AB-[0-9]{4}' }", csv: good, result: 'pass' },
  {
    rule: "{ rule: matches_regex, column: code, regex: '[A-Z]{2}' }",
    csv: good,
    result: 'fail',
    failed: 40,
    message: /40 of 40 values do not match/,
  },
  {
    rule: "{ rule: matches_regex, column: code, regex: '.*' }",
    csv: table(withCell(6, CODE, 'x'.repeat(4097))),
    result: 'fail',
    lines: [6],
  },
  { rule: '{ rule: timestamp_parseable, column: day }', csv: good, result: 'pass', evaluated: 40 },
  {
    rule: '{ rule: timestamp_parseable, column: day, mostly: 0.9 }',
    csv: table({ ...withCell(4, DAY, '2001-02-30'), ...withCell(6, DAY, 'soon') }),
    result: 'pass',
    failed: 2,
    lines: [4, 6],
  },
  { rule: '{ rule: timestamp_parseable, column: price }', csv: good, result: 'error', message: /not a time/ },
  { rule: '{ rule: mean_between, column: price, min: 5, max: 5 }', csv: good, result: 'pass', value: 5 },
  { rule: '{ rule: mean_between, column: price, min: 6 }', csv: good, result: 'fail', value: 5 },
  { rule: '{ rule: mean_between, column: plan, min: 6 }', csv: good, result: 'error', message: /numbers/ },
  { rule: '{ rule: stdev_between, column: price, min: 2.9, max: 2.92 }', csv: good, result: 'pass' },
  { rule: '{ rule: stdev_between, column: price, max: 2.9 }', csv: good, result: 'fail' },
  { rule: '{ rule: quantile_between, column: price, quantile: 0.5, min: 4.5, max: 4.5 }', csv: good, result: 'pass' },
  {
    rule: '{ rule: quantile_between, column: price, quantile: 0.5, min: 4.6 }',
    csv: good,
    result: 'fail',
    message: /lies below 4.6: 20 of 40/,
  },
  { rule: '{ rule: quantile_between, column: price, quantile: 0.9, max: 8.4 }', csv: good, result: 'fail' },
  // 0.07 of 100 values are 7 of them, though 0.07 * 100 is more than 7.
  { rule: '{ rule: quantile_between, column: visits, quantile: 0.07, max: 7 }', csv: hundred, result: 'pass' },
  { rule: '{ rule: quantile_between, column: visits, quantile: 0.07, max: 6 }', csv: hundred, result: 'fail' },
  { rule: '{ rule: quantile_between, column: price, quantile: 1, max: 9.5 }', csv: good, result: 'pass' },
  { rule: '{ rule: quantile_between, column: price, quantile: 0, min: 0.5 }', csv: good, result: 'pass' },
  {
    rule: '{ rule: distinct_count_between, column: plan, min: 3, max: 3 }',
    csv: table(withCell(2, PLAN, '')),
    result: 'pass',
    value: 3,
    evaluated: 39,
  },
  { rule: '{ rule: distinct_count_between, column: plan, max: 2 }', csv: good, result: 'fail', value: 3 },
  { rule: '{ rule: no_pii, column: code }', csv: good, result: 'pass', evaluated: 40 },
  {
    rule: '{ rule: no_pii, column: visits }',
    csv: table({
      ...withCell(2, VISITS, '4111111111111111'),
      ...withCell(3, VISITS, '4012888888881881'),
      ...withCell(4, VISITS, '5555555555554444'),
    }),
    result: 'fail',
    failed: 3,
    message: /3 look like payment card numbers/,
  },
  {
    rule: '{ rule: no_pii, column: code }',
    csv: table({ ...withCell(2, CODE, 'a@b.org'), ...withCell(3, CODE, 'c@d.org'), ...withCell(4, CODE, 'e@f.org') }),
    result: 'fail',
    failed: 3,
    lines: [],
    message: /3 look like e-mail/,
  },
  { rule: '{ rule: row_count_between, min: 40, max: 40 }', csv: good, result: 'pass', value: 40 },
  { rule: '{ rule: row_count_between, min: 41 }', csv: good, result: 'fail', message: /should be >= 41/ },
  { rule: '{ rule: row_count_vs_history }', csv: good, result: 'pass', message: /insufficient_history/ },
  { rule: `{ rule: columns_match_set, columns: [${HEADER}], exact: true }`, csv: good, result: 'pass' },
  { rule: '{ rule: columns_match_set, columns: [ID, plan] }', csv: good, result: 'pass' },
  {
    rule: '{ rule: columns_match_set, columns: [id, plan, gone], exact: true }',
    csv: good,
    result: 'fail',
    message: /gone is missing; price, .* were not asked for/,
  },
  { rule: '{ rule: primary_key, columns: [id, plan] }', csv: good, result: 'pass', value: 0, evaluated: 40 },
  {
    rule: '{ rule: primary_key, columns: [plan, visits] }',
    csv: table(withCell(3, PLAN, '')),
    result: 'fail',
    message: /rows have the key of an earlier row; 1 lack/,
  },
  { rule: '{ rule: duplicate_rows_max }', csv: good, result: 'pass', value: 0 },
  {
    rule: '{ rule: duplicate_rows_max }',
    csv: doubled,
    result: 'fail',
    value: 4 / 44,
    failed: 4,
    lines: [2, 3, 4, 5, 42],
  },
  { rule: '{ rule: duplicate_rows_max, max: 0.2 }', csv: doubled, result: 'warn' },
  { rule: '{ rule: duplicate_rows_max, max: 0.2, warn: 0.1 }', csv: doubled, result: 'pass' },
  { rule: '{ rule: freshness, column: day, max_age: 4d }', csv: good, result: 'pass', value: 4 * 86_400 },
  {
    rule: '{ rule: freshness, column: day, max_age: 3d }',
    csv: table(withCell(9, DAY, '2031-01-01')),
    result: 'fail',
    value: 4 * 86_400,
    lines: [9],
    message: /4 days old, more than 3 days; 1 are later than now/,
  },
  { rule: '{ rule: freshness, column: price, max_age: 3d }', csv: good, result: 'error' },
  { rule: '{ rule: label_balance, min_share: 0.5 }', csv: good, result: 'pass', value: 0.5 },
  { rule: '{ rule: label_balance, min_share: 0.51 }', csv: good, result: 'fail', message: /below 0.51/ },
  { rule: '{ rule: no_leakage }', csv: good, result: 'pass', message: /too few/ },
];

describe('a rule', () => {
  it.each(CASES)('$rule comes to $result', async ({ rule, csv, result, value, evaluated, failed, lines, message }) => {
    const found = await resultOf(shop, csv, rule);

    expect(found?.message).toMatch(message ?? /./);
    expect(found).toMatchObject({
      result,
      ...(value === undefined ? {} : { value }),
      ...(evaluated === undefined ? {} : { evaluated }),
      ...(failed === undefined ? {} : { failed }),
      ...(lines === undefined ? {} : { samples: lines.map((line) => ({ line })) }),
    });
  });

  it('cannot be evaluated without a row, whatever it is, and one on columns can', async () => {
    const rules = ['{ rule: completeness, column: plan }', '{ rule: row_count_between, max: 5 }'];

    const { accepted, problems, checks } = await judgedFiles(shop, { 'shop.csv': `${HEADER}\n` }, [
      ...rules,
      '{ rule: column_exists, column: plan }',
    ]);

    expect(accepted).toBe(false);
    expect(problems.map(({ code }) => code)).toEqual(['no_rows']);
    expect(checks.map(({ result }) => result)).toEqual(['error', 'error', 'pass']);
  });

  it('cannot be evaluated without a row: any of them but those on columns', async () => {
    const rules = [...new Map(CASES.map(({ rule }) => [/rule: (\w+)/.exec(rule)?.[1], rule])).values()];

    const { accepted, checks } = await judgedFiles(shop, { 'shop.csv': `${HEADER}\n` }, rules);

    expect(rules.length).toBe(23);
    expect(accepted).toBe(false);
    for (const { rule, result, value } of checks.filter(({ index }) => index !== null))
      expect([rule, value, result]).toEqual([rule, null, rule === 'column_exists' ? expect.any(String) : 'error']);
  });

  it('on a column that is not there is an error, and rejects whatever its severity', async () => {
    const { accepted, problems } = await judgedFiles(shop, { 'shop.csv': good }, [
      '{ rule: values_not_negative, column: visit, severity: warn }',
    ]);

    expect(accepted).toBe(false);
    expect(problems).toEqual([
      {
        code: 'rule_broken',
        rule: 'values_not_negative',
        column: 'visit',
        message: expect.stringMatching(/no column visit.*visits.*cannot be evaluated/),
        count: 1,
      },
    ]);
  });

  it('of a column without a value passes: completeness is a rule of its own', async () => {
    const csv = table(
      {},
      ROWS.map((row) => row.replace(/^(\d+),\w+/, '$1,')),
    );

    expect(await resultOf(shop, csv, "{ rule: matches_regex, column: plan, regex: 'x' }")).toMatchObject({
      result: 'pass',
      value: null,
      evaluated: 0,
    });
  });

  it('is told with the part and the line of the first row that breaks it', async () => {
    const files = { 'a.csv': table(), 'b.csv': table(withCell(8, PRICE, '-3')) };

    const { accepted, problems } = await judgedFiles(shop, files, [
      '{ rule: values_not_negative, column: price }',
      '{ rule: duplicate_rows_max, max: 0.99 }',
    ]);

    expect(accepted).toBe(false);
    expect(problems).toEqual([
      {
        code: 'rule_broken',
        rule: 'values_not_negative',
        part: 'b.csv',
        line: 8,
        column: 'price',
        message: expect.stringContaining('1 of 80 values are negative'),
        count: 1,
      },
    ]);
  });

  it('comes to the same however small the blocks are in which the data is read', async () => {
    const csv = table({ ...withCell(8, PRICE, '-3'), ...withCell(20, VISITS, 'x'), ...withCell(33, PLAN, '') });
    const rules = CASES.map(({ rule }) => rule).filter((rule) => !rule.includes('gone') && !rule.includes('plam'));

    const whole = await judgedFiles(shop, { 'shop.csv': csv }, rules);
    const cut = await judgedFiles(shop, { 'shop.csv': csv }, rules, { blockBytes: 150 });

    expect(cut).toEqual(whole);
    expect(whole.checks.filter(({ samples }) => samples.length > 0).length).toBeGreaterThan(10);
  });

  it('never shows a value', async () => {
    const secret = 'Ada-Lovelace';
    const { checks, problems } = await judgedFiles(shop, { 'shop.csv': table(withCell(5, PLAN, secret)) }, [
      '{ rule: values_in_set, column: plan, values: [free, pro, team] }',
      "{ rule: matches_regex, column: plan, regex: '[a-z]+' }",
      '{ rule: value_length_between, column: plan, max: 4 }',
      '{ rule: column_type, column: plan, type: integer }',
      '{ rule: no_pii, column: plan }',
    ]);

    expect(problems).toHaveLength(4);
    expect(JSON.stringify({ checks, problems })).not.toContain(secret);
  });
});

describe('the number of rows', () => {
  const history = (counts: readonly number[]) =>
    counts.map((rows, at) => ({
      rows,
      judgedAt: new Date(NOW.getTime() - (counts.length - at) * 86_400_000).toISOString(),
    }));

  it.each([
    { past: [38, 40, 42, 41], result: 'pass', value: (0.6745 * 0.5) / 1 },
    { past: [38, 40, 42, 41, 200, 200, 200, 200, 200, 201, 199, 203], result: 'fail', value: null },
    { past: [...Array<number>(10).fill(400), 38, 40, 42, 41, 39, 43, 40, 41], result: 'pass', value: null },
    { past: [100, 101, 102, 103], result: 'fail', value: (0.6745 * 61.5) / 1 },
    { past: [100, 100, 100, 100], result: 'fail', value: 0.6 },
    { past: [79, 79, 79, 79], result: 'pass', value: 39 / 79 },
    { past: [100, 100, 100], result: 'pass', value: null },
  ])('of 40 after $past comes to $result', async ({ past, result, value }) => {
    const found = await resultOf(shop, good, '{ rule: row_count_vs_history }', { history: history(past) });

    expect(found).toMatchObject({ result, ...(value === null ? {} : { value }) });
  });

  it('is held against the same weekday alone where a week is its season', async () => {
    const past = history(Array.from({ length: 35 }, (_, at) => (at % 7 === 0 ? 40 : 400)));

    const everyDay = await resultOf(shop, good, '{ rule: row_count_vs_history }', { history: past });
    const weekly = await resultOf(shop, good, '{ rule: row_count_vs_history, seasonality: 7 }', { history: past });

    expect([everyDay?.result, weekly?.result]).toEqual(['fail', 'pass']);
    // Of five such days: with fewer than four nothing would have been compared.
    expect(weekly?.value).toBe(0);
  });
});
