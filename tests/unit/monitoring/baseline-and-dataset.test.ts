import { expect, it } from 'vitest';
import { profileBlock } from '../../../shared/data/profile/profiler.ts';
import { buildBaseline } from '../../../shared/monitoring/baseline.ts';
import { binOf, padded } from '../../../shared/monitoring/bins.ts';
import fc from '../../fast-check.ts';
import { workshop } from '../data/workshop.ts';

const shop = workshop();

const cell = fc.option(
  fc.oneof(
    fc.integer({ min: -3, max: 60 }),
    fc.integer({ min: 0, max: 4 }).map((n) => n / 8),
    fc.constantFrom(-0, 1e9, -1e-9),
  ),
  { freq: 8 },
);

it('a baseline holds of a column what the profile of its dataset holds, over edges of its own', async () => {
  const reached = new Set<string | undefined>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(cell, { minLength: 1, maxLength: 160, size: 'max' }),
      fc.constantFrom(1, 10_000),
      async (values, cap) => {
        // Prepare
        const rows = values.map((value) => `(${value === null ? 'NULL' : `'${Object.is(value, -0) ? '-0' : value}'`})`);
        const table = await shop.engine.table(`SELECT x::DOUBLE AS c0 FROM (VALUES ${rows.join(', ')}) AS t(x)`);
        const cells = Float64Array.from(values, (value) => value ?? Number.NaN);

        // Act
        const columns = [{ name: 'x', type: 'number' as const, cell: 'c0', unparsed: null }];
        const block = { part: undefined, index: 0, table: table.name, rows: values.length, columns };
        const [ofDataset] = (await profileBlock(shop.engine, block, cap)).columns;
        await table.drop();
        const batches = [cells.subarray(0, values.length >> 1), cells.subarray(values.length >> 1)].map((x) => ({
          rows: x.length,
          times: null,
          cells: { x },
        }));
        const [ofBaseline] = buildBaseline([{ name: 'x', kind: 'number', ofTime: false }], batches, 86_400_000).columns;

        // Assess
        reached.add(ofBaseline?.data?.kind);
        const counts = ofDataset && 'counts' in ofDataset.distinct ? ofDataset.distinct.counts : null;
        if (ofBaseline?.data?.kind === 'category') {
          const { categories, counts: found, nulls } = ofBaseline.data.profile;
          expect(nulls).toBe(ofDataset?.nulls);
          if (counts !== null)
            expect(Object.fromEntries(categories.map((name, at) => [name, found[at]]))).toEqual(
              Object.fromEntries(counts.map(([value, n]) => [String(value), n])),
            );
          return;
        }
        const { edges = [], ...profile } = ofBaseline?.data?.profile ?? {};
        const { numbers, nulls } = ofDataset ?? {};
        const { min, max, sum, sumOfSquares, unmeasured } = numbers ?? {};
        expect(profile).toMatchObject({ rows: values.length, nulls, min, max, sum, sumOfSquares, unmeasured });
        if (counts === null) return;
        const [bins, filled] = [new Array<number>(edges.length + 1).fill(0), padded(edges)];
        for (const [value, n] of counts) {
          const bin = binOf(filled, Number(value));
          bins[bin] = (bins[bin] ?? 0) + n;
        }
        expect(profile).toMatchObject({ counts: bins });
      },
    ),
    { numRuns: 120, seed: 20010124 },
  );
  expect(reached).toEqual(new Set(['category', 'number']));
});
