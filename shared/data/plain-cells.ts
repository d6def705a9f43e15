/**
 * Types the cells of scanned text without the engine, where they are spelled as most programs spell them. It gives up at the
 * first cell that is not: what the rarer spellings mean is told by `cell-types.ts` alone, and the engine reads such a block.
 */
import { setImmediate } from 'node:timers/promises';
import { MISSING_WORDS } from './cell-types.ts';
import type { CleanPiece } from './clean-pieces.ts';
import { QUOTE } from './csv-record.ts';
import { type HeldColumn, putNothing, putText, putValue } from './held-columns.ts';
import { plainInteger, plainNumber } from './plain-number.ts';
import { lowerWord, plainDate, plainTimestamp, plainTruth, wordNumber } from './plain-time.ts';

const SPACE = 0x20;
const DELETE = 0x7f;
const MISSING = new Set(MISSING_WORDS.map(wordNumber));

/** So many records at a time are read column by column: they and their places lie in the nearest cache. */
const BATCH_RECORDS = 128;

/** Where a column stands in a text; undefined where the text lacks it. */
export interface PlacedColumn {
  readonly into: HeldColumn;
  readonly place: number | undefined;
}

/** Some records of a piece. */
interface Batch {
  readonly bytes: Buffer;
  readonly places: Uint32Array;
  readonly stride: number;
  /** The first of them in the piece, and in the columns. */
  readonly record: number;
  readonly row: number;
  readonly records: number;
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
  for (let record = 0; record < piece.records; record += BATCH_RECORDS) {
    const row = first + record;
    const records = Math.min(BATCH_RECORDS, piece.records - record);
    const batch = { bytes, places, stride, record, row, records };
    for (const { into, place } of columns) {
      if (place === undefined || place >= cells.width)
        for (let next = row; next < row + records; next += 1) putNothing(into, next);
      else if (!(into.type === 'string' ? readTexts(batch, place, into) : readValues(batch, place, into))) return false;
    }
    for (let next = 0; next < records; next += 1)
      putValue(lines, row + next, places[(record + next) * stride] as number);
    // Statements that run meanwhile ask this thread for held rows: it stays with nothing for long.
    await setImmediate();
  }
  return true;
}

function readValues(
  { bytes, places, stride, record, row: first, records }: Batch,
  place: number,
  into: HeldColumn,
): boolean {
  const { type } = into;
  let at = record * stride + place + 1;
  for (let row = first; row < first + records; row += 1, at += stride) {
    let from = places[at] as number;
    let to = (places[at + 1] as number) - 1;
    if (from < to && (bytes[from] as number) <= QUOTE) {
      if (bytes[from] === QUOTE) {
        from += 1;
        to -= 1;
      }
      while (from < to && bytes[from] === SPACE) from += 1;
    }
    while (from < to && bytes[to - 1] === SPACE) to -= 1;
    let value = Number.NaN;
    if (from < to) {
      if (type === 'number') value = plainNumber(bytes, from, to);
      else if (type === 'integer') value = plainInteger(bytes, from, to);
      else if (type === 'timestamp') value = plainTimestamp(bytes, from, to);
      else if (type === 'date') value = plainDate(bytes, from, to);
      else value = plainTruth(bytes, from, to);
      if (Number.isNaN(value) && !MISSING.has(lowerWord(bytes, from, to))) return false;
    }
    putValue(into, row, value);
  }
  return true;
}

function readTexts(
  { bytes, places, stride, record, row: first, records }: Batch,
  place: number,
  into: HeldColumn,
): boolean {
  let at = record * stride + place + 1;
  for (let row = first; row < first + records; row += 1, at += stride) {
    let from = places[at] as number;
    let to = (places[at + 1] as number) - 1;
    const isQuoted = from < to && bytes[from] === QUOTE;
    if (isQuoted) {
      from += 1;
      to -= 1;
    }
    if (from === to) {
      putNothing(into, row);
      continue;
    }
    if (bytes[from] === SPACE && !hasAscii(bytes, from, to)) return false;
    const quote = isQuoted ? indexOfQuote(bytes, from, to) : to;
    if (quote === to) putText(into, row, bytes, from, to);
    else {
      const text = Buffer.from(bytes.toString('latin1', from, to).replaceAll('""', '"'), 'latin1');
      putText(into, row, text, 0, text.length);
    }
  }
  return true;
}

/** Whether any character is seen, and not taken for a space by anyone: then the text is no missing value. */
function hasAscii(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] as number;
    if (byte > SPACE && byte < DELETE) return true;
  }
  return false;
}

function indexOfQuote(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] !== QUOTE) at += 1;
  return at;
}
