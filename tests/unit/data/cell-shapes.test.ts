import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bitsOfBeginning, bitsOfBytes, bitsOfLength, readingOf } from '../../../shared/data/cell-shapes.ts';
import { value } from '../../../shared/data/cell-types.ts';
import { scanCsv } from '../../../shared/data/csv-scanner.ts';
import { ProblemLog } from '../../../shared/data/problems.ts';
import { literal } from '../../../shared/data/sql.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

/** Spellings near the border of what is a plain number. */
const nearNumber = fc.oneof(
  fc.string({ unit: fc.constantFrom('0', '1', '9', '-', '.', '-0', '00', '.0'), minLength: 1, maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('0', '7', '-', '.', 'e', '_', ' ', '+', 'x'), minLength: 1, maxLength: 6 }),
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(String),
);

async function scanned(text: string, cut: number) {
  const bytes = Buffer.from(text);
  async function* cuts() {
    for (let from = 0; from < bytes.length; from += cut) yield bytes.subarray(from, from + cut);
  }
  return await scanCsv(cuts(), { problems: new ProblemLog(), write: async () => undefined });
}

function bitsOf(cell: string): number {
  const bytes = Buffer.from(cell);
  const each = bitsOfBytes();
  const seen = bytes.reduce((bits, byte) => bits | (each[byte] ?? 0), 0);
  return seen | bitsOfBeginning(bytes, 0, bytes.length) | bitsOfLength(bytes.length);
}

test('a cell that the engine may read by itself has the value that reading its text gives', async () => {
  const tried = fc.sample(nearNumber, { numRuns: 3000, seed: 11 });
  for (const [type, database] of [
    ['integer', 'BIGINT'],
    ['number', 'DOUBLE'],
  ] as const) {
    // Prepare: what the shapes allow, and the engine can cast.
    const plain = tried.filter((cell) => readingOf(type, bitsOf(cell)) === database);
    const rows = `(SELECT unnest([${plain.map(literal).join(', ')}]) AS cell)`;

    for (const strict of [true, false]) {
      // Act
      const [row] = await shop.engine.query(
        `SELECT count(TRY_CAST(cell AS ${database})) AS read, count_if(TRY_CAST(cell AS ${database}) IS NOT NULL AND (${value('cell', type, strict)}) IS DISTINCT FROM TRY_CAST(cell AS ${database})) AS other FROM ${rows}`,
      );

      // Assess
      expect(Number(row?.read)).toBeGreaterThan(300);
      expect(Number(row?.other)).toBe(0);
    }
  }
});

test('the scanner sees the same shapes however the file is cut, and for every column those of all its cells', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(nearNumber, nearNumber, nearNumber), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 40 }),
      async (rows, cut) => {
        const text = `a,b,c\n${rows.map((cells) => `${cells.join(',')}\r\n`).join('')}`;

        const { shapes } = await scanned(text, cut);

        expect([...shapes]).toEqual([0, 1, 2].map((at) => rows.reduce((bits, row) => bits | bitsOf(row[at] ?? ''), 0)));
      },
    ),
    { numRuns: 200, seed: 5 },
  );
});

test('a quoted cell is no plain number, and one that begins with a space is no plain text', async () => {
  const { shapes } = await scanned('a,b,c,d\n"1"," x",y, z\n', 7);

  expect([...shapes].map((bits) => [readingOf('integer', bits), readingOf('string', bits)])).toEqual([
    [undefined, 'VARCHAR'],
    [undefined, undefined],
    [undefined, 'VARCHAR'],
    [undefined, undefined],
  ]);
});

test('cells that look like numbers by their bytes and are none make the column text, or are told', async () => {
  const files = { 'a.csv': 'id,span,known\n1,1-2,7\n2,3-4,8-9\n' };

  const read = await shop.read(files, { expected: [{ name: 'known', type: 'integer' }] });

  expect(read.columns).toEqual([
    { name: 'id', type: 'integer' },
    { name: 'span', type: 'string' },
    { name: 'known', type: 'integer' },
  ]);
  expect(read.problems).toMatchObject([{ code: 'cell_not_parsed', column: 'known', line: 3 }]);
});

test('a file whose first cells are whole numbers and whose later ones are not has the type that holds all', async () => {
  const rows = Array.from({ length: 3000 }, (_, at) => `${at},${at === 2999 ? '-' : at},${at === 2998 ? '0.5' : at}`);

  const read = await shop.read({ 'a.csv': `a,b,c\n${rows.join('\n')}\n` }, { blockBytes: 4096 });

  expect(read.columns.map(({ type }) => type)).toEqual(['integer', 'string', 'number']);
  expect(read.problems).toEqual([]);
});
