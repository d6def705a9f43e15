import { expect, test } from 'vitest';
import { scanCsv } from '../../../shared/data/csv-scanner.ts';
import { ProblemLog } from '../../../shared/data/problems.ts';
import { findStructural, places, WINDOW_BYTES } from '../../../shared/data/structural-bytes.ts';
import fc from '../../fast-check.ts';

/** The same, byte by byte. */
const slowly = (source: Uint8Array, from: number, length: number, delimiter: number): number[] =>
  [...source.subarray(from, from + length).entries()].flatMap(([at, byte]) =>
    [delimiter, 0x0a, 0x0d, 0x22].includes(byte) ? [at] : [],
  );

const byte = fc.oneof(fc.constantFrom(...Buffer.from(',;\t|\n\r"')), fc.nat(255));

test('the bytes that mean something are found wherever they stand, whatever stood there before', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 700 }).chain((random) =>
        fc.tuple(
          fc.constant(random),
          fc.array(byte, { minLength: random.length, maxLength: random.length }).map((bytes) => Uint8Array.from(bytes)),
          fc.nat(random.length),
          fc.constantFrom(...Buffer.from(',;\t|')),
        ),
      ),
      ([random, dense, from, delimiter]) => {
        for (const source of [random, dense]) {
          const length = source.length - from;
          const count = findStructural(source, from, length, delimiter);

          expect([...places.subarray(0, count)]).toEqual(slowly(source, from, length, delimiter));
        }
      },
    ),
  );
});

test('a whole window of nothing but delimiters is found, and then one without any', () => {
  const full = Buffer.alloc(WINDOW_BYTES, ',');

  const found = findStructural(full, 0, WINDOW_BYTES, 0x2c);
  const last = places[found - 1];
  const none = findStructural(Buffer.alloc(WINDOW_BYTES, 'x'), 0, WINDOW_BYTES, 0x2c);
  const few = findStructural(full, 0, 3, 0x2c);

  expect([found, last, none, few]).toEqual([WINDOW_BYTES, WINDOW_BYTES - 1, 0, 3]);
});

/** The clean copy of a text, and what is wrong with it, read in pieces of so many bytes. */
async function scanned(text: Buffer, pieceBytes: number) {
  const problems = new ProblemLog();
  const clean: Buffer[] = [];
  async function* source() {
    for (let at = 0; at < text.length; at += pieceBytes) {
      yield text.subarray(at, at + pieceBytes);
      await Promise.resolve();
    }
  }
  const { records } = await scanCsv(source(), {
    problems,
    write: async ({ bytes }) => void clean.push(Buffer.from(bytes)),
  });
  return { records, clean: Buffer.concat(clean).toString(), problems: problems.list() };
}

test('files that are scanned side by side, and in pieces of any size, come out as each does by itself', async () => {
  const field = fc.oneof(
    fc.constantFrom('', '1', 'plain', '"quoted, with\nline"', '"a ""quote"""', 'stray"quote', '"misplaced"x', '\r'),
    fc.string({ unit: fc.constantFrom('x', ' ', 'é'), maxLength: 300 }),
  );
  const file = fc
    .tuple(fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 120 }), fc.constantFrom('\n', '\r\n'))
    .map(([rows, end]) => Buffer.from(['a,b,c', ...rows.map((row) => row.join(','))].join(end)));
  await fc.assert(
    fc.asyncProperty(file, file, fc.integer({ min: 1, max: 20_000 }), async (one, other, pieceBytes) => {
      const alone = [await scanned(one, one.length), await scanned(other, other.length)];

      expect(await Promise.all([scanned(one, pieceBytes), scanned(other, pieceBytes)])).toEqual(alone);
    }),
    { numRuns: 60 },
  );
});
