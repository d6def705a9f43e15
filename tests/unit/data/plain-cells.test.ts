import { expect, test } from 'vitest';
import { unparsed, value } from '../../../shared/data/cell-types.ts';
import type { CleanPiece } from '../../../shared/data/clean-pieces.ts';
import { scanCsv } from '../../../shared/data/csv-scanner.ts';
import { isPresent, SHORT_BYTES } from '../../../shared/data/engine-vectors.ts';
import { CHUNK_ROWS, type HeldColumn, HeldMemory } from '../../../shared/data/held-columns.ts';
import { readPlain } from '../../../shared/data/plain-cells.ts';
import { putNumber } from '../../../shared/data/plain-number.ts';
import { ProblemLog } from '../../../shared/data/problems.ts';
import { DATABASE_TYPES, literal } from '../../../shared/data/sql.ts';
import { COLUMN_TYPES, type ColumnType } from '../../../shared/features/columns.ts';
import fc from '../../fast-check.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

const digits = (most: number) => fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: most });
const spelled = (...parts: readonly fc.Arbitrary<string>[]) => fc.tuple(...parts).map((each) => each.join(''));
const sign = fc.constantFrom('', '', '-', '+');

/** Spellings near the border of what is plain, of every type. */
const cell = fc.oneof(
  fc.integer().map(String),
  fc.bigInt({ min: -(2n ** 54n), max: 2n ** 54n }).map(String),
  fc.double({ noNaN: true }).map(String),
  fc.double({ noNaN: true, min: -1e6, max: 1e6 }).map((each) => each.toFixed(4)),
  spelled(sign, digits(20), fc.constantFrom('', '.'), digits(22)),
  spelled(sign, digits(3), fc.constantFrom('', '.', '.5'), fc.constantFrom('', 'e', 'E-', 'e+'), digits(3)),
  fc.string({ unit: fc.constantFrom('0', '7', '-', '.', 'e', '_', ' ', '+', 'x'), maxLength: 6 }),
  fc
    .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    .chain((date) => fc.constantFrom(date.toISOString(), date.toISOString().slice(0, 10))),
  spelled(
    fc.constantFrom('1685', '1686', '1970', '2000', '2023', '2024', '2254', '2255', '0000', '1900'),
    fc.constantFrom('-01-', '-02-', '-12-', '-13-', '-00-', '/01/'),
    fc.constantFrom('01', '28', '29', '30', '31', '00', '1'),
    fc.constantFrom('', ' ', 'T', '  '),
    fc.constantFrom('', '00:00', '23:59', '24:00', '7:05', '12:60'),
    fc.constantFrom('', ':00', ':59', ':60', ':7'),
    fc.constantFrom('', '.5', '.123456', '.1234567', '.', '.x'),
    fc.constantFrom('', 'Z', '+02', '+02:00', ' Z'),
  ),
  fc.constantFrom('true', 'TRUE', 'False', 't', 'f', '1', '0', 'yes', 'truest', 'fals'),
  fc.constantFrom('', 'NA', 'n/a', 'NaN', 'null', 'None', '\\N', 'inf', '-Infinity', 'nil', ' NA ', 'nan '),
  fc.string({ unit: fc.constantFrom('a', ' ', '"', '\n', ',', 'é', '\u00a0', '☃', '\t'), maxLength: 20 }),
  fc.string({ unit: 'grapheme', minLength: 10, maxLength: 40 }).filter((text) => !/[\0\r]/.test(text)),
);

