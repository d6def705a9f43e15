/** Clean text on its way: whole records in pieces, with the places of their cells, in memory that is used again. */
import { LF } from './csv-record.ts';

const MIB = 1024 * 1024;
/** How much clean text a piece holds at most; a longer record is a piece of its own. */
export const PIECE_BYTES = MIB;
/** Cells of two bytes, delimiter included, still have their places; of a text that is hardly more than delimiters none are kept. */
const MOST_PLACES = PIECE_BYTES / 2;
/** Below this a loop copies faster than a call does. */
const SHORT_RECORD_BYTES = 96;
/** Room for the line number, the delimiter and the line feed that are put around a record. */
const FRAME_BYTES = 32;
const MOST_LINES = 2 ** 32;
const MOST_WORD = 2 ** 31 - 1;

/**
 * Where the cells of a piece stand. A record has `width + 2` numbers: its physical line, where each of its cells begins,
 * and where a next one would: a cell ends one byte before the next begins.
 */
export interface CellPlaces {
  readonly width: number;
  readonly places: Uint32Array;
}

/** Whole records of clean text, and who has it until it is released. */
export interface CleanPiece {
  readonly bytes: Buffer;
  readonly records: number;
  /** Undefined where they were not kept. */
  readonly cells: CellPlaces | undefined;
  /** Gives the memory back: neither bytes nor places are read any more. Who never does keeps it. */
  readonly release: () => void;
}

interface Memory {
  readonly bytes: Buffer;
  readonly places: Uint32Array;
}

/** Memory that was released. */
class Shelf {
  readonly #free: Memory[] = [];

  take(): Memory {
    return this.#free.pop() ?? { bytes: Buffer.allocUnsafeSlow(PIECE_BYTES), places: new Uint32Array(MOST_PLACES) };
  }

  /** Twice is once. */
  returnOf(memory: Memory): () => void {
    let isOut = true;
    return () => {
      if (isOut) this.#free.push(memory);
      isOut = false;
    };
  }
}

/** Puts records together to pieces. The same records come in the same pieces. */
export class CleanPieces {
  readonly #shelf = new Shelf();
  #memory: Memory | undefined;
  #length = 0;
  #placed = 0;
  #records = 0;
  /** How many cells the records have. */
  #width = 0;
  #arePlaced = true;
  /** The longest record so far, in bytes, without its line end. */
  longest = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Whether a record of so many bytes has room in the piece that is begun. */
  hasRoom(bytes: number): boolean {
    return this.#length + bytes + FRAME_BYTES <= PIECE_BYTES;
  }

  /**
   * Takes a record, with its line, for which there is room.
   * @param marks Where in `from` each of its cells begins, and where a next one would.
   */
  add(record: Buffer, from: number, to: number, marks: Uint32Array, line: number, delimiter: number): void {
    this.#memory ??= this.#shelf.take();
    const { bytes, places } = this.#memory;
    const first = this.#length;
    let at = writeInteger(bytes, first, line);
    bytes[at] = delimiter;
    at += 1;
    const shift = at - from;
    if (to - from < SHORT_RECORD_BYTES) {
      for (let i = from; i < to; i += 1, at += 1) bytes[at] = record[i] as number;
    } else {
      record.copy(bytes, at, from, to);
      at += to - from;
    }
    bytes[at] = LF;
    if (at - first > this.longest) this.longest = at - first;
    this.#length = at + 1;
    this.#records += 1;
    const count = marks.length;
    let place = this.#placed;
    if (this.#records === 1) this.#width = count - 1;
    // Places are of use where the records of a piece all have as many cells.
    if (count - 1 !== this.#width || place + count >= MOST_PLACES || line >= MOST_LINES) {
      this.#arePlaced = false;
      return;
    }
    places[place] = line;
    place += 1;
    for (let mark = 0; mark < count; mark += 1, place += 1) places[place] = (marks[mark] as number) + shift;
    this.#placed = place;
  }

  /** What has been put together; it is not empty. */
  take(): CleanPiece {
    const memory = this.#memory ?? this.#shelf.take();
    const piece = {
      bytes: memory.bytes.subarray(0, this.#length),
      records: this.#records,
      cells: this.#arePlaced ? { width: this.#width, places: memory.places.subarray(0, this.#placed) } : undefined,
      release: this.#shelf.returnOf(memory),
    };
    this.#memory = undefined;
    this.#length = 0;
    this.#placed = 0;
    this.#records = 0;
    this.#arePlaced = true;
    return piece;
  }

  /** A record that is longer than a piece, as a piece of its own. */
  long(record: Buffer, marks: Uint32Array, line: number, delimiter: number): CleanPiece {
    const head = Buffer.from(`${line}${String.fromCharCode(delimiter)}`);
    const bytes = Buffer.concat([head, record, Buffer.from([LF])]);
    this.longest = Math.max(this.longest, bytes.length - 1);
    const places = Uint32Array.of(line, ...marks.map((mark) => mark + head.length));
    const cells = line < MOST_LINES ? { width: marks.length - 1, places } : undefined;
    return { bytes, records: 1, cells, release: () => undefined };
  }
}

/** Writes the decimal digits of a whole number and returns where they end. */
function writeInteger(out: Buffer, at: number, value: number): number {
  let digits = 1;
  for (let power = 10; value >= power; power *= 10) digits += 1;
  let rest = value;
  let i = at + digits - 1;
  for (; rest > MOST_WORD; i -= 1) {
    const next = Math.floor(rest / 10);
    out[i] = 48 + (rest - next * 10);
    rest = next;
  }
  // Of words of 32 bits V8 makes a division by ten a multiplication.
  for (; i >= at; i -= 1) {
    const next = (rest / 10) | 0;
    out[i] = 48 + (rest - next * 10);
    rest = next;
  }
  return at + digits;
}
