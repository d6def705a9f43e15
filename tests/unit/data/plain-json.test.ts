import { expect, test } from 'vitest';
import type { CleanPiece } from '../../../shared/data/clean-pieces.ts';
import { endOfRecord, splitRecord } from '../../../shared/data/csv-record.ts';
import { ProblemLog } from '../../../shared/data/problems.ts';
import { scanJsonLines } from '../../../shared/data/sources/json-lines.ts';
import fc from '../../fast-check.ts';

interface Row {
  readonly line: number;
  /** The cells that hold something, by column. */
  readonly cells: Readonly<Record<string, string>>;
}

/** The rows of a piece, read from its text; where it has their places, those have to say the same. */
function rowsOf({ bytes, cells }: CleanPiece, names: readonly string[]): Row[] {
  const rows: Row[] = [];
  let from = 0;
  for (let end = endOfRecord(bytes, 0, false); end !== undefined; end = endOfRecord(bytes, from, false)) {
    const [line = '', ...fields] = splitRecord(bytes.toString('utf8', from, end.to), ',');
    if (cells !== undefined && cells.width > 0) {
      const at = rows.length * (cells.width + 2);
      const [placed, ...begin] = cells.places.subarray(at, at + cells.width + 2);
      const texts = begin.slice(0, -1).map((start, i) => bytes.toString('utf8', start, (begin[i + 1] ?? 0) - 1));
      expect([String(placed), ...texts.flatMap((text) => splitRecord(text, ','))]).toEqual([line, ...fields]);
    }
    const filled = fields
      .map((field, i): [string, string] => [names[i] ?? '', field])
      .filter(([, field]) => field !== '');
    rows.push({ line: Number(line), cells: Object.fromEntries(filled) });
    from = end.next;
    if (from >= bytes.length) break;
  }
  return rows;
}

/** What a scan makes of lines that come in chunks of so many bytes. */
async function scanned(text: string, chunkBytes: number) {
  const bytes = Buffer.from(text);
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  const log = new ProblemLog(10_000);
  const rows: Row[] = [];
  const marked = new Set<string>();
  const scan = await scanJsonLines(chunks(), {
    told: undefined,
    log,
    delimiter: undefined,
    comment: undefined,
    maxColumns: 100,
    leaveOut: () => undefined,
    agrees: () => true,
    write: async (piece, { names }, texts) => {
      for (const name of texts) marked.add(name);
      rows.push(...rowsOf(piece, names));
      piece.release();
    },
  });
  // A line without a key is no table by itself.
  const problems = log
    .list()
    .filter(({ code }) => code !== 'not_a_table')
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  return { records: scan.records, rows, marked: [...marked].sort(), problems };
}

/**
 * What each line is by itself: the first record of a file is read by whoever reads any JSON, since its keys are new. Of a
 * key that a line spells in another way the column is the same.
 */
async function aloneEach(lines: readonly string[]) {
  const alone = await Promise.all(lines.map((line) => scanned(`${line}\n`, 1 << 20)));
  return {
    records: alone.reduce((sum, { records }) => sum + records, 0),
    rows: alone.flatMap(({ rows }, at) => rows.map((row) => ({ ...row, line: at + 1 }))),
    marked: [...new Set(alone.flatMap(({ marked }) => marked))].sort(),
    problems: alone.flatMap(({ problems }, at) => problems.map((problem) => ({ ...problem, line: at + 1 }))),
  };
}

const digits = fc.string({ unit: fc.constantFrom('0', '1', '9'), maxLength: 3 });
const joined = (...parts: readonly fc.Arbitrary<string>[]) => fc.tuple(...parts).map((each) => each.join(''));

/** Values and what is nearly one. */
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 1 }).map((each) => JSON.stringify(each)),
  fc
    .string({ unit: fc.constantFrom('a', 'é', '☃', ' ', ',', '"', '\\', '\n', '\r', '\t', '/') })
    .map((text) => JSON.stringify(text)),
  fc.string({ unit: fc.constantFrom('a', ' ', ',', '\\', '"', 'u', '0', '\t') }).map((text) => `"${text}"`),
  fc.double({ noNaN: true }).map(String),
  joined(
    fc.constantFrom('', '-', '+'),
    digits,
    fc.constantFrom('', '.', '.5', '.50'),
    fc.constantFrom('', 'e', 'E-', 'e+'),
    digits,
  ),
  fc.constantFrom(
    'true',
    'false',
    'null',
    'nul',
    'nulls',
    'True',
    'truefalse',
    'fals',
    'NaN',
    '',
    '-',
    '"',
    '" "',
    '""',
  ),
);

const KEYS = ['"a"', '"b"', '"a,b"', '"longer than a word"', '"\\u0062"', '"with \\"quotes\\""', '"é"'];
const space = fc.constantFrom('', '', '', '', ' ', '  ', '\t', '\r');
const shuffled = fc.shuffledSubarray(KEYS, { minLength: 0 });
const inOrder = fc.subarray(KEYS, { minLength: 0 });

const record = fc
  .oneof({ weight: 4, arbitrary: inOrder }, { weight: 1, arbitrary: shuffled })
  .chain((keys) =>
    fc
      .tuple(
        fc.constantFrom('{', '{', '{', '{ ', ' {', '', '['),
        fc.tuple(
          ...keys.map((key) =>
            joined(space, fc.constant(key), space, fc.constantFrom(':', ':', ':', ': ', ''), value, space),
          ),
        ),
        fc.constantFrom(',', ',', ',', ', ', ',,', ' '),
        fc.constantFrom('}', '}', '}', '}', ' }', '} ', '}\r', '', '},', '}{'),
      )
      .map(([open, members, between, close]) => `${open}${members.join(between)}${close}`),
  );

const plainRecord = fc
  .record({
    a: fc.integer(),
    b: fc.string({ maxLength: 20 }),
    'a,b': fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
  })
  .map((each) => JSON.stringify(each));

const line = fc
  .oneof(
    { weight: 3, arbitrary: plainRecord },
    { weight: 3, arbitrary: record },
    { weight: 1, arbitrary: fc.constantFrom('', '  ', '{}', 'null') },
  )
  .filter((text) => !text.includes('\n'));

test('a line means among others what it means by itself, wherever the bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 200 }),
      fc.boolean(),
      async (lines, chunkBytes, isEnded) => {
        const together = await scanned(lines.join('\n') + (isEnded ? '\n' : ''), chunkBytes);

        expect(together).toEqual(await aloneEach(lines));
      },
    ),
    { numRuns: 150 },
  );
});
