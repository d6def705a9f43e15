import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { literal } from '../../../shared/data/engine.ts';
import fc from '../../fast-check.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

/** Short and long, repeated and not, of one to four bytes a character; 12 bytes are what stands within a vector. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'é', '日', '😀', ' ', "'"), maxLength: 40 }),
  fc.constantFrom('', 'twelve bytes', 'thirteen byte', 'x'.repeat(300), 'again and again and again'),
);

describe('texts in batches', () => {
  it('are what they were, whatever their length and wherever a batch ends', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(text, { nil: null }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        async (texts, batchSize) => {
          const values = texts.map((each, i) => `(${i}, ${each === null ? 'NULL' : literal(each)})`).join(', ');

          const rows = await shop.rows(
            `SELECT t::VARCHAR AS t FROM (VALUES ${values}) AS v (i, t) ORDER BY i`,
            batchSize,
          );

          expect(rows.map(([each]) => each)).toEqual(texts);
        },
      ),
      { numRuns: 60, seed: 4 },
    );
  });

  it('are what they were when many come from a file, sorted and not', async () => {
    const path = join(shop.directory(), 'texts.parquet');
    const wanted = (i: number): string | null =>
      i % 7 === 0 ? null : i % 3 === 0 ? `short ${i % 10}` : `a text of some length, number ${i % 1000}`;
    await shop.engine.copyToParquet(
      `SELECT i, CASE WHEN i % 7 = 0 THEN NULL WHEN i % 3 = 0 THEN 'short ' || (i % 10)
        ELSE 'a text of some length, number ' || (i % 1000) END AS t FROM range(10000) r(i)`,
      path,
    );

    for (const order of ['i', 'i DESC', 'hash(i)']) {
      const rows = await shop.rows(`SELECT i, t FROM ${literal(path)} ORDER BY ${order}`, 3000);
      expect(rows.filter(([i, t]) => t !== wanted(Number(i)))).toEqual([]);
    }
  });
});
