import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { typeOf } from '../../../shared/features/check.ts';
import { type Expression, ExpressionError, expressionSchema, toSql } from '../../../shared/features/expression.ts';
import { FUNCTIONS } from '../../../shared/features/operations.ts';
import { ALIASES, FORMS, parseExpression } from '../../../shared/features/parse.ts';
import { cpuMsOf } from '../../cpu-time.ts';

const column = (name: string): Expression => ({ op: 'column', name });
const integer = (value: number): Expression => ({ op: 'literal', type: 'integer', value });

describe('parseExpression', () => {
  it.each<[string, Expression]>([
    ['delay > 15', { op: '>', args: [column('delay'), integer(15)] }],
    ['hour(date)', { op: 'hour', args: [column('date')] }],
    ['Delay', column('Delay')],
    ['"Cost Total $"', column('Cost Total $')],
    ['"say ""hi"""', column('say "hi"')],
    ['größe', column('größe')],
    ['a-1', { op: '-', args: [column('a'), integer(1)] }],
    ['-1', integer(-1)],
    ['1e3', { op: 'literal', type: 'number', value: 1000 }],
    ['2.0', { op: 'literal', type: 'number', value: 2 }],
    ["'it''s \\n'", { op: 'literal', type: 'string', value: "it's \\n" }],
    ['a // 2 * 3', { op: '*', args: [{ op: '//', args: [column('a'), integer(2)] }, integer(3)] }],
    ['a NOT IN (1)', { op: 'not', args: [{ op: 'in', args: [column('a'), integer(1)] }] }],
    ['TRY_CAST(a AS DOUBLE)', { op: 'cast', to: 'number', args: [column('a')] }],
    ['EXTRACT(dow FROM d)', { op: 'dayofweek', args: [column('d')] }],
    ['(a = b) = c', { op: '=', args: [{ op: '=', args: [column('a'), column('b')] }, column('c')] }],
    ['a is distinct from b', { op: 'is_distinct', args: [column('a'), column('b')] }],
    [
      'a + 1 IS NOT  Distinct FROM b',
      {
        op: 'not',
        args: [{ op: 'is_distinct', args: [{ op: '+', args: [column('a'), integer(1)] }, column('b')] }],
      },
    ],
    ['((a) = (b)) is null', { op: 'is_null', args: [{ op: '=', args: [column('a'), column('b')] }] }],
  ])('reads %s', (sql, tree) => {
    expect(parseExpression(sql)).toEqual(tree);
  });

  it.each([
    ['a', 'hour(date)', '1 + 2 * 3'],
    ['case when a > 1 then \'x\' else "odd name" end', 'not (a and b or c)', "date_trunc('day', t)"],
    ['coalesce(a, 1.5, null)', "a::varchar || 'it''s'", 'x between -1 and 2e10'],
  ])('gives a tree that JSON and SQL text carry unchanged: %s, %s, %s', (...texts) => {
    for (const sql of texts) {
      const tree = parseExpression(sql);
      expect(expressionSchema.parse(JSON.parse(JSON.stringify(tree)))).toEqual(tree);
      expect(parseExpression(toSql(tree))).toEqual(tree);
    }
  });

  it.each([
    ['count(*)', 1, 'count is an aggregate'],
    ['1 + sum(x)', 5, 'sum is an aggregate'],
    ['max(a)', 1, 'use greatest'],
    ['row_number() over ()', 1, 'windows'],
    ['abs(x) over ()', 1, 'windows'],
    ['abs(x) filter (where x > 1)', 1, 'FILTER'],
    ['(select 1)', 2, 'subqueries'],
    ['a in (select b from t)', 7, 'subqueries'],
    ['now()', 1, 'changes from call to call'],
    ['current_date', 1, 'changes from call to call'],
    ['random() < 0.5', 1, 'changes from call to call'],
    ["read_csv('x')", 1, 'reads files'],
    ['t.a', 1, 'there are no tables'],
    ['*', 1, 'name the columns'],
    ['main.abs(a)', 1, 'functions have no schema'],
    ['foo(a)', 1, 'the function foo is not allowed (allowed: abs'],
    ['uper(a)', 1, 'did you mean upper?'],
    ["regexp_matches(a, 'x')", 1, 'use LIKE'],
    ['isnan(x)', 1, 'use IS NULL'],
    ['a & 1', 3, '"&" is not allowed'],
    ['a ~ b', 3, '"~" is not allowed'],
    ['a; drop table b', 2, '";" is not allowed'],
    ['a -- b', 3, 'comments'],
    ['a /* b */', 3, 'comments'],
    ['a operator(pg_catalog.+) b', 3, 'OPERATOR'],
    ["e'x'", 1, 'strings are not allowed'],
    ["'open", 1, 'not closed'],
    ['$1', 1, '"$" is not allowed'],
    ['a[1]', 2, '"[" is not allowed'],
    ['a = b = c', 1, 'parentheses'],
    ['a = b is null', 5, 'parentheses'],
    ['a is distinct from b = c', 1, 'parentheses'],
    ['is_distinct(a, b)', 1, 'is not allowed'],
    ['(a) = (b) = c', 2, 'parentheses'],
    ['a::smallint', 1, 'the type smallint is not allowed'],
    ['a::varchar(3)', 1, 'takes no length'],
    ["interval '1 day'", 1, 'the type interval is not allowed'],
    ['9007199254740993', 1, 'too large for an integer'],
    ['1e400', 1, 'too large for a number'],
    ['a +', 4, 'not complete'],
    ['a b', 4, 'two values side by side'],
    ['order + 1', 1, 'double quotes'],
    ['', 1, 'empty'],
    ['extract(millennium from d)', 1, 'not a part of a date'],
    ['(a, b)', 2, 'lists are not allowed'],
    [`${'('.repeat(101)}a${' + 1)'.repeat(101)}`, 102, 'deep'],
    ['a'.repeat(10_001), 10_000, 'longer than'],
  ])('refuses %s, with the position and the reason', (sql, position, reason) => {
    const refused = (() => {
      try {
        return parseExpression(sql);
      } catch (error) {
        return error;
      }
    })();
    expect(refused).toBeInstanceOf(ExpressionError);
    if (!(refused instanceof ExpressionError)) return;
    expect(refused.message).toContain(reason);
    expect(refused.message).toContain('in the expression "');
    expect(refused.column).toBe(position);
  });

  it('reads as many terms as it takes in less than a second of the processor', async () => {
    const sql = `a${' + a'.repeat(90)}`;

    const cpuMs = await cpuMsOf(() => parseExpression(sql));

    expect(cpuMs).toBeLessThan(1000);
  });
});

