/**
 * Tables whose rows stand in this process's own memory, and stay there: a table function copies into each statement the
 * columns it asks for. A table of the engine would cost ten times as much to fill (1.5.5, 21 columns: 0.5 and 0.05 µs a row).
 */
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import type { ColumnType } from '../features/columns.ts';
import type { Bindings } from './column-batches.ts';
import { EngineError } from './engine-error.ts';
import { SHORT_BYTES } from './engine-vectors.ts';
import { type HeldColumn, type HeldTexts, type HeldValues, NO_TEXT, TEXT_WORDS } from './held-columns.ts';

type NodeApi = typeof import('@duckdb/node-api');

/** The raw functions that fill a vector. */
export interface FillingBindings extends Bindings {
  copy_data_to_vector(vector: unknown, at: number, source: ArrayBufferLike, from: number, bytes: number): void;
  copy_data_to_vector_validity(vector: unknown, at: number, source: ArrayBufferLike, from: number, bytes: number): void;
  vector_ensure_validity_writable(vector: unknown): void;
  vector_assign_string_element_len(vector: unknown, index: number, text: Uint8Array): void;
}

/** A column and its name in SQL. */
export type NamedColumn = HeldColumn & { readonly name: string };

interface Held {
  readonly columns: readonly NamedColumn[];
  readonly rows: number;
}

interface Scan extends Held {
  readonly asked: readonly number[];
  /** How far the rows have been read. */
  at: number;
}

const FUNCTION = 'held_rows';
/** The engine's vector size: no chunk has more rows. */
const CHUNK_ROWS = 2048;

/** The tables that one engine's statements can read. */
export class HeldTables {
  readonly #held = new Map<number, Held>();
  readonly #bindings: FillingBindings;
  #count = 0;

  constructor(api: NodeApi, bindings: FillingBindings, connection: DuckDBConnection) {
    this.#bindings = bindings;
    const scans = new WeakMap<object, Scan>();
    connection.registerTableFunction(
      api.DuckDBTableFunction.create({
        name: FUNCTION,
        parameterTypes: [api.BIGINT],
        supportsProjectionPushdown: true,
        bindFunction: (info) => {
          const id = Number(info.getParameter(0));
          const held = this.#held.get(id);
          if (held === undefined) {
            info.setError(`no rows are held as ${id}`);
            return;
          }
          for (const { name, type } of held.columns) info.addResultColumn(name, databaseType(api, type));
          info.setCardinality(held.rows, true);
          info.setBindData(held);
        },
        initFunction: (info) => {
          // Rows come in their order, so one thread reads them.
          info.setMaxThreads(1);
          const held = this.#heldOf(info.getBindData());
          const state = {};
          scans.set(state, { ...held, asked: info.getColumnIndexes(), at: 0 });
          info.setInitData(state);
        },
        mainFunction: (info, chunk) => {
          const scan = scans.get(info.getInitData() ?? {});
          if (scan === undefined) info.setError('a scan that was not begun');
          else this.#fill(scan, chunk);
        },
      }),
    );
  }

