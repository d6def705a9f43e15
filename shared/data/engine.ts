/**
 * The data engine: DuckDB in the process, behind a narrow interface. It is trusted with what is set-wise (reading
 * Parquet, counting, aggregating, writing Parquet), never with guessing what a text file means.
 */
import { createRequire } from 'node:module';
import { setImmediate } from 'node:timers/promises';
import type { DuckDBConnection, DuckDBDataChunk, DuckDBInstance, DuckDBResult } from '@duckdb/node-api';
import type { Column, ColumnBatch, ColumnType } from '../features/columns.ts';
import { BatchBuilder } from './column-batches.ts';
import { EngineError, translated } from './engine-error.ts';
import { type FillingBindings, HeldTables } from './engine-held.ts';
import { type EngineVectors, vectorsOf } from './engine-vectors.ts';
import type { HeldColumn, NamedColumn } from './held-columns.ts';
import { holdChunk } from './held-rows.ts';
import { type ColumnSpec, columnTypeOf, DATABASE_TYPES, identifier, literal } from './sql.ts';

export { EngineError } from './engine-error.ts';
export { identifier, literal } from './sql.ts';

/** A value of a query's small result. */
type EngineValue = string | number | bigint | boolean | null;

/** One row of a query's small result, by column name. */
export type EngineRow = Readonly<Record<string, EngineValue>>;

/** Settings of {@link openEngine}. */
export interface EngineOptions {
  /**
   * The engine's own limit. It does not bound the process: keep it at 40 to 50 % of the function's memory (measured:
   * aggregate states and result buffers come on top).
   */
  readonly memoryLimitMb: number;
  /** Where the engine may spill. */
  readonly tempDirectory: string;
  /** One by default: with more, float sums and approximate counts differ from run to run. */
  readonly threads?: number;
}

/** A query's rows, kept by the engine (in memory, or spilled) until they are dropped. */
export interface EngineTable {
  /** SQL that can stand after FROM. */
  readonly name: string;
  readonly rows: number;
  drop(): Promise<void>;
}

/** The engine. Texts of SQL come from this folder alone; values of users enter through {@link identifier} and {@link literal}. */
export interface Engine {
  /** Runs a statement and returns its (small) result. Statements that are asked for at the same time run side by side. */
  query(sql: string): Promise<EngineRow[]>;
  /** Keeps a query's rows, in their order. */
  table(sql: string): Promise<EngineTable>;
  /** Columns of so many rows as a table that reads them where they stand; they stay as they are until it is dropped. */
  hold(columns: readonly NamedColumn[], rows: number): EngineTable;
  /** Names and database types of a query's columns, without running it. */
  describe(sql: string): Promise<{ name: string; databaseType: string }[]>;
  /**
   * Streams a query's columns as typed columns, `batchSize` rows at a time (the last batch may be shorter). Each column
   * must have a type of {@link columnTypeOf}; integers beyond 2^53 are an error, since they would not be exact.
   */
  columns(sql: string, batchSize: number): AsyncGenerator<ColumnBatch>;
  /** Streams a query's columns as the engine holds them, some 2,000 rows at a time, for whoever only counts. */
  vectors(sql: string): AsyncGenerator<EngineVectors>;
  /**
   * Puts a query's rows into columns that stand in its order. It may have truths behind them: `flags` says at which place, for
   * columns of which one tells that the row has to have a value.
   * @returns The number of rows; undefined where such a row has none, or there are more bytes of text than are held so.
   */
  fill(
    sql: string,
    columns: readonly HeldColumn[],
    flags: readonly (number | undefined)[],
  ): Promise<number | undefined>;
  /** Streams columns of a table, by their SQL names, as the engine holds them; those of a held one where they stand. */
  cells(table: string, columns: readonly string[]): AsyncGenerator<EngineVectors>;
  /** Writes a query's rows, in their order, to a Parquet file, and returns their number. */
  copyToParquet(sql: string, path: string): Promise<number>;
  /** A table to which columns are appended, and that becomes a Parquet file. */
  parquetWriter(columns: readonly ColumnSpec[], path: string): Promise<ParquetWriter>;
  /** Closes the engine; whatever is running is abandoned. */
  close(): void;
}

