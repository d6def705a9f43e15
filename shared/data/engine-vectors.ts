/**
 * Columns as the engine itself holds them, for whoever only counts: nothing is copied, and no text is made of a row. Read
 * as https://duckdb.org/docs/stable/internals/vector describes them.
 */
import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { Bindings } from './column-batches.ts';
import { EngineError } from './engine-error.ts';

/** Some rows of a query; its memory is the engine's, and gone when the next rows are asked for. */
export interface EngineVectors {
  readonly rows: number;
  /** A column of doubles. @throws EngineError where a row has none */
  doubles(column: number): Float64Array;
  /** A column of texts of at most 12 bytes; undefined where one is longer. */
  shortTexts(column: number): ShortTexts | undefined;
}

/** A column of texts. */
export interface ShortTexts {
  readonly rows: number;
  /** Four words a row: the length in bytes, then the bytes, filled up with zeros. */
  readonly words: Uint32Array;
  /** Whether a row has a value. */
  readonly present: (row: number) => boolean;
}

/** The longest text that lies within its row; a longer one is held elsewhere. */
export const SHORT_BYTES = 12;
const TEXT_ROW_BYTES = 16;

/** The columns of a chunk. */
export function vectorsOf(bindings: Bindings, chunk: DuckDBDataChunk): EngineVectors {
  const rows = chunk.rowCount;
  const vectorOf = (column: number) => {
    const vector = bindings.data_chunk_get_vector(chunk.chunk, column);
    // A bit for each row, the lowest first; no mask where all have a value.
    const validity = bindings.vector_get_validity(vector, Math.ceil(rows / 64) * 8);
    const present = (row: number): boolean => validity === null || (((validity[row >> 3] ?? 0) >> (row & 7)) & 1) === 1;
    return { vector, validity, present };
  };
  return {
    rows,
    doubles(column) {
      const { vector, validity, present } = vectorOf(column);
      for (let row = 0; validity !== null && row < rows; row += 1) {
        if (!present(row)) throw new EngineError(`a row without a value in column ${column} of doubles`, 'internal');
      }
      const data = bindings.vector_get_data(vector, rows * 8);
      return new Float64Array(data.buffer, data.byteOffset, rows);
    },
    shortTexts(column) {
      const { vector, present } = vectorOf(column);
      const data = bindings.vector_get_data(vector, rows * TEXT_ROW_BYTES);
      const words = new Uint32Array(data.buffer, data.byteOffset, rows * 4);
      for (let row = 0; row < rows; row += 1) {
        const length = words[row * 4] ?? 0;
        if (length > SHORT_BYTES && present(row)) return undefined;
      }
      return { rows, words, present };
    },
  };
}
