import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type CleanPiece, PIECE_BYTES } from '../../../shared/data/clean-pieces.ts';
import { scanCsv } from '../../../shared/data/csv-scanner.ts';
import { ProblemLog } from '../../../shared/data/problems.ts';
import { CleanBlockWriter, ScannedText } from '../../../shared/data/sources/clean-blocks.ts';
import { workshop } from './workshop.ts';

const shop = workshop();

const TEXT = { names: ['a', 'b'], delimiter: ',', longest: 100, ragged: false };
const BLOCK_PIECES = 12;
const RECORD = `${'x'.repeat(999)},y\n`;

/** A file of so many pieces, each record about a kilobyte. */
async function* fileOf(pieces: number): AsyncGenerator<Buffer> {
  yield Buffer.from('a,b\n');
  const chunk = Buffer.from(RECORD.repeat(128));
  for (let bytes = 0; bytes < pieces * PIECE_BYTES; bytes += chunk.length) yield chunk;
}

/** Pieces that nobody else has, and how often each was released. */
function piecesOf(count: number): { readonly pieces: CleanPiece[]; readonly released: number[] } {
  const released = new Array<number>(count).fill(0);
  const pieces = released.map((_, at): CleanPiece => {
    const release = (): void => {
      released[at] = (released[at] ?? 0) + 1;
    };
    return { bytes: Buffer.alloc(0), records: at, cells: undefined, release };
  });
  return { pieces, released };
}

/** Scans a file of 40 pieces into blocks, each read in turns by itself, and counts the pieces that are held at a time. */
async function mostHeld(turnsOfAPiece: number): Promise<{ most: number; read: number; scanned: number }> {
  let [held, most, read, scanned] = [0, 0, 0, 0];
  let reading: Promise<void> = Promise.resolve();
  const readAll = async (text: ScannedText | undefined): Promise<void> => {
    for (const _ of text?.take() ?? []) {
      for (let turn = 0; turn < turnsOfAPiece; turn += 1) await setImmediate();
      read += 1;
    }
  };
  const blockBytes = BLOCK_PIECES * PIECE_BYTES - PIECE_BYTES / 2;
  const writer = new CleanBlockWriter(shop.directory(), 'clean', blockBytes, async (block) => {
    await reading;
    reading = readAll(block.scanned);
  });
  await scanCsv(fileOf(40), {
    problems: new ProblemLog(),
    write: async (piece) => {
      held += 1;
      scanned += 1;
      most = Math.max(most, held);
      const release = (): void => {
        held -= 1;
        piece.release();
      };
      await writer.write({ ...piece, release }, TEXT);
    },
  });
  await writer.finish(TEXT);
  await reading;
  expect(held).toBe(0);
  return { most, read, scanned };
}

test.each([0, 1, 40])('few more pieces than a block has are held, where reading one takes %i turns', async (turns) => {
  const { most, read, scanned } = await mostHeld(turns);

  expect(scanned).toBeGreaterThan(39);
  expect(read).toBe(scanned);
  expect(most).toBeLessThanOrEqual(BLOCK_PIECES + 5);
});

test('a piece that was taken is released when the next one is asked for', () => {
  const { pieces, released } = piecesOf(3);
  const text = new ScannedText(pieces);
  const seen: number[][] = [];

  for (const _ of text.take()) seen.push([...released]);
  text.release();

  expect(seen).toEqual([
    [0, 0, 0],
    [1, 0, 0],
    [1, 1, 0],
  ]);
  expect(released).toEqual([1, 1, 1]);
});

test('all pieces are released once where reading ends at the first, and none is there to be read again', () => {
  const { pieces, released } = piecesOf(3);
  const text = new ScannedText(pieces);

  for (const piece of text.take()) if (piece.records === 0) break;

  expect(released).toEqual([1, 1, 1]);
  expect(text.pieces).toBeUndefined();
  expect([...text.take()]).toEqual([]);
});
