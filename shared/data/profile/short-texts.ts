/**
 * Columns of texts so short (12 bytes) that they lie within the engine's rows, counted where they lie: no text is made of
 * a row, and nothing is grouped by the engine. Codes, names of categories and keys are mostly such.
 */
import { type Cells, isPresent, SHORT_BYTES } from '../engine-vectors.ts';
import { insertWords } from './hyperloglog.ts';
import { type SeeText, type ShortTextTable, wordsOf } from './short-text-table.ts';
import type { TextCounts } from './working.ts';

const ROW_WORDS = 4;
/** The first bit of each byte: none is set in ASCII. */
const NOT_ASCII = 0x80808080;

/** What short texts are counted into. */
export interface ShortTextsInto {
  /** Null where only registers are kept. */
  table: ShortTextTable | null;
  /** From now on only registers are kept; they are returned. */
  readonly giveUp: () => Uint8Array;
  readonly add: (counted: TextCounts, nulls: number) => void;
}

/** How many code points a text has: a byte `10xxxxxx` belongs to the one before it. */
function codePoints(words: Uint32Array, at: number): number {
  const bytes = words[at] ?? 0;
  const [first, second, third] = [words[at + 1] ?? 0, words[at + 2] ?? 0, words[at + 3] ?? 0];
  if (((first | second | third) & NOT_ASCII) === 0) return bytes;
  let more = 0;
  for (const value of [first, second, third])
    for (let shift = 0; shift < 32; shift += 8) if (((value >>> shift) & 0xc0) === 0x80) more += 1;
  return bytes - more;
}

/** The lengths of texts, and how many there are. */
export class TextLengths {
  #rows = 0;
  #shortest = Number.POSITIVE_INFINITY;
  #longest = 0;
  #total = 0;

  get rows(): number {
    return this.#rows;
  }

  readonly see: SeeText = (words, at, rows) => {
    const length = codePoints(words, at);
    if (length < this.#shortest) this.#shortest = length;
    if (length > this.#longest) this.#longest = length;
    this.#total += length * rows;
    this.#rows += rows;
  };

  counts(): TextCounts {
    const isEmpty = this.#rows === 0;
    return {
      shortest: isEmpty ? null : this.#shortest,
      longest: isEmpty ? null : this.#longest,
      total: this.#total,
    };
  }
}

/** One column over the rows of a block; what it takes is kept apart until it is clear that no text is longer. */
export class ShortTextBlock {
  readonly #into: ShortTextsInto;
  readonly #cap: number;
  /** Of texts that are no longer counted one by one. */
  readonly #lengths = new TextLengths();
  #nulls = 0;

  constructor(into: ShortTextsInto, cap: number) {
    this.#into = into;
    this.#cap = cap;
  }

  /** Takes a chunk of the column; false where a text is too long: then nothing is to be taken of the block. */
  take(cells: Cells): boolean {
    const words = wordsOf(cells);
    const { rows, validity } = cells;
    let row = 0;
    const { table } = this.#into;
    if (table !== null) {
      row = table.take(words, cells, 0, this.#cap);
      if (row < rows) {
        if ((words[row * ROW_WORDS] ?? 0) > SHORT_BYTES) return false;
        this.#giveUp(table);
      }
    }
    this.#nulls += missing(rows, validity);
    if (row >= rows) return true;
    const registers = this.#into.giveUp();
    for (; row < rows; row += 1) {
      if (!isPresent(validity, row)) continue;
      const at = row * ROW_WORDS;
      const bytes = words[at] ?? 0;
      // Registers take a text twice without a trace, so that nothing has to be taken back.
      if (bytes > SHORT_BYTES) return false;
      insertWords(registers, words, at, 1 + ((bytes + 3) >> 2));
      this.#lengths.see(words, at, 1);
    }
    return true;
  }

  /** Keeps what was taken. */
  finish(): void {
    this.#into.table?.keep();
    this.#into.add(this.#lengths.counts(), this.#nulls);
  }

  #giveUp(table: ShortTextTable): void {
    const registers = this.#into.giveUp();
    const insert: SeeText = (words, at) => insertWords(registers, words, at, 1 + (((words[at] ?? 0) + 3) >> 2));
    const before = new TextLengths();
    for (const see of [insert, before.see]) table.seeKept(see);
    for (const see of [insert, this.#lengths.see]) table.seeFresh(see);
    this.#into.add(before.counts(), 0);
    this.#into.table = null;
  }
}

/** How many rows have no value. */
function missing(rows: number, validity: Uint32Array | null): number {
  if (validity === null) return 0;
  let count = 0;
  for (let row = 0; row < rows; row += 1) count += isPresent(validity, row) ? 0 : 1;
  return count;
}
