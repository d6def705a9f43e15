import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertText } from '../../../shared/features/casts.ts';
import { typeOf } from '../../../shared/features/check.ts';
import type { ColumnBatch } from '../../../shared/features/columns.ts';
import { compile } from '../../../shared/features/compile.ts';
import { type Expression, expressionSchema, toSql } from '../../../shared/features/expression.ts';
import { OPERATIONS } from '../../../shared/features/operations.ts';
import { parseExpression } from '../../../shared/features/parse.ts';
import fc from '../../fast-check.ts';
import { batchOf, duckdbOver, sameAnswer, textsOf } from './duckdb.ts';
import { applied, expression, INEXACT, made, RECIPES, randomTable, type Text, TYPES } from './random-expressions.ts';

const SEED = 20010124;
const table = randomTable(SEED);
const types = Object.fromEntries(Object.entries(table).map(([name, column]) => [name, column.type]));
const batch = batchOf(table, convertText);
const ROWS = batch.rows;

/** The rows of a batch, one by one. */
const rowOf = (whole: ColumnBatch, row: number): ColumnBatch => ({
  rows: 1,
  columns: Object.fromEntries(
    Object.entries(whole.columns).map(([name, column]) => {
      const nulls = column.nulls?.slice(row, row + 1);
      if (column.type === 'string')
        return [name, { type: column.type, values: column.values.slice(row, row + 1), nulls }];
      if (column.type === 'boolean')
        return [name, { type: column.type, values: column.values.slice(row, row + 1), nulls }];
      return [name, { type: column.type, values: column.values.slice(row, row + 1), nulls }];
    }),
  ),
});

const operationsOf = (tree: Expression): string[] =>
  'args' in tree ? [tree.op, ...tree.args.flatMap(operationsOf)] : [];

describe('random expressions', () => {
  let duckdb: Awaited<ReturnType<typeof duckdbOver>>;
  beforeAll(async () => {
    duckdb = await duckdbOver(table);
  });
  afterAll(() => duckdb.close());

  /** Fails where an answer is not DuckDB's, to so many units in the last place. */
  async function compare(texts: readonly Text[], ulps: number): Promise<void> {
    const trees = texts.map(({ ours }) => parseExpression(ours));
    const ours = compile(trees, types)(batch).map(textsOf);
    const theirs = await duckdb.answers(texts.map(({ duck }) => duck));
    for (const [e, { ours: sql }] of texts.entries()) {
      const tree = trees[e];
      if (tree === undefined) continue;
      const kind = typeOf(tree, types);
      const numeric = kind === 'integer' || kind === 'number';
      ours[e]?.forEach((answer, row) => {
        const expected = theirs[e]?.[row] ?? null;
        if (!sameAnswer(answer, expected, numeric, ulps))
          expect.fail(`${sql} in row ${row}: ${answer}, DuckDB ${expected}`);
      });
    }
  }

  it('take every operation of the allow-list', () => {
    const place = (recipe: (typeof INEXACT)[number] | (typeof RECIPES)['integer'][number]) =>
      made(
        recipe,
        recipe.types.map((type) => {
          const name = Object.keys(types).find((column) => types[column] === type) ?? '';
          return { ours: name, duck: name };
        }),
      );
    const seen = new Set(
      [...Object.values(RECIPES).flat(), ...INEXACT].flatMap((recipe) =>
        operationsOf(parseExpression(place(recipe).ours)),
      ),
    );

    expect(OPERATIONS.filter((operation) => !seen.has(operation))).toEqual([]);
  });

  it.each(TYPES)('of type %s give what DuckDB gives, bit for bit', async (type) => {
    await fc.assert(
      fc.asyncProperty(fc.array(expression(type, 3), { minLength: 20, maxLength: 20 }), (texts) => compare(texts, 0)),
      { numRuns: 30, seed: SEED, endOnFailure: true },
    );
  });

  it.each(INEXACT)('give what DuckDB gives to $ulps units in the last place: $sql', async (recipe) => {
    await fc.assert(
      fc.asyncProperty(fc.array(applied(recipe, 1), { minLength: 10, maxLength: 10 }), (texts) =>
        compare(texts, recipe.ulps),
      ),
      { numRuns: 5, seed: SEED, endOnFailure: true },
    );
  });

  it('come back the same from their own SQL and from JSON', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...TYPES).chain((type) => expression(type, 3)),
        ({ ours }) => {
          const tree = parseExpression(ours);

          expect(parseExpression(toSql(expressionSchema.parse(JSON.parse(JSON.stringify(tree)))))).toEqual(tree);
        },
      ),
      { numRuns: 300, seed: SEED },
    );
  });

  it('give the same row by row as all at once', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...TYPES).chain((type) => expression(type, 3)),
        ({ ours }) => {
          const evaluate = compile([parseExpression(ours)], types);
          const whole = evaluate(batch).flatMap(textsOf);
          const rows = Array.from({ length: ROWS }, (_, row) => evaluate(rowOf(batch, row)).flatMap(textsOf)).flat();
          expect(rows).toEqual(whole);
        },
      ),
      { numRuns: 100, seed: 7 },
    );
  });
});
