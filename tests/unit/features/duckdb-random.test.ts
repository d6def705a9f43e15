import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertText } from '../../../shared/features/casts.ts';
import { typeOf } from '../../../shared/features/check.ts';
import type { CellValue, ColumnType } from '../../../shared/features/columns.ts';
import { compile } from '../../../shared/features/compile.ts';
import { expressionSchema, toSql } from '../../../shared/features/expression.ts';
import { parseExpression } from '../../../shared/features/parse.ts';
import { batchOf, duckdbOver, sameAnswer, type Table, textsOf } from './duckdb.ts';

/** Expression text for us, and the same for DuckDB: with `finite` around what may be infinite there. */
interface Text {
  readonly ours: string;
  readonly duck: string;
}

const both = (text: string): Text => ({ ours: text, duck: text });
const fill = (template: string, args: readonly Text[], wrap = false): Text => {
  const ours = args.reduce((text, arg, i) => text.replaceAll(`$${i}`, () => arg.ours), template);
  const duck = args.reduce((text, arg, i) => text.replaceAll(`$${i}`, () => arg.duck), template);
  return { ours, duck: wrap ? `finite(${duck})` : duck };
};

type Recipe = readonly [template: string, types: readonly ColumnType[], wrap?: boolean];

// Integers stay small: what a product may reach in three levels is below 2^53, where the two disagree by design.
const RECIPES: Readonly<Record<ColumnType, readonly Recipe[]>> = {
  integer: [
    ['($0 + $1)', ['integer', 'integer']],
    ['($0 - $1)', ['integer', 'integer']],
    ['(- $0)', ['integer']],
    ['($0 // $1)', ['integer', 'integer']],
    ['($0 % $1)', ['integer', 'integer']],
    ['abs($0)', ['integer']],
    ['sign($0)', ['number']],
    ['length($0)', ['string']],
    ['strpos($0, $1)', ['string', 'string']],
    ['hour($0)', ['timestamp']],
    ['dayofweek($0)', ['date']],
    ['week($0)', ['timestamp']],
    ['year($0)', ['date']],
    ["date_diff('month', $0, $1)", ['timestamp', 'date']],
    ["date_diff('hour', $0, $1)", ['timestamp', 'timestamp']],
    ['($0 - $1)', ['date', 'date']],
    ['CAST($0 AS bigint)', ['boolean']],
    ['CASE WHEN $0 THEN $1 ELSE $2 END', ['boolean', 'integer', 'integer']],
    ['coalesce($0, $1)', ['integer', 'integer']],
    ['nullif($0, $1)', ['integer', 'integer']],
    ['greatest($0, $1, $2)', ['integer', 'integer', 'integer']],
  ],
  number: [
    ['($0 + $1)', ['number', 'number'], true],
    ['($0 - $1)', ['number', 'integer'], true],
    ['($0 * $1)', ['number', 'number'], true],
    ['($0 / $1)', ['number', 'number'], true],
    ['($0 / $1)', ['integer', 'integer'], true],
    ['($0 % $1)', ['number', 'number'], true],
    ['abs($0)', ['number']],
    ['floor($0)', ['number']],
    ['round($0)', ['number']],
    ['round($0, 2)', ['number']],
    ['sqrt(abs($0))', ['number']],
    ['CAST($0 AS double)', ['integer']],
    ['epoch($0)', ['timestamp']],
    ['CASE WHEN $0 THEN $1 END', ['boolean', 'number']],
    ['coalesce($0, $1)', ['number', 'number']],
    ['least($0, $1)', ['number', 'number']],
  ],
  string: [
    ['($0 || $1)', ['string', 'string']],
    ['concat($0, $1)', ['string', 'string']],
    ['lower($0)', ['string']],
    ['upper($0)', ['string']],
    ['trim($0)', ['string']],
    // With a start outside the text, DuckDB 1.5 answers differently where it knows that all texts are ASCII.
    ['substr($0, 1 + abs($1), abs($2))', ['string', 'integer', 'integer']],
    ['left($0, $1)', ['string', 'integer']],
    ['right($0, $1)', ['string', 'integer']],
    ['replace($0, $1, $2)', ['string', 'string', 'string']],
    ['split_part($0, $1, $2)', ['string', 'string', 'integer']],
    ['CAST($0 AS varchar)', ['integer']],
    ['CAST($0 AS varchar)', ['number']],
    ['CAST($0 AS varchar)', ['timestamp']],
    ['CASE WHEN $0 THEN $1 ELSE $2 END', ['boolean', 'string', 'string']],
    ['coalesce($0, $1)', ['string', 'string']],
  ],
  boolean: [
    ['($0 AND $1)', ['boolean', 'boolean']],
    ['($0 OR $1)', ['boolean', 'boolean']],
    ['(NOT $0)', ['boolean']],
    ['($0 < $1)', ['integer', 'number']],
    ['($0 = $1)', ['integer', 'integer']],
    ['($0 <> $1)', ['string', 'string']],
    ['($0 <= $1)', ['string', 'string']],
    ['($0 >= $1)', ['date', 'timestamp']],
    ['($0 BETWEEN $1 AND $2)', ['integer', 'integer', 'integer']],
    ['($0 IN ($1, $2))', ['integer', 'integer', 'integer']],
    ['($0 IN ($1, $2))', ['string', 'string', 'string']],
    ['($0 IS NULL)', ['number']],
    ['($0 IS TRUE)', ['boolean']],
    ['($0 LIKE $1)', ['string', 'string']],
    ['contains($0, $1)', ['string', 'string']],
    ['starts_with($0, $1)', ['string', 'string']],
    ['coalesce($0, $1)', ['boolean', 'boolean']],
  ],
  timestamp: [
    ["date_trunc('month', $0)", ['timestamp']],
    ["date_trunc('week', $0)", ['date']],
    ['CAST($0 AS timestamp)', ['date']],
    ['greatest($0, $1)', ['timestamp', 'date']],
    ['CASE WHEN $0 THEN $1 ELSE $2 END', ['boolean', 'timestamp', 'timestamp']],
  ],
  date: [
    ['CAST($0 AS date)', ['timestamp']],
    ['($0 + 7)', ['date']],
    ['last_day($0)', ['timestamp']],
    ['coalesce($0, $1)', ['date', 'date']],
  ],
};

