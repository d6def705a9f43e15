/**
 * Typed columns of a block in this process's own memory, laid out as the engine lays out its own: so that the engine copies
 * them as they are, and who counts reads them where they stand.
 */
import type { ColumnType } from '../features/columns.ts';
import { type Cells, type EngineVectors, type RowBytes, SHORT_BYTES } from './engine-vectors.ts';

/** A column of a block. Its arrays share one memory; which of them tells the values depends on the type. */
export interface HeldColumn {
  readonly type: ColumnType;
  readonly rowBytes: RowBytes;
  /** Truth values, a byte each. */
  readonly bytes: Uint8Array;
  /** Dates, one word each: days. Integers and timestamps, two: the lower first. Texts, four, as {@link Cells} has them. */
  readonly words: Uint32Array;
  /** Numbers. */
  readonly doubles: Float64Array;
  /** A bit for each row, the lowest first; 0 is without a value. */
  readonly validity: Uint32Array;
  /** Whether any row is without a value. */
  missing: boolean;
  /** Texts of more than 12 bytes: the third of a row's words is their place here. */
  readonly long: LongTexts;
}

/** A column and its name in SQL. */
export type NamedColumn = HeldColumn & { readonly name: string };

/** Below this a loop copies faster than a call does. */
const COPIED_BYTES = 96;

/** Bytes of texts, one behind the other. */
export class LongTexts {
  #bytes = Buffer.alloc(0);
  #length = 0;

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Takes a text and returns its place. */
  add(source: Uint8Array, from: number, to: number): number {
    const place = this.#length;
    const length = place + to - from;
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(65_536, 2 * length));
      this.#bytes.copy(larger, 0, 0, place);
      this.#bytes = larger;
    }
    // Most are not so long that a call is worth it.
    if (to - from > COPIED_BYTES) this.#bytes.set(source.subarray(from, to), place);
    else for (let at = from; at < to; at += 1) this.#bytes[place + at - from] = source[at] as number;
    this.#length = length;
    return place;
  }
}

/** Bytes of a row, by type. */
const ROW_BYTES = {
  boolean: 1,
  date: 4,
  integer: 8,
  number: 8,
  timestamp: 8,
  string: 16,
} as const satisfies Record<ColumnType, RowBytes>;

/** Words of a row of text. */
export const TEXT_WORDS = ROW_BYTES.string / 4;
/** The engine's vector size: so many rows are looked at together at most. */
export const CHUNK_ROWS = 2048;

const aligned = (bytes: number): number => Math.ceil(bytes / 8) * 8;

/** Bytes of columns of so many rows, without their long texts. */
export const heldBytes = (types: readonly ColumnType[], rows: number): number =>
  types.reduce((sum, type) => sum + aligned(rows * ROW_BYTES[type]) + aligned(rows / 8), 0);

/** Memory for columns, used again: one piece for each block that is held at a time. */
export class HeldMemory {
  readonly #free: ArrayBuffer[] = [];

  /** Columns of so many rows that are yet to be filled, and the way to give their memory back. */
  take(types: readonly ColumnType[], rows: number): { readonly columns: HeldColumn[]; readonly release: () => void } {
    const maskBytes = aligned(rows / 8);
    const sizes = types.map((type) => aligned(rows * ROW_BYTES[type]));
    const bytes = heldBytes(types, rows);
    const kept = this.#free.pop();
    // Blocks have about as many rows as each other; a little more room saves the next one from a new piece.
    const memory = kept !== undefined && kept.byteLength >= bytes ? kept : new ArrayBuffer(aligned(bytes * 1.1));
    let from = 0;
    const columns = types.map((type, index): HeldColumn => {
      const at = from;
      const size = sizes[index] ?? 0;
      from += size + maskBytes;
      return {
        type,
        rowBytes: ROW_BYTES[type],
        bytes: new Uint8Array(memory, at, size),
        words: new Uint32Array(memory, at, size / 4),
        doubles: new Float64Array(memory, at, size / 8),
        validity: new Uint32Array(memory, at + size, maskBytes / 4).fill(0xffff_ffff),
        missing: false,
        long: new LongTexts(),
      };
    });
    return { columns, release: () => this.#free.push(memory) };
  }

  /** Lets go of what is not in use: no more blocks come. */
  clear(): void {
    this.#free.length = 0;
  }
}

/** Puts a whole number of 64 bits into its row. */
export function putWhole(words: Uint32Array, row: number, value: number): void {
  // A typed array takes of a whole number what is left modulo 2^32 (ECMA-262, ToUint32).
  words[row * 2] = value;
  words[row * 2 + 1] = Math.floor(value / 2 ** 32);
}

/** Leaves a row without a value. */
export function putNothing(column: HeldColumn, row: number): void {
  const { rowBytes, words, validity } = column;
  column.missing = true;
  validity[row >> 5] = (validity[row >> 5] as number) & ~(1 << (row & 31));
  if (rowBytes === 1) column.bytes[row] = 0;
  else for (let word = (row * rowBytes) / 4; word < ((row + 1) * rowBytes) / 4; word += 1) words[word] = 0;
}

/** Puts a text into its row. */
export function putText(column: HeldColumn, row: number, source: Uint8Array, from: number, to: number): void {
  const { words, bytes } = column;
  const word = row * TEXT_WORDS;
  const length = to - from;
  words[word] = length;
  words[word + 1] = 0;
  words[word + 2] = 0;
  words[word + 3] = 0;
  const held = length <= SHORT_BYTES ? length : 4;
  let at = word * 4 + 4;
  for (let i = from; i < from + held; i += 1, at += 1) bytes[at] = source[i] as number;
  if (length > SHORT_BYTES) words[word + 2] = column.long.add(source, from, to);
}

/** Some rows of a column; the first is a multiple of 32. */
export function cellsOf(column: HeldColumn, from: number, rows: number): Cells {
  const { rowBytes, bytes, validity, missing } = column;
  return {
    rows,
    bytes: bytes.subarray(from * rowBytes, (from + rows) * rowBytes),
    validity: missing ? validity.subarray(from / 32, Math.ceil((from + rows) / 32)) : null,
  };
}

/** The rows of columns, as the engine gives them: some at a time. */
export function* chunksOf(columns: readonly HeldColumn[], rows: number): Generator<EngineVectors> {
  for (let from = 0; from < rows; from += CHUNK_ROWS) {
    const here = Math.min(CHUNK_ROWS, rows - from);
    const cells = (at: number): Cells => {
      const column = columns[at];
      if (column === undefined) throw new RangeError(`no column ${at} of ${columns.length}`);
      return cellsOf(column, from, here);
    };
    yield { rows: here, cells };
  }
}
