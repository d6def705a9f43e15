/**
 * Tables whose rows stand in this process's own memory, and stay there: a table function copies into each statement the
 * columns it asks for. A table of the engine would cost ten times as much to fill (1.5.5, 21 columns: 0.5 and 0.05 µs a row).
 */
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import type { ColumnType } from '../features/columns.ts';
import type { Bindings } from './column-batches.ts';
import { EngineError } from './engine-error.ts';
import { type EngineVectors, SHORT_BYTES } from './engine-vectors.ts';
import { CHUNK_ROWS, cellsOf, chunksOf, type HeldColumn, type NamedColumn } from './held-columns.ts';

type NodeApi = typeof import('@duckdb/node-api');

/** The raw functions that fill a vector. */
export interface FillingBindings extends Bindings {
  copy_data_to_vector(vector: unknown, at: number, source: ArrayBufferLike, from: number, bytes: number): void;
  copy_data_to_vector_validity(vector: unknown, at: number, source: ArrayBufferLike, from: number, bytes: number): void;
  vector_ensure_validity_writable(vector: unknown): void;
  vector_assign_string_element_len(vector: unknown, index: number, text: Uint8Array): void;
}

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

/** The tables that one engine's statements can read. */
export class HeldTables {
  readonly #held = new Map<number, Held>();
  readonly #ids = new Map<string, number>();
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
    const name = `${FUNCTION}(${id})`;
    this.#held.set(id, { columns, rows });
    this.#ids.set(name, id);
    const drop = (): void => {
      this.#held.delete(id);
      this.#ids.delete(name);
    };
    return { name, drop };
  }

  /** Some columns of a table, chunk by chunk; undefined where it is not one of these. */
  chunks(table: string, names: readonly string[]): Generator<EngineVectors> | undefined {
    const held = this.#held.get(this.#ids.get(table) ?? -1);
    if (held === undefined) return undefined;
    const columns = names.map((name) => {
      const column = held.columns.find((each) => each.name === name);
      if (column === undefined) throw new EngineError(`${table} has no column ${name}`, 'internal');
      return column;
    });
    return chunksOf(columns, held.rows);
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
      fill(this.#bindings, vector, column, from, rows);
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

function fill(bindings: FillingBindings, vector: unknown, column: HeldColumn, from: number, rows: number): void {
  const { bytes, validity } = cellsOf(column, from, rows);
  if (column.type === 'string' && !column.long.isEmpty) {
    const texts = withPlaces(bindings, vector, column, bytes);
    bindings.copy_data_to_vector(vector, 0, texts.buffer, texts.byteOffset, texts.byteLength);
  } else bindings.copy_data_to_vector(vector, 0, bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (validity === null || areAllPresent(validity)) return;
  bindings.vector_ensure_validity_writable(vector);
  bindings.copy_data_to_vector_validity(vector, 0, validity.buffer, validity.byteOffset, validity.byteLength);
}

const ALL_PRESENT = 0xffff_ffff;

function areAllPresent(validity: Uint32Array): boolean {
  for (let word = 0; word < validity.length; word += 1) if (validity[word] !== ALL_PRESENT) return false;
  return true;
}

// One chunk is filled at a time, from its first byte to its last, so that all share this.
const words = new Uint32Array(CHUNK_ROWS * 4);

/**
 * The words of texts of which some are long, as the vector is to have them. It is given the long ones of its rows as one
 * text, the first row's, and all rows point into it: one by one, a call each, would take ten times as long. A string's
 * layout is duckdb.h's duckdb_string_t.
 */
function withPlaces(bindings: FillingBindings, vector: unknown, column: HeldColumn, bytes: Uint8Array): Uint32Array {
  const held = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const texts = words.subarray(0, held.length);
  texts.set(held);
  let [first, end] = [-1, 0];
  for (let word = 0; word < held.length; word += 4) {
    const length = held[word] as number;
    if (length <= SHORT_BYTES) continue;
    const place = held[word + 2] as number;
    if (first < 0) first = place;
    end = place + length;
  }
  if (first < 0) return texts;
  bindings.vector_assign_string_element_len(vector, 0, column.long.bytes.subarray(first, end));
  const raw = bindings.vector_get_data(vector, 16);
  const [, , low = 0, high = 0] = new Uint32Array(raw.buffer, raw.byteOffset, 4);
  for (let word = 0; word < held.length; word += 4) {
    if ((held[word] as number) <= SHORT_BYTES) continue;
    const place = low + (held[word + 2] as number) - first;
    texts[word + 2] = place;
    texts[word + 3] = high + (place >= 2 ** 32 ? 1 : 0);
  }
  return texts;
}
