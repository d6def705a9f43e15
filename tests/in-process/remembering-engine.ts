/**
 * An engine that asks DuckDB each question once: the same statement over files of the same bytes is answered as it was
 * the first time, and writes the same bytes. Opening DuckDB and its dozen queries are most of a whole run otherwise.
 * It leans on what the engine's users keep: a statement reads files and nothing else.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import {
  type Engine,
  EngineError,
  type EngineOptions,
  type EngineRow,
  type EngineTable,
  openEngine,
  type ParquetWriter,
} from '../../shared/data/engine.ts';
import type { Cells, EngineVectors } from '../../shared/data/engine-vectors.ts';
import { chunksOf, type NamedColumn } from '../../shared/data/held-columns.ts';
import type { ColumnSpec } from '../../shared/data/sql.ts';
import type { Column, ColumnBatch } from '../../shared/features/columns.ts';

/** What a statement came to: it may have failed for a reason of its own. */
type Remembered<T> = { readonly value: T } | { readonly error: EngineError };

interface WrittenFile {
  readonly rows: number;
  readonly bytes: Buffer;
}

const memory = {
  queries: new Map<string, Promise<Remembered<readonly EngineRow[]>>>(),
  columns: new Map<string, Promise<Remembered<readonly ColumnBatch[]>>>(),
  vectors: new Map<string, readonly EngineVectors[]>(),
  files: new Map<string, Promise<Remembered<WrittenFile>>>(),
  tables: new Map<string, Promise<Remembered<number>>>(),
};

const outcomeOf = async <T>(work: Promise<T>): Promise<Remembered<T>> => {
  try {
    return { value: await work };
  } catch (error) {
    if (error instanceof EngineError) return { error };
    throw error;
  }
};

const recall = async <T>(
  known: Map<string, Promise<Remembered<T>>>,
  key: string,
  work: () => Promise<T>,
): Promise<T> => {
  let found = known.get(key);
  if (!found) {
    found = outcomeOf(work());
    known.set(key, found);
    // What failed for another reason may succeed the next time.
    found.catch(() => known.delete(key));
  }
  const remembered = await found;
  if ('error' in remembered) throw remembered.error;
  return remembered.value;
};

/** A chunk that keeps what is asked of it, for whoever asks the same again: its memory is the engine's, and written to anew. */
const keeping = (chunk: EngineVectors): { readonly now: EngineVectors; readonly later: EngineVectors } => {
  const kept = new Map<number, Cells>();
  return {
    now: {
      rows: chunk.rows,
      cells(column, rowBytes) {
        const { rows, bytes, validity } = chunk.cells(column, rowBytes);
        // A Buffer's own slice would share its memory.
        const own: Cells = { rows, bytes: Uint8Array.from(bytes), validity: validity?.slice() ?? null };
        kept.set(column, own);
        return own;
      },
    },
    later: {
      rows: chunk.rows,
      cells(column) {
        const found = kept.get(column);
        if (found === undefined) throw new EngineError(`column ${column} was not asked for the first time`, 'internal');
        return found;
      },
    },
  };
};

const digest = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('base64');
};

/** Digests of files by path, as long as these stay what they are. */
const createFileDigests = () => {
  const known = new Map<string, { readonly is: string; readonly digest: string }>();
  return (path: string): string => {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (!stat) return 'none';
    const is = `${stat.ino}/${stat.size}/${stat.mtimeNs}`;
    const found = known.get(path);
    if (found?.is === is) return found.digest;
    const made = digest(readFileSync(path));
    known.set(path, { is, digest: made });
    return made;
  };
};

