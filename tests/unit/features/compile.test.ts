import { describe, expect, it } from 'vitest';
import type { ColumnBatch, ColumnType } from '../../../shared/features/columns.ts';
import { compile } from '../../../shared/features/compile.ts';
import { parseExpression } from '../../../shared/features/parse.ts';
import { batchFromRecords } from '../../../shared/features/records.ts';
import { textsOf } from './duckdb.ts';

/** What an expression makes of one record. */
function answerTo(sql: string, record: Record<string, unknown>, types: Record<string, ColumnType>): string | null {
  const { batch, errors } = batchFromRecords([record], types);
  expect(errors).toEqual([]);
  const [vector] = compile([parseExpression(sql)], types)(batch);
  return vector === undefined ? null : (textsOf(vector)[0] ?? null);
}

describe('where DuckDB has infinities, errors or decimals', () => {
  it.each<[string, string | null]>([
    ['x / 0', null],
    ['0.0 / x - 1', '-1'],
    ['ln(0)', null],
    ['ln(-x)', null],
    ['sqrt(-x)', null],
    ['exp(x * 1000)', null],
    ['pow(-8, 1.0 / 3)', null],
    ['x / 0 > 5', null],
    ['coalesce(x / 0, -1)', '-1'],
    ['n + 1', null],
    ['n - 1', '9007199254740990'],
    ['n * n', null],
    ['(n + 1.0)::int', null],
    ['s::int', null],
    ['0.1 + 0.2', '0.30000000000000004'],
    ['make_date(2001, 2, 29)', null],
    ["substr('abc', -5, 3)", 'a'],
    ["date_diff('week', date '2001-01-07', date '2001-01-08')", '1'],
    ["date_diff('week', date '1969-12-29', date '1970-01-04')", '0'],
    ["d > '2001-01-14 10:00'", 'false'],
    ["coalesce(d, '2001-01-14 10:00')", '2001-01-14 00:00:00'],
    ["date '9999-12-31'::timestamp", '9999-12-31 00:00:00'],
    ["year(date '9999-12-31')", '9999'],
    ["d < timestamp '9999-12-31 23:59:59'", 'true'],
    ["date '9999-12-31' + 1", null],
    ["date '0001-01-01' - 1", null],
    ["lpad('a', 20000, 'x')", null],
    ["lpad('a', 3, '')", null],
    ['chr(55296)', null],
    ['log(0, 10)', null],
    ['width_bucket(x, 5, 5, 3)', null],
    ['width_bucket(x, 0, 1, 0)', null],
    ['make_timestamp(2001, 2, 3, 24, 0, 0)', null],
    ['make_timestamp(2001, 2, 29, 0, 0, 0)', null],
  ])('%s is %s', (sql, expected) => {
    const record = { x: 2, n: Number.MAX_SAFE_INTEGER, s: 'abc', d: '2001-01-14' };
    expect(answerTo(sql, record, { x: 'number', n: 'integer', s: 'string', d: 'date' })).toBe(expected);
  });
});

describe('compile', () => {
  it('gives one vector for each expression, in order', () => {
    const { batch } = batchFromRecords([{ a: 1 }, { a: 2 }, {}], { a: 'integer' });
    const vectors = compile(['a + 1', 'a > 1', 'a'].map(parseExpression), { a: 'integer' })(batch);
    expect(vectors.map(textsOf)).toEqual([
      ['2', '3', null],
      ['false', 'true', null],
      ['1', '2', null],
    ]);
    expect(vectors.map(({ type }) => type)).toEqual(['integer', 'boolean', 'integer']);
  });

  it('takes what a column cannot hold for null: NaN, infinities, inexact integers', () => {
    const batch: ColumnBatch = {
      rows: 3,
      columns: {
        x: { type: 'number', values: Float64Array.of(Number.NaN, Number.POSITIVE_INFINITY, 1) },
        n: { type: 'integer', values: Float64Array.of(2 ** 60, 1, Number.NaN) },
      },
    };
    const vectors = compile(['x', 'n', 'x is null'].map(parseExpression), { x: 'number', n: 'integer' })(batch);
    expect(vectors.map(textsOf)).toEqual([
      [null, null, '1'],
      [null, '1', null],
      ['true', 'true', 'false'],
    ]);
  });

  it('does not change the batch', () => {
    const { batch } = batchFromRecords([{ x: 4, s: 'a' }, { x: 0 }], { x: 'number', s: 'string' });
    const before = structuredClone(batch);
    compile(['1 / x', 'x is null', "s || 'b'", 'coalesce(x, 1)', 'not x > 1', '-x'].map(parseExpression), {
      x: 'number',
      s: 'string',
    })(batch);
    expect(batch).toEqual(before);
  });

  it('serves batches of any size, one after the other', () => {
    const evaluate = compile([parseExpression('a + 1')], { a: 'integer' });
    for (const rows of [3, 0, 1, 5]) {
      const { batch } = batchFromRecords(Array(rows).fill({ a: 1 }), { a: 'integer' });
      expect(evaluate(batch).map(textsOf)).toEqual([Array(rows).fill('2')]);
    }
  });

  it('refuses a batch without a column it needs, or with another type or length', () => {
    const evaluate = compile([parseExpression('a + 1')], { a: 'integer' });
    const of = (column: ColumnBatch['columns'][string]) => () => evaluate({ rows: 1, columns: { a: column } });
    expect(() => evaluate({ rows: 1, columns: {} })).toThrow('no column a');
    expect(of({ type: 'number', values: Float64Array.of(1) })).toThrow('the column a is number');
    expect(of({ type: 'integer', values: Float64Array.of(1, 2) })).toThrow('2 values for 1 rows');
  });
});