const quoted = (text: string): string =>
  /[",\n\r]/.test(text) || text === '' ? `"${text.replaceAll('"', '""')}"` : text;

/** A file of these cells, as the scanner places them: a piece for each record. */
async function placed(cells: readonly string[]): Promise<CleanPiece[]> {
  async function* bytes() {
    yield Buffer.from(`cell,more\n${cells.map((each) => `${quoted(each)},\n`).join('')}`);
  }
  const records: CleanPiece[] = [];
  await scanCsv(bytes(), {
    problems: new ProblemLog(),
    write: async ({ bytes: text, records: count, cells: all, release }) => {
      for (let record = 0; record < count && all !== undefined; record += 1) {
        const places = all.places.subarray(record * 4, (record + 1) * 4);
        records.push({ bytes: text, records: 1, cells: { width: 2, places }, release });
      }
    },
  });
  expect(records).toHaveLength(cells.length);
  return records;
}

const memory = new HeldMemory();

/** What is read of records without the engine; undefined: nothing. */
async function plainly(records: readonly CleanPiece[], type: ColumnType) {
  const { columns, release } = memory.take(['integer', type], records.length);
  const [lines, into] = columns;
  if (lines === undefined || into === undefined) throw new RangeError('two columns were asked for');
  const isPlain = await readPlain(records, [{ into, place: 0 }], lines);
  return { held: isPlain ? into : undefined, release };
}

/** What stands in a row, a long text spelled out. */
function standing(column: HeldColumn, row: number): string {
  const { type, rowBytes, bytes, words, long, validity } = column;
  const length = words[row * 4] ?? 0;
  const place = words[row * 4 + 2] ?? 0;
  const held =
    type === 'string' && length > SHORT_BYTES
      ? long.bytes.subarray(place, place + length)
      : bytes.subarray(row * rowBytes, (row + 1) * rowBytes);
  return `${isPresent(validity, row)} ${Buffer.from(held).toString('hex')}`;
}

const table = (cells: readonly string[]): string =>
  `(SELECT unnest(range(${cells.length})) AS place, unnest([${cells.map((each) => (each === '' ? 'NULL' : literal(each))).join(', ')}]::VARCHAR[]) AS cell)`;

test.each(COLUMN_TYPES)(
  'a cell read without the engine has the value the engine gives it as %s, and parses',
  async (type) => {
    const tried = fc.sample(cell, { numRuns: 4000, seed: 11 });
    const plain: string[] = [];
    const pieces: CleanPiece[] = [];
    for (const [at, piece] of (await placed(tried)).entries()) {
      const { held, release } = await plainly([piece], type);
      if (held !== undefined) {
        plain.push(tried[at] ?? '');
        pieces.push(piece);
      }
      release();
    }
    const { held, release } = await plainly(pieces, type);
    if (held === undefined) throw new RangeError('cells that are plain alone are plain together');
    const kept = shop.engine.hold([{ ...held, name: 'c' }], plain.length);

    for (const strict of [true, false]) {
      const rows = await shop.engine.query(
        `SELECT cell FROM (SELECT row_number() OVER () - 1 AS place, c FROM ${kept.name}) JOIN ${table(plain)} AS cells USING (place) WHERE c IS DISTINCT FROM ((${value('cell', type, strict)})::${DATABASE_TYPES[type]}) OR coalesce(${unparsed('cell', type, strict)}, false)`,
      );
      expect(rows).toEqual([]);
    }
    expect(plain.length).toBeGreaterThan(300);
    await kept.drop();
    release();
  },
);

/** The double that is read of a text; NaN where it is not plain. */
function numberOf(text: string): number {
  const into = new Float64Array(1);
  return putNumber(into, 0, Buffer.from(text), 0, text.length) ? (into[0] ?? 0) : Number.NaN;
}

test('decimals of up to 22 digits are read to the nearest double, negative zero included', () => {
  fc.assert(
    fc.property(sign, digits(19), digits(22), (minus, whole, fraction) => {
      const text = `${minus}${whole}.${fraction}`;
      const read = numberOf(text);

      if (!Number.isNaN(read)) expect(read).toBe(Number(text));
    }),
    { numRuns: 20_000, seed: 3 },
  );
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: 1e-5, max: 1e15 }), (number) => {
      expect(numberOf(String(number))).toBe(number);
    }),
    { numRuns: 20_000, seed: 4 },
  );
});

test('decimals next to the middle of two doubles are read to the one that is nearer', () => {
  const whole = fc.bigInt({ min: 2n ** 53n, max: 2n ** 58n });
  fc.assert(
    fc.property(whole, fc.bigInt({ min: -1n, max: 1n }), fc.integer({ min: 1, max: 18 }), (near, off, point) => {
      // Above 2^53 whole numbers lie between doubles; half of the distance to the next one is where reading is hard.
      const step = 2n ** BigInt(near.toString(2).length - 53);
      const figures = String((near / step) * step + step / 2n + off);
      const text = point < figures.length ? `${figures.slice(0, -point)}.${figures.slice(-point)}` : figures;

      expect(numberOf(text)).toBe(Number(text));
      expect(numberOf(figures)).toBe(Number(figures));
    }),
    { numRuns: 5_000 },
  );
});

