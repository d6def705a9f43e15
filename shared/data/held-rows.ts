/**
 * The rows of a query in this process's own memory: copied chunk by chunk as the engine gives them, which costs a fifth of a
 * table of the engine, and takes memory that is used again instead of the engine's.
 */
import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { Bindings } from './column-batches.ts';
import { type Cells, SHORT_BYTES, vectorsOf } from './engine-vectors.ts';
import { type HeldColumn, putNothing } from './held-columns.ts';

const MIB = 1024 * 1024;
/** The most bytes of long texts of a block; beyond them the engine has it, which can spill. */
const MOST_TEXT_BYTES = 32 * MIB;

const ALL_PRESENT = 0xffff_ffff;
const TEXT_WORDS = 4;
/** Texts so close to each other are fetched together: the bytes between them lie in pages that hold the texts. */
const MOST_GAP = 64;

/**
 * Puts a chunk into columns that stand in its order, from a row on. A chunk may have more columns than are given: truths, of
 * which one says of each row whether a column has to have a value.
 * @param flags Per column, the place of its truths in the chunk, if it has any.
 * @returns False where a column lacks a value that it has to have, or the texts take too much memory.
 */
export function holdChunk(
  bindings: Bindings,
  chunk: DuckDBDataChunk,
  columns: readonly HeldColumn[],
  flags: readonly (number | undefined)[],
  row: number,
): boolean {
  const vectors = vectorsOf(bindings, chunk);
  for (const [index, column] of columns.entries()) {
    const cells = vectors.cells(index, column.rowBytes);
    column.bytes.set(cells.bytes, row * column.rowBytes);
    const flag = flags[index];
    const isDue = flag === undefined ? undefined : vectors.cells(flag, 1).bytes;
    if (!holdMissing(cells, column, isDue, row)) return false;
    if (column.type === 'string') holdTexts(bindings, cells, column, row);
  }
  return columns.reduce((sum, { long }) => sum + long.bytes.length, 0) <= MOST_TEXT_BYTES;
}

/** Notes the rows without a value; false: one of them has to have one. */
function holdMissing(
  { rows, validity }: Cells,
  column: HeldColumn,
  isDue: Uint8Array | undefined,
  first: number,
): boolean {
  if (validity === null) return true;
  for (let row = 0; row < rows; row += 1) {
    const word = validity[row >> 5] as number;
    if (word === ALL_PRESENT) {
      row |= 31;
      continue;
    }
    if (((word >>> (row & 31)) & 1) === 1) continue;
    if (isDue?.[row] === 1) return false;
    putNothing(column, first + row);
  }
  return true;
}

/** Where a text stands in the engine's memory. An address has fewer than 53 bits (x86-64 and arm64: at most 52). */
const placeOf = (words: Uint32Array, at: number): number =>
  (words[at + 3] as number) * 2 ** 32 + (words[at + 2] as number);

/** Fetches the long texts of a chunk whose words are held already, a row without a text as one of no bytes. */
function holdTexts(bindings: Bindings, { bytes, rows }: Cells, { words, long }: HeldColumn, first: number): void {
  const texts = words.subarray(first * TEXT_WORDS, (first + rows) * TEXT_WORDS);
  /** By where they stand: one that a dictionary holds comes again and again. */
  const met = new Map<number, Uint8Array>();
  for (let at = 0; at < texts.length; at += TEXT_WORDS) {
    const length = texts[at] as number;
    if (length <= SHORT_BYTES) continue;
    const text = met.get(placeOf(texts, at));
    // Of one place there may be texts of several lengths, one the beginning of another.
    const found = text?.length === length ? text : fetchRun(bindings, bytes, texts, at, met);
    texts[at + 2] = long.add(found, 0, length);
    texts[at + 3] = 0;
  }
}

/** Fetches the text at a place, and those behind it that stand one behind the other: a call costs a microsecond. */
function fetchRun(
  bindings: Bindings,
  vector: Uint8Array,
  words: Uint32Array,
  first: number,
  met: Map<number, Uint8Array>,
): Uint8Array {
  const base = placeOf(words, first);
  const places: { readonly from: number; readonly to: number }[] = [];
  let end = 0;
  for (let at = first; at < words.length; at += TEXT_WORDS) {
    const length = words[at] as number;
    if (length <= SHORT_BYTES) continue;
    const from = placeOf(words, at) - base;
    if (from < end || from > end + MOST_GAP) break;
    end = from + length;
    places.push({ from, to: end });
  }
  const run = bindings.get_data_from_pointer(vector.buffer, vector.byteOffset + (first + 2) * 4, end);
  for (const { from, to } of places) met.set(base + from, run.subarray(from, to));
  return run.subarray(0, words[first]);
}