const value = fc.oneof(
  fc.integer({ min: -20, max: 20 }).map(String),
  fc.constantFrom('NULL::bigint', 'CAST(7 AS bigint)'),
);
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const someText = fc.string({ unit: fc.constantFrom('a', 'B', 'é', ' ', '%', '_', ',', '😀', "'", '1'), maxLength: 5 });

const CONSTANTS: Readonly<Record<ColumnType, fc.Arbitrary<string>>> = {
  integer: value,
  number: fc.constantFrom('0.5::double', '2.0::double', '1e3', '(-0.25::double)', '0.1::double'),
  string: someText.map(quoted),
  boolean: fc.constantFrom('true', 'false', 'CAST(NULL AS boolean)'),
  timestamp: fc.constantFrom("timestamp '2001-01-14 10:30:00'", "timestamp '1999-12-31 23:59:59.5'"),
  date: fc.constantFrom("date '2001-01-14'", "date '2000-02-29'"),
};

const COLUMNS: Readonly<Record<ColumnType, readonly string[]>> = {
  integer: ['i', 'j'],
  number: ['x', 'y'],
  string: ['s', 'u'],
  boolean: ['p', 'q'],
  timestamp: ['t', 'v'],
  date: ['d', 'e'],
};

function expression(type: ColumnType, depth: number): fc.Arbitrary<Text> {
  const leaf = fc.oneof({ arbitrary: fc.constantFrom(...COLUMNS[type]), weight: 3 }, CONSTANTS[type]).map(both);
  if (depth === 0) return leaf;
  const branches = RECIPES[type].map(([template, types, wrap]) =>
    fc.tuple(...types.map((argument) => expression(argument, depth - 1))).map((args) => fill(template, args, wrap)),
  );
  return fc.oneof({ arbitrary: leaf, weight: 2 }, ...branches);
}