test('held rows are the same to the engine and to who reads them in place, long texts and missing values too', async () => {
  const cells = Array.from({ length: 3 * CHUNK_ROWS + 17 }, (_, at) =>
    at % 7 === 0
      ? ''
      : at % 3 === 0
        ? `text number ${at} that is long`
        : at % 100 === 1
          ? 'é"x"'
          : at % 500 === 2
            ? '"'.repeat(at)
            : `t${at}`,
  );
  const { held, release } = await plainly(await placed(cells), 'string');
  if (held === undefined) throw new RangeError('plain texts are read');

  const kept = shop.engine.hold([{ ...held, name: 'c' }], cells.length);
  const [row] = await shop.engine.query(
    `SELECT count_if(c IS DISTINCT FROM cell) AS other, count(c) AS present FROM (SELECT row_number() OVER () - 1 AS place, c FROM ${kept.name}) JOIN ${table(cells)} USING (place)`,
  );
  let present = 0;
  for await (const chunk of shop.engine.cells(kept.name, ['c'])) {
    const { rows, validity } = chunk.cells(0, 16);
    for (let at = 0; at < rows; at += 1)
      present += validity === null ? 1 : ((validity[at >> 5] ?? 0) >>> (at & 31)) & 1;
  }
  await kept.drop();
  release();

  const filled = cells.filter((each) => each !== '').length;
  expect(row).toEqual({ other: 0n, present: BigInt(filled) });
  expect(present).toBe(filled);
  await expect(shop.engine.query(`SELECT * FROM ${kept.name}`)).rejects.toThrow('no rows are held');
});

test.each(COLUMN_TYPES)(
  'cells of %s are read the same among others, at the end of a piece and by themselves',
  async (type) => {
    const tried = fc.sample(fc.oneof(cell, fc.constantFrom('2001-01-25 10:15:00', '2001-01-25', '2001-01-26T10:15')), {
      numRuns: 3000,
      seed: 12,
    });
    const alone: { readonly text: string; readonly words: string }[] = [];
    for (const [at, piece] of (await placed(tried)).entries()) {
      const { held, release } = await plainly([piece], type);
      if (held !== undefined) alone.push({ text: tried[at] ?? '', words: standing(held, 0) });
      release();
    }

    const pieces: CleanPiece[] = [];
    async function* bytes() {
      yield Buffer.from(`cell,more\n${alone.map(({ text }) => `${quoted(text)},\n`).join('')}`);
    }
    await scanCsv(bytes(), { problems: new ProblemLog(), write: async (piece) => void pieces.push(piece) });
    const { columns, release } = memory.take(['integer', type], alone.length);
    const [lines, into] = columns;
    if (lines === undefined || into === undefined) throw new RangeError('two columns were asked for');
    const isPlain = await readPlain(pieces, [{ into, place: 0 }], lines);
    const together = alone.map((_, row) => standing(into, row));
    release();

    expect(isPlain).toBe(true);
    expect(together).toEqual(alone.map(({ words }) => words));
    expect(alone.length).toBeGreaterThan(100);
  },
);

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

test('records of one file that differ in their keys are read as those with all of them', async () => {
  const lines = Array.from({ length: 3000 }, (_, at) =>
    JSON.stringify(at < 1500 ? { a: at } : { a: at, b: `text ${at}`, c: null }),
  );

  const read = await shop.read({ 'a.jsonl': `${lines.join('\n')}\n` }, { blockBytes: 4096 });
  const [row] = await shop.engine.query(
    `SELECT count(b) AS b, count(c) AS c, sum(a) AS a, max(b) AS last FROM read_parquet([${read.parts.map(({ path }) => literal(path)).join(', ')}])`,
  );

  expect(read.columns).toEqual([
    { name: 'a', type: 'integer' },
    { name: 'b', type: 'string' },
    { name: 'c', type: 'string' },
  ]);
  expect(row).toEqual({ b: 1500n, c: 0n, a: (2999n * 3000n) / 2n, last: 'text 2999' });
});
