/**
 * Columns as the engine itself holds them, for whoever only counts: no cell is converted, and no text is made of a row.
 * Read as https://duckdb.org/docs/stable/internals/vector describes them.
 */
import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { Bindings } from './column-batches.ts';

/** Some rows of a query; its memory is the engine's, and gone when the next rows are asked for. */
export interface EngineVectors {
  readonly rows: number;
  /** The cells of a column, of so many bytes a row. */
  cells(column: number, rowBytes: RowBytes): Cells;
}

/** A truth value, a date, a number or timestamp, a text. */
export type RowBytes = 1 | 4 | 8 | 16;

/** A column of a chunk. */
export interface Cells {
  readonly rows: number;
  /** Row after row, aligned to eight bytes; a row without a value may hold anything. */
  readonly bytes: Uint8Array;
  /** A bit for each row, the lowest first; 0 is without a value. Null where all have one. */
  readonly validity: Uint32Array | null;
}

/** The longest text that lies within its row: its length in bytes, then the bytes, filled up with zeros. A longer one is held elsewhere. */
export const SHORT_BYTES = 12;

/** Whether a row has a value. */
export const isPresent = (validity: Uint32Array | null, row: number): boolean =>
  validity === null || (((validity[row >> 5] ?? 0) >>> (row & 31)) & 1) === 1;

/** The columns of a chunk. */
export function vectorsOf(bindings: Bindings, chunk: DuckDBDataChunk): EngineVectors {
  const rows = chunk.rowCount;
  return {
    rows,
    cells(column, rowBytes) {
      const vector = bindings.data_chunk_get_vector(chunk.chunk, column);
      const mask = bindings.vector_get_validity(vector, Math.ceil(rows / 64) * 8);
      return {
        rows,
        bytes: bindings.vector_get_data(vector, rows * rowBytes),
        validity: mask && new Uint32Array(mask.buffer, mask.byteOffset, mask.byteLength / 4),
      };
    },
  };
}
