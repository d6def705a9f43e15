/** Typed columns of a block in this process's own memory: what the engine reads as a table, and who counts as arrays. */
import type { ColumnType } from '../features/columns.ts';
import { SHORT_BYTES } from './engine-vectors.ts';

/** Numbers, times or truth values (0 and 1), in the units of {@link ColumnType}; NaN stands for a missing value. */
export interface HeldValues {
  readonly type: Exclude<ColumnType, 'string'>;
  readonly values: Float64Array;
  /** Whether any is missing. */
  missing: boolean;
}

/** Four words a row, as the engine has them: the length in bytes, and the bytes up to 12 of them, filled up with zeros. */
export interface HeldTexts {
  readonly type: 'string';
  readonly words: Uint32Array;
  readonly bytes: Uint8Array;
  /** Whether any is missing: its length is {@link NO_TEXT}. */
  missing: boolean;
  /** The longer texts, one behind the other; a row has its first four bytes and its place, in the third word. */
  readonly long: LongTexts;
}

export type HeldColumn = HeldValues | HeldTexts;

export const NO_TEXT = 0xffff_ffff;
export const TEXT_WORDS = 4;

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
    this.#bytes.set(source.subarray(from, to), place);
    this.#length = length;
    return place;
  }
}

const VALUE_BYTES = 8;
const TEXT_BYTES = TEXT_WORDS * 4;

/** Memory for columns, used again: one piece for each block that is held at a time. */
export class HeldMemory {
  readonly #free: ArrayBuffer[] = [];

  /** Columns of so many rows that are yet to be filled, and the way to give their memory back. */
  take(types: readonly ColumnType[], rows: number): { readonly columns: HeldColumn[]; readonly release: () => void } {
    const bytes = types.reduce((sum, type) => sum + rows * (type === 'string' ? TEXT_BYTES : VALUE_BYTES), 0);
    const kept = this.#free.pop();
    // Blocks have about as many rows as each other; a little more room saves the next one from a new piece.
    const memory = kept !== undefined && kept.byteLength >= bytes ? kept : new ArrayBuffer(Math.ceil(bytes * 1.1));
    let at = 0;
    const columns = types.map((type): HeldColumn => {
      const from = at;
      if (type === 'string') {
        at += rows * TEXT_BYTES;
        const words = new Uint32Array(memory, from, rows * TEXT_WORDS);
        return { type, words, bytes: new Uint8Array(memory, from, at - from), missing: false, long: new LongTexts() };
      }
      at += rows * VALUE_BYTES;
      return { type, values: new Float64Array(memory, from, rows), missing: false };
    });
    return { columns, release: () => this.#free.push(memory) };
  }
}

/** Puts a text into its row. */
export function putText(column: HeldTexts, row: number, source: Uint8Array, from: number, to: number): void {
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
