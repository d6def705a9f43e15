import { expect, test } from 'vitest';
import { noRegisters } from '../../../shared/data/profile/hyperloglog.ts';
import { profiler } from '../../../shared/data/profile/profiler.ts';
import { insertText } from '../../../shared/data/profile/text-hash.ts';
import { LONGEST_COUNTED } from '../../../shared/data/profile/working.ts';
import { literal } from '../../../shared/data/sql.ts';
import fc from '../../fast-check.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

/** Texts as a column holds them: of few values or many, short or not, in any script; null is no text. */
const texts = fc.oneof(
  fc.constantFrom('a', 'bb', 'late', 'said "late"', 'on time', 'twelve bytes', 'thirteen byte', 'ä', '日本', '🙂🙂🙂'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }).map((text) => text.replaceAll('\0', '0')),
  fc.constantFrom('x'.repeat(LONGEST_COUNTED), 'y'.repeat(LONGEST_COUNTED + 1)),
);
const cells = fc.option(texts, { nil: null, freq: 5 });
const blocks = fc.array(fc.array(fc.tuple(cells, cells), { minLength: 1, maxLength: 30 }), {
  minLength: 1,
  maxLength: 4,
});

/** The same, counted one by one. */
function expected(values: readonly (string | null)[], cap: number) {
  const present = values.flatMap((value) => value ?? []);
  const lengths = present.map((value) => [...value].length);
  const distinct = new Set(present);
  const isMany = distinct.size > cap || Math.max(0, ...lengths) > LONGEST_COUNTED;
  const registers = noRegisters();
  for (const value of distinct) insertText(registers, value);
  return {
    nulls: values.length - present.length,
    counts: {
      shortest: present.length === 0 ? null : Math.min(...lengths),
      longest: present.length === 0 ? null : Math.max(...lengths),
      total: lengths.reduce((sum, length) => sum + length, 0),
    },
    distinct: isMany
      ? { registers: Buffer.from(registers).toString('base64') }
      : {
          counts: [...distinct]
            .sort((a, b) => (a < b ? -1 : 1))
            .map((value) => [value, present.filter((other) => other === value).length]),
        },
  };
}

test('columns of text are counted as if each cell were looked at, wherever its text lies and however many there are', async () => {
  await fc.assert(
    fc.asyncProperty(blocks, fc.constantFrom(2, 5, 100), fc.boolean(), async (given, cap, looking) => {
      // Prepare
      const counter = profiler(cap);

      // Act
      for (const [index, rows] of given.entries()) {
        const values = rows.map((row) => `(${row.map((cell) => (cell === null ? 'NULL' : literal(cell))).join(', ')})`);
        const table = await shop.engine.table(
          `SELECT c0::VARCHAR AS c0, c1::VARCHAR AS c1 FROM (VALUES ${values.join(', ')}) AS t(c0, c1)`,
        );
        const columns = ['c0', 'c1'].map((cell) => ({ name: cell, type: 'string' as const, cell, unparsed: null }));
        await counter.visit(shop.engine, { part: undefined, index, table: table.name, rows: rows.length, columns });
        if (looking) counter.working();
        await table.drop();
      }

      // Assess
      for (const [at, column] of (counter.working()?.columns ?? []).entries()) {
        const values = given.flat().map((row) => row[at] ?? null);
        const { nulls, texts: counts, distinct } = column;
        expect({ nulls, counts, distinct }).toEqual(expected(values, cap));
      }
    }),
    { numRuns: 150, seed: 8 },
  );
});
