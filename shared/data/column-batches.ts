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
      } else if (texts !== undefined) this.#takeTexts(bindings, chunk, index, vector, texts, from, rows);
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
    chunk: DuckDBDataChunk,
    index: number,
    vector: unknown,
    texts: string[],
    from: number,
    rows: number,
  ): void {
    const raw = bindings.vector_get_data(vector, chunk.rowCount * 16);
    const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
    const nulls = this.#nulls[index];
    let slow: { getItem(row: number): unknown } | undefined;
    for (let row = 0; row < rows; row += 1) {
      if (nulls !== undefined && nulls[this.rows + row] === 1) {
        texts.push('');
        continue;
      }
      const at = (from + row) * 16;
      const length = bytes.readUInt32LE(at);
      if (length <= 12) {
        texts.push(bytes.toString('utf8', at + 4, at + 4 + length));
      } else {
        slow ??= chunk.getColumnVector(index);
        texts.push(String(slow.getItem(from + row)));
      }
    }
  }
}