describe('typeOf', () => {
  const types = { n: 'integer', x: 'number', s: 'string', b: 'boolean', t: 'timestamp', d: 'date' } as const;

  it.each([
    ['n + 1', 'integer'],
    ['n + 1.0', 'number'],
    ['n / 2', 'number'],
    ['n // 2', 'integer'],
    ['n > x', 'boolean'],
    ["coalesce(s, '')", 'string'],
    ['coalesce(n, x)', 'number'],
    ['coalesce(d, t)', 'timestamp'],
    ["coalesce(d, '2001-01-01 10:00')", 'timestamp'],
    ['d + 1', 'date'],
    ['d - d', 'integer'],
    ["date_trunc('month', d)", 'timestamp'],
    ['case when b then null else n end', 'integer'],
    ['epoch(t)', 'number'],
    ['round(n, 1)', 'integer'],
    ['sqrt(n)', 'number'],
    ['greatest(n, null)', 'integer'],
  ])('says that %s is %s', (sql, type) => {
    expect(typeOf(parseExpression(sql), types)).toBe(type);
  });

  it.each([
    ['S + 1', 'this takes numbers, found a string'],
    ['b + 1', 'cast it with ::int'],
    ['t - t', 'date_diff'],
    ['t + 1', 'date_diff'],
    ['s = 5', 'string and integer do not go together; add a cast'],
    ["n = '5'", '"5" is not an integer; add a cast'],
    ["d > 'soon'", 'add a cast'],
    ['x // 2', 'floor(a / b)'],
    ['not n', 'integer is not a boolean'],
    ['case when n then 1 end', 'integer is not a boolean'],
    ['hour(n)', 'hour takes (timestamp), found (integer)'],
    ["date_trunc('fortnight', t)", "'week'"],
    ['substr(s, 1, 2, 3)', 'found (string, integer, integer, integer)'],
    ['upper(n)', 'upper takes (string)'],
    ["'2001-02-30'::date", 'the text is not a date'],
    ['n::date', 'an integer cannot become a date'],
    ['nosuch', 'there is no column nosuch; the columns are n, x, s, b, t, d'],
    ['null', 'always NULL'],
    ['s like 5', 'add a cast'],
    ['in_', 'no column'],
  ])('refuses %s', (sql, reason) => {
    expect(() => typeOf(parseExpression(sql), types)).toThrow(reason);
  });

  it('refuses a tree of the wrong arity that came from elsewhere', () => {
    expect(() => typeOf({ op: 'between', args: [integer(1)] }, types)).toThrow('between takes 3 arguments, found 1');
    expect(() => typeOf({ op: 'case', args: [integer(1), integer(1), integer(1), integer(1)] }, types)).toThrow(
      'pairs',
    );
  });
});

describe('docs/expressions.md', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/expressions.md'), 'utf8');

  it.each([...Object.keys(FUNCTIONS), ...Object.keys(ALIASES), ...FORMS])('tells of %s', (name) => {
    expect(text).toMatch(new RegExp(`\`${name.replace(/[^a-z0-9_]/g, '\\$&')}\\b`));
  });
});
