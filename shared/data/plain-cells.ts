/**
 * Types the cells of scanned text without the engine, where they are spelled as most programs spell them. It gives up at the
 * first cell that is not: what the rarer spellings mean is told by `cell-types.ts` alone, and the engine reads such a block.
 */
import { setImmediate } from 'node:timers/promises';
import type { CleanPiece } from './clean-pieces.ts';
import { type HeldColumn, putNothing } from './held-columns.ts';
import { readTexts } from './plain-texts.ts';
import { type Batch, VALUE_READERS } from './plain-values.ts';

/** So many records at a time are read column by column: they and their places lie in the nearest cache. */
const BATCH_RECORDS = 128;
/** After so many cells, about a quarter of a millisecond, whoever else has something to do has a turn. */
const TURN_CELLS = 10_000;

/** Where a column stands in a text; undefined where the text lacks it. */
export interface PlacedColumn {
  readonly into: HeldColumn;
  readonly place: number | undefined;
}

/**
 * Reads columns, and the physical lines of the rows; false: a cell is not plain. Whoever else has something to do has a turn
 * between the pieces.
 */
export async function readPlain(
  pieces: Iterable<CleanPiece>,
  columns: readonly PlacedColumn[],
  lines: HeldColumn,
): Promise<boolean> {
  let row = 0;
  for (const piece of pieces) {
    if (!(await readPiece(piece, columns, lines, row))) return false;
    row += piece.records;
  }
  return true;
}

/** Whether a column of scanned text has no cell that holds anything. */
export const isEmptyColumn = (pieces: readonly CleanPiece[] | undefined, place: number): boolean =>
  pieces?.every(({ records, cells }) => {
    if (cells === undefined) return false;
    if (place >= cells.width) return true;
    for (let record = 0; record < records; record += 1) {
      const at = record * (cells.width + 2) + place + 1;
      if ((cells.places[at + 1] as number) - (cells.places[at] as number) > 1) return false;
    }
    return true;
  }) ?? false;

async function readPiece(
  piece: CleanPiece,
  columns: readonly PlacedColumn[],
  lines: HeldColumn,
  first: number,
): Promise<boolean> {
  const { bytes, cells } = piece;
  if (cells === undefined) return false;
  const { places } = cells;
  const stride = cells.width + 2;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let cellsRead = 0;
  for (let record = 0; record < piece.records; record += BATCH_RECORDS) {
    const row = first + record;
    const records = Math.min(BATCH_RECORDS, piece.records - record);
    const batch = { bytes, view, places, stride, record, row, records };
    for (const { into, place } of columns) if (!readColumn(batch, place, cells.width, into)) return false;
    const { words } = lines;
    for (let next = 0; next < records; next += 1) {
      // A line is no more than 32 bits.
      words[(row + next) * 2] = places[(record + next) * stride] as number;
      words[(row + next) * 2 + 1] = 0;
    }
    // Statements that run meanwhile ask this thread for held rows: it stays with nothing for long.
    cellsRead += records * columns.length;
    if (cellsRead < TURN_CELLS && record + records < piece.records) continue;
    cellsRead = 0;
    await setImmediate();
  }
  return true;
}

function readColumn(batch: Batch, place: number | undefined, width: number, into: HeldColumn): boolean {
  if (place !== undefined && place < width)
    return into.type === 'string' ? readTexts(batch, place, into) : VALUE_READERS[into.type](batch, place, into);
  for (let row = batch.row; row < batch.row + batch.records; row += 1) putNothing(into, row);
  return true;
}
