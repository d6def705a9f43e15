import { describe, expect, it } from 'vitest';
import { categoryEncoder, countCategories } from '../../../shared/data/dictionary.ts';
import type { Column, ColumnBatch, StringColumn } from '../../../shared/features/columns.ts';
import { compile } from '../../../shared/features/compile.ts';
import { parseExpression } from '../../../shared/features/parse.ts';
import fc from '../../fast-check.ts';
import { textsOf } from './duckdb.ts';

const FEATURES = [
  'a',
  "lower(coalesce(a, ''))",
  "a || '-' || b",
  'concat(a, b, a)',
  "upper(a) || substr(b || c, 2, 3) || lower('X')",
  'length(a) + length(b)',
  "CASE WHEN a = b THEN c WHEN a LIKE '%a%' THEN b END",
  "a IN ('a', b, NULL)",
  'nullif(a, b) IS NULL',
  'greatest(a, b, c)',
  "TRY_CAST(a AS INTEGER) + CASE WHEN b > 'b' THEN 1 ELSE 2 END",
  'a || CAST(n AS VARCHAR)',
];
const TYPES = { a: 'string', b: 'string', c: 'string', n: 'integer' } as const;
const evaluate = compile(FEATURES.map(parseExpression), TYPES);

const cells = fc.constantFrom(null, '', 'a', 'A', 'b', 'ab', '12', '1e3', 'ä', 'Straße', '🙂', 'a text that is longer');
const row = fc.tuple(cells, cells, cells, fc.integer({ min: 0, max: 3 }));

const textColumn = (values: readonly (string | null)[]): StringColumn => ({
  type: 'string',
  values: values.map((value) => value ?? ''),
  nulls: values.includes(null) ? Uint8Array.from(values, (value) => Number(value === null)) : undefined,
});

function batchOf(rows: readonly (readonly [string | null, string | null, string | null, number])[]): ColumnBatch {
  return {
    rows: rows.length,
    columns: {
      a: textColumn(rows.map(([a]) => a)),
      b: textColumn(rows.map(([, b]) => b)),
      c: textColumn(rows.map(([, , c]) => c)),
      n: { type: 'integer', values: Float64Array.from(rows, ([, , , n]) => n) },
    },
  };
}

const withoutCodes = (column: StringColumn): StringColumn => ({ ...column, coded: undefined });

function counted(column: Column, mask?: Uint8Array): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  countCategories(counts, column, column.values.length, mask, 1);
  return counts;
}

describe('a column made of few texts', () => {
  it('holds in every row what the row by itself gives', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 64, maxLength: 400 }), (rows) => {
        const together = evaluate(batchOf(rows)).map(textsOf);

        const alone = rows.map((each) => evaluate(batchOf([each])).map((column) => textsOf(column)[0]));
        expect(together).toEqual(FEATURES.map((_, feature) => alone.map((values) => values[feature])));
      }),
      { numRuns: 60, seed: 20010124 },
    );
  });

  it('is counted and encoded by its codes as by its rows', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 64, maxLength: 200 }), fc.integer(), (rows, salt) => {
        const mask = Uint8Array.from(rows, (_, at) => ((at * 7 + salt) & 2) >> 1);
        const columns = evaluate(batchOf(rows)).flatMap((column) => (column.type === 'string' ? [column] : []));

        const encoder = categoryEncoder({ features: { f: ['a', 'ab', 'a-b', ''] } }, 'f');
        for (const column of columns) {
          expect(counted(column, mask)).toEqual(counted(withoutCodes(column), mask));
          expect(encoder(column, rows.length)).toEqual(encoder(withoutCodes(column), rows.length));
        }
        expect(columns.some(({ coded }) => coded !== undefined)).toBe(true);
      }),
      { numRuns: 40, seed: 20010124 },
    );
  });

  it('is computed row by row where its texts are many', () => {
    const rows = Array.from({ length: 200 }, (_, at) => [`text ${at}`, 'b', null, 0] as const);

    const [, , joined] = evaluate(batchOf(rows));

    expect(joined?.type === 'string' && joined.coded === undefined).toBe(true);
    expect(textsOf(joined ?? textColumn([]))[7]).toBe('text 7-b');
  });

  it('counts of all rows what is counted without a mask', () => {
    const rows = Array.from({ length: 128 }, (_, at) => [at % 3 === 0 ? null : 'a', 'b', null, 0] as const);
    const [, lower, joined] = evaluate(batchOf(rows));
    const counts = new Map<string, number>([['a-b', 1]]);

    if (joined !== undefined) countCategories(counts, joined, 128);

    expect(counts).toEqual(new Map([['a-b', 86]]));
    expect(lower?.type === 'string' && lower.coded !== undefined).toBe(true);
  });
});
