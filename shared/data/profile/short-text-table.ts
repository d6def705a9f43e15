/**
 * Counts texts so short (12 bytes) that they lie within the engine's rows, in a table of open addressing at most half
 * full. A text stands as the engine has it, in four words: its length in bytes, then the bytes, filled up with zeros.
 */
import type { Cells } from '../engine-vectors.ts';
import { SHORT_BYTES } from '../engine-vectors.ts';

const ROW_WORDS = 4;
const FIRST_SLOTS = 64;

/** Takes a text by its words, of which the first stands at a place, and how many rows have it. */
export type SeeText = (words: Uint32Array, at: number, rows: number) => void;

/** The words of a column of texts. */
export const wordsOf = ({ bytes, rows }: Cells): Uint32Array =>
  new Uint32Array(bytes.buffer, bytes.byteOffset, rows * ROW_WORDS);

/** Where the search for a text begins; what is beyond the table is masked by whoever asks. */
function hashOf(length: number, first: number, second: number, third: number): number {
  let hash = Math.imul(first ^ length, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b) ^ Math.imul(third, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

/** How often each short text came. What a block adds stands apart until it is kept. */
export class ShortTextTable {
  /** Of a free slot all words are 0; of another the first is the text's length, plus one. */
  #texts = new Uint32Array(FIRST_SLOTS * ROW_WORDS);
  #kept = new Float64Array(FIRST_SLOTS);
  #fresh = new Uint32Array(FIRST_SLOTS);
  #used = 0;

  /** How many different texts were met. */
  get size(): number {
    return this.#used;
  }

  /**
   * Counts texts from a row on, until more than `cap` are different or one is too long. Returns the row it came to, which
   * was not counted.
   */
  take(words: Uint32Array, { rows, validity }: Cells, from: number, cap: number): number {
    let row = from;
    while (row < rows && this.#used <= cap) {
      row = this.#takeKnown(words, rows, validity, row);
      if (row >= rows || (words[row * ROW_WORDS] ?? 0) > SHORT_BYTES) break;
      this.#add(words, row * ROW_WORDS);
    }
    return row;
  }

  /** Keeps what came since this was last called. */
  keep(): void {
    const [kept, fresh] = [this.#kept, this.#fresh];
    for (let slot = 0; slot < fresh.length; slot += 1) kept[slot] = (kept[slot] ?? 0) + (fresh[slot] ?? 0);
    fresh.fill(0);
  }

  /** Shows the texts that were kept. */
  seeKept(see: SeeText): void {
    this.#see(this.#kept, see);
  }

  /** Shows the texts that came since. */
  seeFresh(see: SeeText): void {
    this.#see(this.#fresh, see);
  }

  /** Counts texts that were met before; returns the row of the first that was not. */
  #takeKnown(words: Uint32Array, rows: number, validity: Uint32Array | null, from: number): number {
    const [texts, fresh] = [this.#texts, this.#fresh];
    const mask = fresh.length - 1;
    for (let row = from; row < rows; row += 1) {
      if (validity !== null && (((validity[row >> 5] ?? 0) >>> (row & 31)) & 1) === 0) continue;
      const at = row * ROW_WORDS;
      const stands = (words[at] ?? 0) + 1;
      const first = words[at + 1] ?? 0;
      const second = words[at + 2] ?? 0;
      const third = words[at + 3] ?? 0;
      let slot = hashOf(stands, first, second, third) & mask;
      for (;;) {
        const held = slot * ROW_WORDS;
        const length = texts[held] ?? 0;
        if (length === stands && texts[held + 1] === first && texts[held + 2] === second && texts[held + 3] === third)
          break;
        // Also of a text that is too long, which is in no slot: its words are a part of it and an address.
        if (length === 0) return row;
        slot = (slot + 1) & mask;
      }
      fresh[slot] = (fresh[slot] ?? 0) + 1;
    }
    return rows;
  }

  /** Takes up a text that was not met before; it is counted when its row comes again. */
  #add(words: Uint32Array, at: number): void {
    this.#used += 1;
    if (this.#used * 2 > this.#fresh.length) this.#grow();
    this.#place((words[at] ?? 0) + 1, words[at + 1] ?? 0, words[at + 2] ?? 0, words[at + 3] ?? 0);
  }

  #place(stands: number, first: number, second: number, third: number): number {
    const mask = this.#fresh.length - 1;
    let slot = hashOf(stands, first, second, third) & mask;
    while (this.#texts[slot * ROW_WORDS] !== 0) slot = (slot + 1) & mask;
    this.#texts.set([stands, first, second, third], slot * ROW_WORDS);
    return slot;
  }

  #grow(): void {
    const [texts, kept, fresh] = [this.#texts, this.#kept, this.#fresh];
    const size = fresh.length * 2;
    this.#texts = new Uint32Array(size * ROW_WORDS);
    this.#kept = new Float64Array(size);
    this.#fresh = new Uint32Array(size);
    for (let from = 0; from < fresh.length; from += 1) {
      const held = from * ROW_WORDS;
      if (texts[held] === 0) continue;
      const slot = this.#place(texts[held] ?? 0, texts[held + 1] ?? 0, texts[held + 2] ?? 0, texts[held + 3] ?? 0);
      this.#kept[slot] = kept[from] ?? 0;
      this.#fresh[slot] = fresh[from] ?? 0;
    }
  }

  #see(counts: Float64Array | Uint32Array, see: SeeText): void {
    const words = new Uint32Array(ROW_WORDS);
    for (const [slot, rows] of counts.entries()) {
      if (rows === 0) continue;
      words.set(this.#texts.subarray(slot * ROW_WORDS, (slot + 1) * ROW_WORDS));
      words[0] = (words[0] ?? 0) - 1;
      see(words, 0, rows);
    }
  }
}
