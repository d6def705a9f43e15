import { constants, zstdCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { decompressed } from '../../../shared/data/sources/compression.ts';
import { ZstdFrames } from '../../../shared/data/sources/zstd-frames.ts';
import fc from '../../fast-check.ts';

async function* inPieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, n = 0; at < bytes.length; n += 1) {
    const size = sizes[n % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

const collected = async (source: AsyncIterable<Buffer>): Promise<Buffer[]> => {
  const pieces: Buffer[] = [];
  for await (const piece of source) pieces.push(piece);
  return pieces;
};

const skippable = (kind: number, content: Uint8Array): Buffer => {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a50 + kind, 0);
  head.writeUInt32LE(content.byteLength, 4);
  return Buffer.concat([head, content]);
};

/** A frame, and the text it holds. */
interface Frame {
  readonly bytes: Buffer;
  readonly text: string;
}

const written = fc
  .record({
    // What repeats is written as runs and references, what does not as it is: blocks of all types.
    text: fc.oneof(
      fc.string({ maxLength: 300 }),
      fc.nat({ max: 300_000 }).map((n) => 'ab'.repeat(n)),
    ),
    level: fc.integer({ min: -5, max: 9 }),
    checksum: fc.boolean(),
    size: fc.boolean(),
  })
  .map(({ text, level, checksum, size }): Frame => {
    const params = {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_checksumFlag]: checksum ? 1 : 0,
      [constants.ZSTD_c_contentSizeFlag]: size ? 1 : 0,
    };
    return { bytes: zstdCompressSync(text, { params }), text };
  });
const skippedFrame = fc
  .tuple(fc.nat({ max: 15 }), fc.uint8Array({ maxLength: 50 }))
  .map(([kind, content]): Frame => ({ bytes: skippable(kind, content), text: '' }));
const frames = fc.array(fc.oneof({ weight: 3, arbitrary: written }, skippedFrame), { minLength: 1, maxLength: 6 });
const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(100_000)), { minLength: 1, maxLength: 5 });

it('gives the text of any frames, one after another, however their bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(frames, sizes, async (made, cuts) => {
      const bytes = Buffer.concat(made.map((frame) => frame.bytes));

      const text = Buffer.concat(await collected(decompressed(inPieces(bytes, cuts), 'zstd'))).toString();

      expect(text).toBe(made.map((frame) => frame.text).join(''));
    }),
    { numRuns: 60, seed: 6 },
  );
});

it('cuts where frames end, and knows whether the last has ended', async () => {
  await fc.assert(
    fc.asyncProperty(frames, fc.nat(), async (made, seed) => {
      const bytes = Buffer.concat(made.map((frame) => frame.bytes));
      const ends = made.map((_, at) => made.slice(0, at + 1).reduce((sum, frame) => sum + frame.bytes.length, 0));
      const cutOff = seed % bytes.length;
      const whole = new ZstdFrames();
      const broken = new ZstdFrames();

      const pieces = await collected(whole.cut(inPieces(bytes, [bytes.length])));
      await collected(broken.cut(inPieces(bytes.subarray(0, cutOff), [7])));

      expect(pieces.map((piece) => piece.length)).toEqual(ends.map((end, at) => end - (ends[at - 1] ?? 0)));
      expect(whole.isWhole).toBe(true);
      expect(broken.isWhole).toBe(cutOff === 0 || ends.includes(cutOff));
    }),
    { numRuns: 60, seed: 6 },
  );
});