/** Collects typed columns and writes them to a Parquet file. */
export interface ParquetWriter {
  /** Appends the rows `from` to `to` (exclusive) of columns in the order the writer was made with. */
  append(columns: readonly Column[], from: number, to: number): void;
  /** Writes the file and lets go of the memory. Returns the number of rows. */
  finish(): Promise<number>;
}

/** How a typed column is asked for, so that its bytes can be taken as they are: doubles, bytes, or text. */
const FETCH: Record<ColumnType, (name: string) => string> = {
  integer: (name) => `${name}::DOUBLE`,
  number: (name) => name,
  string: (name) => name,
  boolean: (name) => name,
  timestamp: (name) => `epoch_us(${name})::DOUBLE`,
  date: (name) => `datediff('day', DATE '1970-01-01', ${name})::DOUBLE`,
};

/** Texts of a column that are written as places in a dictionary, if they are no more different ones. */
const DICTIONARY_VALUES = 5000;
/**
 * While a file is written a dictionary takes 1 to 1.3 MB for each column of text, however few its rows (1.5.5: 500 columns
 * of 120 rows need more than 500 MB, and without dictionaries less than 150). A wide table has none.
 */
const MOST_DICTIONARIES = 100;

type NodeApi = typeof import('@duckdb/node-api');

interface Native {
  readonly api: NodeApi;
  readonly bindings: FillingBindings;
}

let native: Native | undefined;

/**
 * Loads the engine when it is first needed: it takes about 0.2 s. By `require`, because a Lambda layer's modules are
 * found by NODE_PATH, which `import` does not read
 * (https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html). A CommonJS bundle has `__filename`, a module run
 * from its source has `import.meta.url`.
 */
function load(): Native {
  if (native === undefined) {
    const require = createRequire(typeof __filename === 'string' ? __filename : import.meta.url);
    const api: NodeApi = require('@duckdb/node-api');
    const bindings: FillingBindings = createRequire(require.resolve('@duckdb/node-api'))('@duckdb/node-bindings');
    native = { api, bindings };
  }
  return native;
}

/** Opens an engine in memory. Nothing is ever fetched from the network: extensions are neither installed nor loaded. */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { api, bindings } = load();
  const instance = await api.DuckDBInstance.create(':memory:', {
    threads: String(options.threads ?? 1),
    memory_limit: `${options.memoryLimitMb}MB`,
    temp_directory: options.tempDirectory,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    preserve_insertion_order: 'true',
    // What is read from a file is read once, and the system keeps it as far as there is room.
    enable_external_file_cache: 'false',
  });
  const connection = await instance.connect();
  // Times without an offset are UTC, and offsets are turned into UTC.
  await connection.run("SET GLOBAL TimeZone = 'UTC'");
  return new DuckDbEngine(api, bindings, instance, connection);
}

class DuckDbEngine implements Engine {
  readonly #api: NodeApi;
  readonly #bindings: FillingBindings;
  readonly #instance: DuckDBInstance;
  /** Every connection there is; a connection runs one statement at a time. */
  readonly #connections: DuckDBConnection[];
  /** Those that run nothing. */
  readonly #idle: DuckDBConnection[];
  readonly #held: HeldTables;
  #tables = 0;

  constructor(api: NodeApi, bindings: FillingBindings, instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#api = api;
    this.#bindings = bindings;
    this.#instance = instance;
    this.#connections = [connection];
    this.#idle = [connection];
    this.#held = new HeldTables(api, bindings, connection);
  }

  /** Lends a connection that nobody else uses meanwhile. */
  async #borrow<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    let connection = this.#idle.pop();
    if (connection === undefined) {
      connection = await translated(() => this.#instance.connect());
      this.#connections.push(connection);
    }
    try {
      return await work(connection);
    } finally {
      this.#idle.push(connection);
    }
  }

