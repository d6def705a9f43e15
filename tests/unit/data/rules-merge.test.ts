import { describe, expect, it } from 'vitest';
import type { Block } from '../../../shared/data/block.ts';
import type { Rule } from '../../../shared/data/rules/check.ts';
import { mergeRuleCounts, NO_COUNTS, type RuleCounts, ruleCounter } from '../../../shared/data/rules/counts.ts';
import { countKeys, keyRelation } from '../../../shared/data/rules/key-counts.ts';
import { measuresOf, planChecks } from '../../../shared/data/rules/plan.ts';
import fc from '../../fast-check.ts';
import { definitionWith, NOW } from './rules-world.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

const RULES: readonly Rule[] = definitionWith([
  '{ rule: values_between, column: a, max: 5 }',
  '{ rule: completeness, column: b }',
  '{ rule: quantile_between, column: a, quantile: 0.5, max: 3 }',
  '{ rule: freshness, column: t, max_age: 1d }',
  '{ rule: no_pii, column: b }',
]).definition.data.rules;

const COLUMNS: Block['columns'] = [
  { name: 'a', type: 'integer', cell: 'c0', unparsed: null },
  { name: 'b', type: 'string', cell: 'c1', unparsed: null },
  { name: 't', type: 'date', cell: 'c2', unparsed: null },
];

interface Row {
  readonly part: string;
  readonly line: number;
  readonly a: number | null;
  readonly b: string | null;
  readonly day: number;
}

const block = (rows: readonly Row[]): Block => ({
  part: rows[0]?.part,
  index: 0,
  rows: rows.length,
  columns: COLUMNS,
  table: `(SELECT * FROM (VALUES ${rows
    .map(
      ({ line, a, b, day }) =>
        `(${line}::BIGINT, ${a ?? 'NULL'}::BIGINT, ${b === null ? 'NULL' : `'${b}'`}::VARCHAR, DATE '2001-01-01' + ${day})`,
    )
    .join(', ')}) t(line, c0, c1, c2))`,
});

const counted = async (rows: readonly Row[]): Promise<RuleCounts> => {
  const checks = planChecks({ problem: 'binary', rules: RULES, columns: COLUMNS, ids: [], now: NOW });
  const counter = ruleCounter((each) => measuresOf(checks, each));
  await counter.visit(shop.engine, block(rows));
  return counter.counts();
};

const row = fc.record({
  a: fc.option(fc.integer({ min: 0, max: 9 })),
  b: fc.constantFrom('x', 'y@z.org', '1.2.3.4', null),
  day: fc.integer({ min: 0, max: 60 }),
});

describe('what rules count', () => {
  it('is the same however the rows are cut and in whatever order the pieces are put together', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(row, { minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 5 }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        async (parts, order) => {
          const pieces = parts.map((rows, part) =>
            rows.map((each, at): Row => ({ ...each, part: `part-${part}`, line: at + 2 })),
          );
          const cut = pieces.flatMap((rows) => {
            const at = Math.floor((order.next().value ?? 0) * rows.length);
            return [rows.slice(0, at), rows.slice(at)].filter((piece) => piece.length > 0);
          });
          const shuffled = cut
            .map((piece) => ({ piece, place: order.next().value ?? 0 }))
            .sort((a, b) => a.place - b.place)
            .map(({ piece }) => piece);

          const inOrder = await Promise.all(pieces.map(counted));
          const apart = await Promise.all(shuffled.map(counted));
          const crossed = apart.map((counts): RuleCounts => JSON.parse(JSON.stringify(counts)));

          expect(JSON.stringify(crossed.reduce(mergeRuleCounts, NO_COUNTS))).toBe(
            JSON.stringify(inOrder.reduce(mergeRuleCounts, NO_COUNTS)),
          );
        },
      ),
      { numRuns: 40, seed: 11 },
    );
  });

  it('names the first five rows of the dataset, in whatever order its parts are put together', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.constantFrom('a', 'b/1', 'part-10', 'part-2', 'ü', '\u{ff5e}', '🙂', '🚀'), { minLength: 2 }),
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 8, maxLength: 24 }),
        async (names, order) => {
          const rows = order.map((key, at): Row & { key: number } => ({
            part: names[at % names.length] ?? '',
            line: at + 2,
            a: 9,
            b: 'x',
            day: 0,
            key,
          }));
          const shuffled = [...rows].sort((x, y) => x.key - y.key);

          const pieces = await Promise.all(shuffled.map((each) => counted([each])));

          const expected = rows
            .map(({ part, line }) => ({ part, line }))
            .sort((x, y) => Buffer.compare(Buffer.from(x.part), Buffer.from(y.part)) || x.line - y.line);
          expect(pieces.reduce(mergeRuleCounts, NO_COUNTS).measured[0]?.samples).toEqual(expected.slice(0, 5));
        },
      ),
      { numRuns: 15, seed: 11 },
    );
  });

  it('begins anew when the first block comes again with other types', async () => {
    const counter = ruleCounter((each) =>
      measuresOf(planChecks({ problem: 'binary', rules: RULES, columns: COLUMNS, ids: [], now: NOW }), each),
    );
    const rows: Row[] = [{ part: 'p', line: 2, a: 9, b: null, day: 1 }];

    await counter.visit(shop.engine, block(rows));
    const once = counter.counts();
    await counter.visit(shop.engine, block(rows));

    expect(counter.counts()).toEqual(once);
  });
});

describe('how often values occur', () => {
  it('is what a map of the rows says, over parts, with nulls as values, left out, or faults', async () => {
    const cell = fc.option(fc.integer({ min: 0, max: 6 }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 3 }),
        fc.constantFrom('value' as const, 'left_out' as const, 'fault' as const),
        async (parts, nulls) => {
          const paths: string[] = [];
          for (const rows of parts) {
            const path = `${shop.directory()}/part.parquet`;
            const values = rows.map(([a, b]) => `(${a ?? 'NULL'}::BIGINT, ${b ?? 'NULL'}::BIGINT)`).join(', ');
            await shop.engine.copyToParquet(`SELECT * FROM (VALUES ${values}) t(a, b)`, path);
            paths.push(path);
          }
          const key = { columns: ['a', 'b'], nulls };
          const seen = new Map<string, { part: number; row: number }[]>();
          const missing: { part: number; row: number }[] = [];
          for (const [part, rows] of parts.entries()) {
            for (const [at, cells] of rows.entries()) {
              const place = { part, row: at };
              if (nulls !== 'value' && cells.includes(null)) missing.push(place);
              else seen.set(JSON.stringify(cells), [...(seen.get(JSON.stringify(cells)) ?? []), place]);
            }
          }
          const again = [...seen.values()].filter((places) => places.length > 1).flat();
          const told = [...again, ...(nulls === 'fault' ? missing : [])].sort(
            (a, b) => a.part - b.part || a.row - b.row,
          );

          expect(await countKeys(shop.engine, keyRelation(paths, key), nulls)).toEqual({
            rows: [...seen.values()].flat().length,
            missing: missing.length,
            distinct: seen.size,
            once: [...seen.values()].filter((places) => places.length === 1).length,
            samples: told.slice(0, 5),
          });
        },
      ),
      { numRuns: 40, seed: 12 },
    );
  });
});