  /** Makes columns a table, whose memory must stand until it is dropped. Returns its SQL and what drops it. */
  hold(columns: readonly NamedColumn[], rows: number): { readonly name: string; readonly drop: () => void } {
    const id = this.#count;
    this.#count += 1;
    this.#held.set(id, { columns, rows });
    return { name: `${FUNCTION}(${id})`, drop: () => this.#held.delete(id) };
  }

  #heldOf(bindData: object | undefined): Held {
    for (const held of this.#held.values()) if (held === bindData) return held;
    throw new EngineError('a table that is no longer held', 'internal');
  }

  #fill(scan: Scan, chunk: DuckDBDataChunk): void {
    const from = scan.at;
    const rows = Math.min(CHUNK_ROWS, scan.rows - from);
    scan.at += rows;
    chunk.rowCount = rows;
    if (rows === 0) return;
    for (const [place, index] of scan.asked.entries()) {
      const column = scan.columns[index];
      if (column === undefined) throw new EngineError(`no column ${index} is held`, 'internal');
      const vector = this.#bindings.data_chunk_get_vector(chunk.chunk, place);
      if (column.type === 'string') fillTexts(this.#bindings, vector, column, from, rows);
      else fillValues(this.#bindings, vector, column, from, rows);
    }
  }
}

function databaseType(api: NodeApi, type: ColumnType) {
  const types = {
    integer: api.BIGINT,
    number: api.DOUBLE,
    string: api.VARCHAR,
    boolean: api.BOOLEAN,
    timestamp: api.TIMESTAMP,
    date: api.DATE,
  } as const satisfies Record<ColumnType, unknown>;
  return types[type];
}

// One chunk at a time is filled, from its first byte to its last, so that all share this.
const words = new Uint32Array(CHUNK_ROWS * TEXT_WORDS);
const days = new Int32Array(words.buffer);
const truths = new Uint8Array(words.buffer);
const mask = new Uint32Array(CHUNK_ROWS / 32);

function fillValues(bindings: FillingBindings, vector: unknown, column: HeldValues, from: number, rows: number): void {
  const { type, values } = column;
  if (type === 'number') {
    bindings.copy_data_to_vector(vector, 0, values.buffer, values.byteOffset + from * 8, rows * 8);
  } else if (type === 'date') {
    for (let row = 0; row < rows; row += 1) days[row] = values[from + row] as number;
    bindings.copy_data_to_vector(vector, 0, words.buffer, 0, rows * 4);
  } else if (type === 'boolean') {
    for (let row = 0; row < rows; row += 1) truths[row] = values[from + row] as number;
    bindings.copy_data_to_vector(vector, 0, words.buffer, 0, rows);
  } else {
    // A typed array takes of a whole number what is left modulo 2^32 (ECMA-262, ToUint32), of NaN 0.
    for (let row = 0; row < rows; row += 1) {
      const value = values[from + row] as number;
      words[row * 2] = value;
      words[row * 2 + 1] = Math.floor(value / 2 ** 32);
    }
    bindings.copy_data_to_vector(vector, 0, words.buffer, 0, rows * 8);
  }
  if (column.missing) fillMask(bindings, vector, rows, (row) => !Number.isNaN(values[from + row]));
}

/** A bit for each row, the lowest first; 0 is null. */
function fillMask(bindings: FillingBindings, vector: unknown, rows: number, present: (row: number) => boolean): void {
  mask.fill(0xffff_ffff);
  let missing = 0;
  for (let row = 0; row < rows; row += 1) {
    if (present(row)) continue;
    mask[row >> 5] = (mask[row >> 5] as number) & ~(1 << (row & 31));
    missing += 1;
  }
  if (missing === 0) return;
  bindings.vector_ensure_validity_writable(vector);
  bindings.copy_data_to_vector_validity(vector, 0, mask.buffer, 0, Math.ceil(rows / 64) * 8);
}

/** A text is four words: its length, and itself up to 12 bytes; or its first four bytes and where it stands. */
function fillTexts(bindings: FillingBindings, vector: unknown, column: HeldTexts, from: number, rows: number): void {
  const held = column.words.subarray(from * TEXT_WORDS, (from + rows) * TEXT_WORDS);
  if (!column.missing && column.long.isEmpty) {
    bindings.copy_data_to_vector(vector, 0, held.buffer, held.byteOffset, held.byteLength);
    return;
  }
  words.set(held);
  let [first, end] = [-1, 0];
  for (let word = 0; word < held.length; word += TEXT_WORDS) {
    const length = held[word] as number;
    if (length === NO_TEXT) words.fill(0, word, word + TEXT_WORDS);
    else if (length > SHORT_BYTES) {
      const place = held[word + 2] as number;
      if (first < 0) first = place;
      end = place + length;
    }
  }
  if (first >= 0) placeLong(bindings, vector, column.long.bytes.subarray(first, end), held, first);
  bindings.copy_data_to_vector(vector, 0, words.buffer, 0, held.byteLength);
  if (column.missing) fillMask(bindings, vector, rows, (row) => held[row * TEXT_WORDS] !== NO_TEXT);
}

/**
 * Gives the vector the long texts of its rows as one text, the first row's, and points all rows into it. One by one, a call
 * each, would take ten times as long. A string's layout is duckdb.h's duckdb_string_t.
 */
function placeLong(bindings: FillingBindings, vector: unknown, texts: Buffer, held: Uint32Array, first: number): void {
  bindings.vector_assign_string_element_len(vector, 0, texts);
  const raw = bindings.vector_get_data(vector, TEXT_WORDS * 4);
  const [, , low = 0, high = 0] = new Uint32Array(raw.buffer, raw.byteOffset, TEXT_WORDS);
  for (let word = 0; word < held.length; word += TEXT_WORDS) {
    const length = held[word] as number;
    if (length === NO_TEXT || length <= SHORT_BYTES) continue;
    const place = low + (held[word + 2] as number) - first;
    words[word + 2] = place;
    words[word + 3] = high + (place >= 2 ** 32 ? 1 : 0);
  }
}