  async query(sql: string): Promise<EngineRow[]> {
    const reader = await this.#borrow((connection) => translated(() => connection.runAndReadAll(sql)));
    return reader.getRowObjects().map((row) => {
      const plain: Record<string, EngineValue> = {};
      for (const [name, value] of Object.entries(row)) plain[name] = plainValue(name, value);
      return plain;
    });
  }

  async table(sql: string): Promise<EngineTable> {
    const name = `kept_${this.#tables}`;
    this.#tables += 1;
    const [row] = await this.query(`CREATE TABLE ${name} AS ${sql}`);
    return {
      name,
      rows: Number(row?.Count ?? 0),
      drop: async () => {
        await this.query(`DROP TABLE ${name}`);
      },
    };
  }

  hold(columns: readonly NamedColumn[], rows: number): EngineTable {
    const { name, drop } = this.#held.hold(columns, rows);
    return { name, rows, drop: async () => drop() };
  }

  async describe(sql: string): Promise<{ name: string; databaseType: string }[]> {
    const rows = await this.query(`SELECT column_name, column_type FROM (DESCRIBE ${sql})`);
    return rows.map((row) => ({ name: String(row.column_name), databaseType: String(row.column_type) }));
  }

  async *columns(sql: string, batchSize: number): AsyncGenerator<ColumnBatch> {
    const described = await this.describe(sql);
    const specs = described.map(({ name, databaseType }) => {
      const type = columnTypeOf(databaseType);
      if (type === undefined)
        throw new EngineError(`column ${name} is ${databaseType}, not a typed column`, 'internal');
      return { name, type };
    });
    const fetched = specs.map(({ name, type }) => `${FETCH[type](identifier(name))} AS ${identifier(name)}`);
    // A stream ends, without a word, when its connection runs something else; so each has its own.
    const connection = await translated(() => this.#instance.connect());
    try {
      const result = await translated(() => connection.stream(`SELECT ${fetched.join(', ')} FROM (${sql})`));
      let batch = new BatchBuilder(specs, batchSize);
      for (;;) {
        const chunk = await translated(() => fetchChunk(result));
        if (chunk === undefined) break;
        let from = 0;
        while (from < chunk.rowCount) {
          const rows = Math.min(chunk.rowCount - from, batch.room);
          batch.take(this.#bindings, chunk, from, rows);
          from += rows;
          if (batch.room === 0) {
            yield batch.finish();
            batch = new BatchBuilder(specs, batchSize);
          }
        }
      }
      if (batch.rows > 0) yield batch.finish();
    } finally {
      connection.closeSync();
    }
  }

  async fill(
    sql: string,
    columns: readonly HeldColumn[],
    flags: readonly (number | undefined)[],
  ): Promise<number | undefined> {
    let rows = 0;
    for await (const chunk of this.#chunks(sql)) {
      if (!holdChunk(this.#bindings, chunk, columns, flags, rows)) return undefined;
      rows += chunk.rowCount;
    }
    return rows;
  }

  async *vectors(sql: string): AsyncGenerator<EngineVectors> {
    for await (const chunk of this.#chunks(sql)) yield vectorsOf(this.#bindings, chunk);
  }

  async *#chunks(sql: string): AsyncGenerator<DuckDBDataChunk> {
    // As with columns: a stream's connection must run nothing else meanwhile.
    const connection = await translated(() => this.#instance.connect());
    try {
      const result = await translated(() => connection.stream(sql));
      for (;;) {
        const chunk = await translated(() => fetchChunk(result));
        if (chunk === undefined) break;
        yield chunk;
      }
    } finally {
      connection.closeSync();
    }
  }

  async *cells(table: string, columns: readonly string[]): AsyncGenerator<EngineVectors> {
    const chunks = this.#held.chunks(table, columns);
    if (chunks === undefined) yield* this.vectors(`SELECT ${columns.join(', ')} FROM ${table}`);
    else {
      for (const chunk of chunks) {
        yield chunk;
        // Statements that run meanwhile ask this thread for held rows.
        await setImmediate();
      }
    }
  }

  async copyToParquet(sql: string, path: string): Promise<number> {
    const texts = (await this.describe(sql)).filter(({ databaseType }) => databaseType === 'VARCHAR').length;
    const dictionary = texts > MOST_DICTIONARIES ? 0 : DICTIONARY_VALUES;
    // Measured on flights, against the defaults: half of the time, and as many bytes (90 to 112 %).
    const [row] = await this.query(
      `COPY (${sql}) TO ${literal(path)} (FORMAT parquet, PARQUET_VERSION V2, COMPRESSION zstd, COMPRESSION_LEVEL 1, WRITE_BLOOM_FILTER false, ROW_GROUP_SIZE 122880, DICTIONARY_SIZE_LIMIT ${dictionary})`,
    );
    return Number(row?.Count ?? 0);
  }

  async parquetWriter(columns: readonly ColumnSpec[], path: string): Promise<ParquetWriter> {
    const table = `rows_${this.#tables}`;
    this.#tables += 1;
    const fields = columns.map(({ name, type }) => `${identifier(name)} ${DATABASE_TYPES[type]}`);
    await this.query(`CREATE TABLE ${table} (${fields.join(', ')})`);
    const appender = await this.#borrow((connection) => translated(() => connection.createAppender(table)));
    const api = this.#api;
    const types = columns.map(({ type }) => appendType(api, type));
    return {
      append(values, from, to) {
        if (values.length !== columns.length) {
          throw new EngineError(`${values.length} columns for a table of ${columns.length}`, 'internal');
        }
        // A data chunk holds at most 2,048 rows, the engine's vector size.
        for (let at = from; at < to; at += 2048) {
          const end = Math.min(at + 2048, to);
          const chunk = api.DuckDBDataChunk.create(types, end - at);
          values.forEach((column, index) => {
            chunk.setColumnValues(index, appendable(api, column, at, end));
          });
          appender.appendDataChunk(chunk);
        }
      },
      finish: async () => {
        appender.closeSync();
        const rows = await this.copyToParquet(`SELECT * FROM ${table}`, path);
        await this.query(`DROP TABLE ${table}`);
        return rows;
      },
    };
  }

  close(): void {
    for (const connection of this.#connections) connection.closeSync();
    this.#instance.closeSync();
  }
}

/** The next chunk, or undefined at the end. */
async function fetchChunk(result: DuckDBResult): Promise<DuckDBDataChunk | undefined> {
  const chunk = await result.fetchChunk();
  return chunk === null || chunk.rowCount === 0 ? undefined : chunk;
}

function appendType(api: NodeApi, type: ColumnType) {
  switch (type) {
    case 'integer':
      return api.BIGINT;
    case 'number':
      return api.DOUBLE;
    case 'string':
      return api.VARCHAR;
    case 'boolean':
      return api.BOOLEAN;
    case 'timestamp':
      return api.TIMESTAMP;
    case 'date':
      return api.DATE;
  }
}

function appendable(api: NodeApi, column: Column, from: number, to: number) {
  const values: (
    | string
    | number
    | bigint
    | boolean
    | InstanceType<NodeApi['DuckDBTimestampValue']>
    | InstanceType<NodeApi['DuckDBDateValue']>
    | null
  )[] = [];
  for (let row = from; row < to; row += 1) {
    if (column.nulls?.[row] === 1) {
      values.push(null);
      continue;
    }
    const value = column.values[row];
    if (value === undefined) throw new EngineError(`no row ${row} in a column of ${column.values.length}`, 'internal');
    if (typeof value === 'string' || column.type === 'number') values.push(value);
    else if (column.type === 'integer') values.push(BigInt(value));
    else if (column.type === 'boolean') values.push(value !== 0);
    else if (column.type === 'timestamp') values.push(new api.DuckDBTimestampValue(BigInt(value)));
    else values.push(new api.DuckDBDateValue(value));
  }
  return values;
}

function plainValue(name: string, value: unknown): EngineValue {
  if (
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    typeof value === 'boolean'
  )
    return value;
  throw new EngineError(`column ${name} of a small result is neither text, number nor boolean`, 'internal');
}
