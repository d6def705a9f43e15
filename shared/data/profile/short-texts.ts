/**
 * Columns of texts so short (12 bytes) that they lie within the engine's rows, counted where they lie: no text is made of
 * a row, and nothing is grouped by the engine. Codes, names of categories and keys are mostly such.
 */
import type { Engine } from '../engine.ts';
import type { ShortTexts } from '../engine-vectors.ts';
import { insertWords, type Registers } from './hyperloglog.ts';
import type { TextCell } from './text-column.ts';

const ROW_WORDS = 4;
const FIRST_SLOTS = 64;
/** The first bit of each byte: none is set in ASCII. */
const NOT_ASCII = 0x80808080;

/** A table of open addressing at most half full; a text takes four words, its length in bytes the first. */
interface Slots {
  readonly texts: Uint32Array;
  readonly counts: Float64Array;
  used: number;
}

const slots = (size: number): Slots => ({
  texts: new Uint32Array(size * ROW_WORDS),
  counts: new Float64Array(size),
  used: 0,
});

/** Where a text of `words` stands, or the free slot it would take. */
function slotOf({ texts, counts }: Slots, words: Uint32Array, at: number): number {
  const length = words[at] as number;
  const first = words[at + 1] as number;
  const second = words[at + 2] as number;
  const third = words[at + 3] as number;
  let hash = Math.imul(first ^ length, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b) ^ Math.imul(third, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  const mask = counts.length - 1;
  let slot = (hash ^ (hash >>> 13)) & mask;
  for (;;) {
    if (counts[slot] === 0) return slot;
    const held = slot * ROW_WORDS;
    if (texts[held + 1] === first && texts[held + 2] === second && texts[held + 3] === third && texts[held] === length)
      return slot;
    slot = (slot + 1) & mask;
  }
}

function put(table: Slots, words: Uint32Array, at: number, count: number): void {
  const slot = slotOf(table, words, at);
  if (table.counts[slot] === 0) {
    for (let word = 0; word < ROW_WORDS; word += 1) table.texts[slot * ROW_WORDS + word] = words[at + word] ?? 0;
    table.used += 1;
  }
  table.counts[slot] = (table.counts[slot] ?? 0) + count;
}

function grown(table: Slots): Slots {
  const larger = slots(table.counts.length * 2);
  for (const [slot, count] of table.counts.entries()) if (count > 0) put(larger, table.texts, slot * ROW_WORDS, count);
  return larger;
}

const insert = (registers: Registers, words: Uint32Array, at: number): void =>
  insertWords(registers, words, at, 1 + Math.ceil((words[at] ?? 0) / 4));

/** How many code points a text has: a byte `10xxxxxx` belongs to the one before it. */
function codePoints(words: Uint32Array, at: number): number {
  const bytes = words[at] ?? 0;
  let more = 0;
  for (let word = at + 1; word < at + ROW_WORDS; word += 1) {
    const value = words[word] ?? 0;
    if ((value & NOT_ASCII) === 0) continue;
    for (let shift = 0; shift < 32; shift += 8) if (((value >>> shift) & 0xc0) === 0x80) more += 1;
  }
  return bytes - more;
}

/** One column over the rows of a block; what it takes is kept apart until it is clear that no text was longer. */
class ShortColumn {
  readonly cell: TextCell;
  readonly #cap: number;
  #table: Slots | null;
  #present = 0;
  #shortest = Number.POSITIVE_INFINITY;
  #longest = 0;
  #total = 0;

  constructor(cell: TextCell, cap: number) {
    this.cell = cell;
    this.#cap = cap;
    this.#table = cell.tally.values.many() ? null : slots(FIRST_SLOTS);
  }

  take(texts: ShortTexts): void {
    const from = this.#table === null ? 0 : this.#count(texts, this.#table);
    if (from >= texts.rows) return;
    // Registers take a text twice without a trace, so that nothing has to be taken back.
    const registers = this.cell.tally.values.giveUp();
    for (let row = from; row < texts.rows; row += 1) {
      if (!texts.present(row)) continue;
      insert(registers, texts.words, row * ROW_WORDS);
      this.#measure(texts.words, row * ROW_WORDS, 1);
    }
  }

  finish(rows: number): void {
    const { tally } = this.cell;
    this.#forEach((words, at, count) => {
      this.#measure(words, at, count);
      const bytes = Buffer.from(words.buffer, words.byteOffset + (at + 1) * 4, words[at] ?? 0);
      tally.values.add(bytes.toString('utf8'), count);
    });
    const isEmpty = this.#present === 0;
    tally.add(
      {
        shortest: isEmpty ? null : this.#shortest,
        longest: isEmpty ? null : this.#longest,
        total: this.#total,
      },
      rows - this.#present,
    );
  }

  /** Counts until there are too many; returns how many rows it took. */
  #count({ words, rows, present }: ShortTexts, from: Slots): number {
    let table = from;
    for (let row = 0; row < rows; row += 1) {
      if (!present(row)) continue;
      put(table, words, row * ROW_WORDS, 1);
      if (table.used * 2 > table.counts.length) table = grown(table);
      if (table.used > this.#cap) {
        this.#table = table;
        this.#giveUp();
        return row + 1;
      }
    }
    this.#table = table;
    return rows;
  }

  #giveUp(): void {
    const registers = this.cell.tally.values.giveUp();
    this.#forEach((words, at, count) => {
      insert(registers, words, at);
      this.#measure(words, at, count);
    });
    this.#table = null;
  }

  #forEach(see: (words: Uint32Array, at: number, count: number) => void): void {
    const table = this.#table;
    if (table === null) return;
    for (const [slot, count] of table.counts.entries()) if (count > 0) see(table.texts, slot * ROW_WORDS, count);
  }

  #measure(words: Uint32Array, at: number, count: number): void {
    const length = codePoints(words, at);
    if (length < this.#shortest) this.#shortest = length;
    if (length > this.#longest) this.#longest = length;
    this.#total += length * count;
    this.#present += count;
  }
}

/** Counts those of the columns that hold short texts alone, over all rows; returns the others, of which nothing was taken. */
export async function countShortTexts(
  engine: Engine,
  table: string,
  rows: number,
  cells: readonly TextCell[],
  cap: number,
): Promise<TextCell[]> {
  const columns = cells.map((cell): ShortColumn | undefined =>
    cell.tally.long ? undefined : new ShortColumn(cell, cap),
  );
  const asked = columns.map((column, at) => (column === undefined ? 'NULL' : (cells[at]?.cell ?? 'NULL')));
  if (columns.some((column) => column !== undefined)) {
    for await (const vectors of engine.vectors(`SELECT ${asked.join(', ')} FROM ${table}`)) {
      for (const [at, column] of columns.entries()) {
        const texts = column && vectors.shortTexts(at);
        if (texts === undefined) columns[at] = undefined;
        else column?.take(texts);
      }
    }
  }
  return cells.filter((cell, at) => {
    const column = columns[at];
    if (column === undefined) cell.tally.long = true;
    else column.finish(rows);
    return column === undefined;
  });
}