const nullable = <T extends CellValue>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null, freq: 5 });
const seconds = fc.integer({ min: 0, max: 1_700_000_000 });
const CELLS: Readonly<Record<ColumnType, fc.Arbitrary<CellValue>>> = {
  integer: nullable(fc.integer({ min: -9, max: 9 })),
  number: nullable(fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constantFrom(0, 1.5, -2.5, 0.125))),
  string: nullable(someText),
  boolean: nullable(fc.boolean()),
  timestamp: nullable(seconds.map((s) => new Date(s * 1000).toISOString().slice(0, 19))),
  date: nullable(seconds.map((s) => new Date(s * 1000).toISOString().slice(0, 10))),
};

const ROWS = 40;
const table: Table = Object.fromEntries(
  (Object.keys(COLUMNS) as ColumnType[]).flatMap((type, k) =>
    COLUMNS[type].map((name, i) => [
      name,
      { type, values: fc.sample(CELLS[type], { numRuns: ROWS, seed: 100 * k + i }) },
    ]),
  ),
);
const types = Object.fromEntries(Object.entries(table).map(([name, column]) => [name, column.type]));
const batch = batchOf(table, convertText);
const TYPES: readonly ColumnType[] = ['integer', 'number', 'string', 'boolean', 'timestamp', 'date'];

describe('random expressions', () => {
  let duckdb: Awaited<ReturnType<typeof duckdbOver>>;
  beforeAll(async () => {
    duckdb = await duckdbOver(table);
  });
  afterAll(() => duckdb.close());

  it.each(TYPES)('of type %s give what DuckDB gives, bit for bit', async (type) => {
    await fc.assert(
      fc.asyncProperty(fc.array(expression(type, 3), { minLength: 10, maxLength: 10 }), async (texts) => {
        const trees = texts.map(({ ours }) => parseExpression(ours));
        for (const tree of trees) expect(parseExpression(toSql(expressionSchema.parse(tree)))).toEqual(tree);
        const ours = compile(trees, types)(batch).map(textsOf);
        const theirs = await duckdb.answers(texts.map(({ duck }) => duck));
        texts.forEach(({ ours: sql }, e) => {
          const tree = trees[e];
          if (tree === undefined) return;
          const kind = typeOf(tree, types);
          const numeric = kind === 'integer' || kind === 'number';
          ours[e]?.forEach((answer, row) => {
            const expected = theirs[e]?.[row] ?? null;
            if (!sameAnswer(answer, expected, numeric, 0))
              expect.fail(`${sql} in row ${row}: ${answer}, DuckDB ${expected}`);
          });
        });
      }),
      { numRuns: 12, seed: 20010124 },
    );
  });

  it('give the same row by row as all at once', () => {
    const one = (row: number) => ({
      rows: 1,
      columns: Object.fromEntries(
        Object.entries(batch.columns).map(([name, column]) => {
          const nulls = column.nulls?.slice(row, row + 1);
          if (column.type === 'string')
            return [name, { type: column.type, values: column.values.slice(row, row + 1), nulls }];
          if (column.type === 'boolean')
            return [name, { type: column.type, values: column.values.slice(row, row + 1), nulls }];
          return [name, { type: column.type, values: column.values.slice(row, row + 1), nulls }];
        }),
      ),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...TYPES).chain((type) => expression(type, 3)),
        ({ ours }) => {
          const evaluate = compile([parseExpression(ours)], types);
          const whole = evaluate(batch).flatMap(textsOf);
          const rows = Array.from({ length: ROWS }, (_, row) => evaluate(one(row)).flatMap(textsOf)).flat();
          expect(rows).toEqual(whole);
        },
      ),
      { numRuns: 60, seed: 7 },
    );
  });
});