/** Opens an engine that remembers; DuckDB is opened when there is something new to ask. */
export const openRememberingEngine = async (options: EngineOptions): Promise<Engine> => {
  const directory = resolve(options.tempDirectory);
  const digestOf = createFileDigests();
  let opened: Promise<Engine> | undefined;
  const engine = () => (opened ??= openEngine(options));

  /** A statement by what it reads: the same files have other paths each time. */
  const keyOf = (kind: string, sql: string): string => {
    const contents: string[] = [];
    const statement = sql.replaceAll(directory + sep, '').replace(/\s+/g, ' ');
    for (let at = sql.indexOf(directory + sep); at >= 0; at = sql.indexOf(directory + sep, at + 1)) {
      contents.push(digestOf(sql.slice(at, sql.indexOf("'", at))));
    }
    return digest(kind, statement, ...contents);
  };
  const place = (path: string, { bytes, rows }: WrittenFile): number => {
    writeFileSync(path, bytes);
    return rows;
  };

  /** Kept tables by the name they were given, which tells their content; DuckDB has those that were needed. */
  const kept = new Map<
    string,
    { readonly put: (real: Engine) => EngineTable | Promise<EngineTable>; made: Promise<EngineTable> | undefined }
  >();
  const make = async (name: string): Promise<EngineTable> => {
    const table = kept.get(name);
    if (!table) throw new EngineError(`no table ${name}`, 'internal');
    table.made ??= engine().then((real) => table.put(real));
    return table.made;
  };
  /** A statement with the tables it names as DuckDB has them. */
  const real = async (sql: string): Promise<string> => {
    let statement = sql;
    for (const name of kept.keys()) {
      if (statement.includes(name)) statement = statement.replaceAll(name, (await make(name)).name);
    }
    return statement;
  };

  const query = async (sql: string): Promise<EngineRow[]> =>
    (await recall(memory.queries, keyOf('query', sql), async () => (await engine()).query(await real(sql)))).map(
      (row) => ({ ...row }),
    );

  const table = async (sql: string): Promise<EngineTable> => {
    const key = keyOf('table', sql);
    const name = `kept_${Buffer.from(key, 'base64').toString('hex')}_${kept.size}`;
    kept.set(name, { put: (real) => real.table(sql), made: undefined });
    const rows = await recall(memory.tables, key, async () => (await make(name)).rows);
    return { name, rows, drop: () => drop(name) };
  };

  /** Columns by the names of the tables that hold them. */
  const held = new Map<string, { readonly columns: readonly NamedColumn[]; readonly rows: number }>();
  const hold = (columns: readonly NamedColumn[], rows: number): EngineTable => {
    const hash = createHash('sha256');
    for (const { name, type, rowBytes, bytes, validity, long } of columns) {
      hash.update(`${name} ${type} ${rows}`).update(bytes.subarray(0, rows * rowBytes));
      hash.update(new Uint8Array(validity.buffer, validity.byteOffset, validity.byteLength)).update(long.bytes);
    }
    const name = `held_${hash.digest('hex')}_${kept.size}`;
    kept.set(name, { put: (real) => real.hold(columns, rows), made: undefined });
    held.set(name, { columns, rows });
    return { name, rows, drop: () => drop(name) };
  };

  const drop = async (name: string): Promise<void> => {
    const made = await kept.get(name)?.made;
    kept.delete(name);
    held.delete(name);
    await made?.drop();
  };

  const vectors = async function* (sql: string): AsyncGenerator<EngineVectors> {
    const key = keyOf('vectors', sql);
    const known = memory.vectors.get(key);
    if (known) {
      yield* known;
      return;
    }
    const read: EngineVectors[] = [];
    for await (const chunk of (await engine()).vectors(await real(sql))) {
      const { now, later } = keeping(chunk);
      read.push(later);
      yield now;
    }
    memory.vectors.set(key, read);
  };

  return {
    query,
    table,
    async describe(sql) {
      const rows = await query(`SELECT column_name, column_type FROM (DESCRIBE ${sql})`);
      return rows.map((row) => ({ name: String(row.column_name), databaseType: String(row.column_type) }));
    },
    async *columns(sql, batchSize) {
      const batches = await recall(memory.columns, keyOf(`columns ${batchSize}`, sql), async () => {
        const read: ColumnBatch[] = [];
        for await (const batch of (await engine()).columns(await real(sql), batchSize)) read.push(batch);
        return read;
      });
      yield* batches;
    },
    vectors,
    fill: async (sql, columns, flags) => (await engine()).fill(await real(sql), columns, flags),
    hold,
    async *cells(table, columns) {
      const { columns: all, rows } = held.get(table) ?? {};
      if (all === undefined || rows === undefined) yield* vectors(`SELECT ${columns.join(', ')} FROM ${table}`);
      else
        yield* chunksOf(
          all.filter(({ name }) => columns.includes(name)),
          rows,
        );
    },
    async copyToParquet(sql, path) {
      const written = await recall(memory.files, keyOf('parquet', sql), async () => {
        const rows = await (await engine()).copyToParquet(await real(sql), path);
        return { rows, bytes: readFileSync(path) };
      });
      return place(path, written);
    },
    async parquetWriter(columns: readonly ColumnSpec[], path: string): Promise<ParquetWriter> {
      const appended: { readonly values: readonly Column[]; readonly from: number; readonly to: number }[] = [];
      return {
        append: (values, from, to) => void appended.push({ values, from, to }),
        async finish() {
          const hash = createHash('sha256').update(JSON.stringify(columns));
          for (const { values, from, to } of appended) {
            for (const { type, values: cells, nulls } of values) {
              hash.update(`${type} ${from} ${to} ${nulls ? nulls.slice(from, to).join('') : ''}`);
              const part = cells.slice(from, to);
              hash.update(
                ArrayBuffer.isView(part)
                  ? new Uint8Array(part.buffer, part.byteOffset, part.byteLength)
                  : part.join('\0'),
              );
            }
          }
          const written = await recall(memory.files, hash.digest('base64'), async () => {
            const writer = await (await engine()).parquetWriter(columns, path);
            for (const { values, from, to } of appended) writer.append(values, from, to);
            return { rows: await writer.finish(), bytes: readFileSync(path) };
          });
          return place(path, written);
        },
      };
    },
    close() {
      // Whoever closes waits for nothing, and DuckDB may still be on its way.
      opened?.then((real) => real.close()).catch(() => undefined);
    },
  };
};
