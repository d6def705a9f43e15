/** Typed columns made of the engine's own memory. */
import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { Column, ColumnBatch } from '../features/columns.ts';
import { EngineError } from './engine-error.ts';
import type { ColumnSpec } from './sql.ts';

/** The few raw functions that hand over a vector's memory; node-api reads value by value, several times slower. */
export interface Bindings {
  data_chunk_get_vector(chunk: unknown, index: number): unknown;
  vector_get_data(vector: unknown, bytes: number): Uint8Array;
  vector_get_validity(vector: unknown, bytes: number): Uint8Array | null;
  /** The bytes a pointer within a vector's memory points to. */
  get_data_from_pointer(vectorMemory: ArrayBufferLike, at: number, bytes: number): Uint8Array;
}

const NO_NUMBERS = new Float64Array(0);
const NO_BYTES = new Uint8Array(0);

/** Fills typed columns chunk by chunk. */
export class BatchBuilder {
  readonly #specs: readonly ColumnSpec[];
  readonly #size: number;
  readonly #numbers: (Float64Array | undefined)[];
  readonly #bytes: (Uint8Array | undefined)[];
  readonly #texts: (string[] | undefined)[];
  readonly #nulls: (Uint8Array | undefined)[];
  rows = 0;

  constructor(specs: readonly ColumnSpec[], size: number) {
    this.#specs = specs;
    this.#size = size;
    this.#texts = specs.map(({ type }) => (type === 'string' ? [] : undefined));
    this.#bytes = specs.map(({ type }) => (type === 'boolean' ? new Uint8Array(size) : undefined));
    this.#numbers = specs.map(({ type }) =>
      type === 'string' || type === 'boolean' ? undefined : new Float64Array(size),
    );
    this.#nulls = specs.map(() => undefined);
  }

  get room(): number {
    return this.#size - this.rows;
  }

  take(bindings: Bindings, chunk: DuckDBDataChunk, from: number, rows: number): void {
    this.#specs.forEach((spec, index) => {
      const vector = bindings.data_chunk_get_vector(chunk.chunk, index);
      this.#takeNulls(index, bindings.vector_get_validity(vector, Math.ceil(chunk.rowCount / 64) * 8), from, rows);
      const numbers = this.#numbers[index];
      const bytes = this.#bytes[index];
      const texts = this.#texts[index];
      if (numbers !== undefined) this.#takeNumbers(bindings, spec, index, vector, chunk.rowCount, numbers, from, rows);
      else if (bytes !== undefined) {
        bytes.set(bindings.vector_get_data(vector, chunk.rowCount).subarray(from, from + rows), this.rows);
        this.#blank(index, bytes, rows);
      } else if (texts !== undefined) this.#takeTexts(bindings, chunk.rowCount, index, vector, texts, from, rows);
    });
    this.rows += rows;
  }

  finish(): ColumnBatch {
    const columns = this.#specs.map(({ name, type }, index): [string, Column] => {
      const nulls = this.#nulls[index]?.subarray(0, this.rows);
      if (type === 'string') return [name, { type, values: this.#texts[index] ?? [], nulls }];
      if (type === 'boolean')
        return [name, { type, values: (this.#bytes[index] ?? NO_BYTES).subarray(0, this.rows), nulls }];
      return [name, { type, values: (this.#numbers[index] ?? NO_NUMBERS).subarray(0, this.rows), nulls }];
    });
    // fromEntries defines each name as it is, `__proto__` too.
    return { rows: this.rows, columns: Object.fromEntries(columns) };
  }

  /** A validity mask has a bit for each row, the lowest first; 0 is null. */
  #takeNulls(index: number, validity: Uint8Array | null, from: number, rows: number): void {
    if (validity === null) return;
    for (let row = 0; row < rows; row += 1) {
      const at = from + row;
      if (((validity[at >> 3] ?? 0) >> (at & 7)) & 1) continue;
      let nulls = this.#nulls[index];
      if (nulls === undefined) {
        nulls = new Uint8Array(this.#size);
        this.#nulls[index] = nulls;
      }
      nulls[this.rows + row] = 1;
    }
  }

  #takeNumbers(
    bindings: Bindings,
    spec: ColumnSpec,
    index: number,
    vector: unknown,
    chunkRows: number,
    numbers: Float64Array,
    from: number,
    rows: number,
  ): void {
    const data = bindings.vector_get_data(vector, chunkRows * 8);
    numbers.set(new Float64Array(data.buffer, data.byteOffset, chunkRows).subarray(from, from + rows), this.rows);
    this.#blank(index, numbers, rows);
    if (spec.type !== 'integer') return;
    for (let row = this.rows; row < this.rows + rows; row += 1) {
      if (!Number.isSafeInteger(numbers[row])) {
        throw new EngineError(`column ${spec.name} holds an integer beyond 2^53`, 'input');
      }
    }
  }

  /** The memory of a null is whatever was there; typed columns hold 0. */
  #blank(index: number, values: Float64Array | Uint8Array, rows: number): void {
    const nulls = this.#nulls[index];
    if (nulls === undefined) return;
    for (let row = this.rows; row < this.rows + rows; row += 1) if (nulls[row] === 1) values[row] = 0;
  }

  /** A string is 16 bytes: its length, and the text itself up to 12 bytes; longer ones are elsewhere. */
  #takeTexts(
    bindings: Bindings,
    rowCount: number,
    index: number,
    vector: unknown,
    texts: string[],
    from: number,
    rows: number,
  ): void {
    const raw = bindings.vector_get_data(vector, rowCount * 16);
    const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
    const words = new Int32Array(raw.buffer, raw.byteOffset, rowCount * 4);
    const nulls = this.#nulls[index];
    const first = texts.length;
    const far: number[] = [];
    for (let row = 0; row < rows; row += 1) {
      const at = (from + row) * 4;
      const isShort = (words[at] ?? 0) <= INLINED;
      if (nulls !== undefined && nulls[this.rows + row] === 1) texts.push('');
      else if (isShort) texts.push(shortText(bytes, words, at));
      else {
        far.push(at);
        texts.push('');
      }
    }
    if (far.length === 0) return;
    const found = longTexts(bindings, words, far);
    far.forEach((at, index) => {
      texts[first + at / 4 - from] = found[index] ?? '';
    });
  }
}

/** Texts so close to each other are read as one: the bytes between them lie in pages that hold the texts. */
const MAX_GAP = 64;

/** Where a text stands. An address of a process has fewer than 53 bits (x86-64 and arm64: at most 52), so it is exact. */
const placeOf = (words: Int32Array, at: number): number =>
  ((words[at + 3] ?? 0) >>> 0) * 2 ** 32 + ((words[at + 2] ?? 0) >>> 0);

/**
 * Texts that stand elsewhere: the first of four words is the length, the last two are the place. To fetch what a pointer
 * points to costs a microsecond, and texts of a chunk mostly stand one behind the other: so they are fetched together.
 */
function longTexts(bindings: Bindings, words: Int32Array, far: readonly number[]): string[] {
  const texts: string[] = [];
  while (texts.length < far.length) {
    const start = far[texts.length] ?? 0;
    const base = placeOf(words, start);
    let end = base + (words[start] ?? 0);
    let next = texts.length + 1;
    for (; next < far.length; next += 1) {
      const at = far[next] ?? 0;
      const gap = placeOf(words, at) - end;
      if (gap < 0 || gap > MAX_GAP) break;
      end += gap + (words[at] ?? 0);
    }
    const run = bindings.get_data_from_pointer(words.buffer, words.byteOffset + start * 4 + 8, end - base);
    const bytes = Buffer.from(run.buffer, run.byteOffset, run.byteLength);
    for (let index = texts.length; index < next; index += 1) {
      const at = far[index] ?? 0;
      const offset = placeOf(words, at) - base;
      texts.push(bytes.toString('utf8', offset, offset + (words[at] ?? 0)));
    }
  }
  return texts;
}

/** The longest text, in bytes, that stands within the vector. */
const INLINED = 12;

/** Short texts read before, by their bytes: data repeats them, and making one costs more than to compare four words. */
const RECENT_SLOTS = 8192;
const recentWords = new Int32Array(RECENT_SLOTS * 4).fill(-1);
const recentTexts = new Array<string>(RECENT_SLOTS).fill('');

/** The text whose length and bytes are the four words at a place; the engine fills what is not text with zeros. */
function shortText(bytes: Buffer, words: Int32Array, at: number): string {
  const [size, a, b, c] = [words[at] ?? 0, words[at + 1] ?? 0, words[at + 2] ?? 0, words[at + 3] ?? 0];
  let mixed = Math.imul(size ^ a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35);
  mixed ^= mixed >>> 15;
  const slot = mixed & (RECENT_SLOTS - 1);
  const kept = slot * 4;
  if (
    recentWords[kept] === size &&
    recentWords[kept + 1] === a &&
    recentWords[kept + 2] === b &&
    recentWords[kept + 3] === c
  ) {
    return recentTexts[slot] ?? '';
  }
  const text = bytes.toString('utf8', at * 4 + 4, at * 4 + 4 + size);
  recentWords[kept] = size;
  recentWords[kept + 1] = a;
  recentWords[kept + 2] = b;
  recentWords[kept + 3] = c;
  recentTexts[slot] = text;
  return text;
}
