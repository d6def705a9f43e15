/** Writes the parts of one split: model input as CSV, for one or several encodings, and the rows beside it. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Column } from '../features/columns.ts';
import { CsvRows } from './encode-csv.ts';
import type { Engine, ParquetWriter } from './engine.ts';
import type { ColumnSpec } from './sql.ts';

/** Settings of {@link openSplitWriter}. */
export interface SplitWriterOptions {
  /** An empty directory, for this split alone. */
  readonly directory: string;
  /** The names of the encodings, each with its own CSV parts of the same rows: `['gate', 'gate-champion']`. */
  readonly encodings: readonly string[];
  /** The columns of the rows files. */
  readonly rowColumns: readonly ColumnSpec[];
  /** A part is closed once one of its CSV files has this many bytes. */
  readonly maxPartBytes: number;
  /** A part is closed once it has this many rows. */
  readonly maxPartRows: number;
}

/** One finished part: files on local disk whose rows correspond by ordinal. */
export interface SplitPart {
  /** `part-00000`, … */
  readonly name: string;
  /** CSV files by encoding. */
  readonly csv: Readonly<Record<string, string>>;
  /** Parquet file. */
  readonly rowsFile: string;
  readonly rows: number;
}

/** Writes a split part by part. */
export interface SplitWriter {
  /**
   * Appends the chosen rows of a batch, in the order chosen.
   *
   * @param encoded per encoding, the columns of the CSV in order.
   * @param rows the columns of the rows file, in the order of `rowColumns`.
   */
  append(
    encoded: Readonly<Record<string, readonly Float64Array[]>>,
    rows: readonly Column[],
    chosen: Uint32Array,
  ): Promise<void>;
  /** Closes the last part and returns all of them, in order. */
  finish(): Promise<SplitPart[]>;
}

interface OpenPart {
  readonly name: string;
  readonly csv: Map<string, { path: string; file: number; text: CsvRows; bytes: number }>;
  readonly rowsFile: string;
  readonly writer: ParquetWriter;
  rows: number;
}

const FLUSH_BYTES = 1024 * 1024;

/** At once: nothing else goes on meanwhile, and a call to the file system takes less than waking a thread for it. */
const writeAll = (file: number, bytes: Uint8Array): void => {
  for (let at = 0; at < bytes.byteLength; ) at += writeSync(file, bytes, at);
};

/** Opens a writer of one split. No part is made before the first row comes. */
export function openSplitWriter(engine: Engine, options: SplitWriterOptions): SplitWriter {
  const parts: SplitPart[] = [];
  let current: OpenPart | undefined;

  const begin = async (): Promise<OpenPart> => {
    const name = `part-${String(parts.length).padStart(5, '0')}`;
    const csv: OpenPart['csv'] = new Map();
    for (const encoding of options.encodings) {
      const path = join(options.directory, `${encoding}-${name}.csv`);
      csv.set(encoding, { path, file: openSync(path, 'w'), text: new CsvRows(), bytes: 0 });
    }
    const rowsFile = join(options.directory, `${name}.parquet`);
    return { name, csv, rowsFile, writer: await engine.parquetWriter(options.rowColumns, rowsFile), rows: 0 };
  };

  const flush = (part: OpenPart, least: number): void => {
    for (const out of part.csv.values()) {
      if (out.text.bytes < least) continue;
      const bytes = out.text.take();
      writeAll(out.file, bytes);
      out.bytes += bytes.byteLength;
    }
  };

  const end = async (part: OpenPart): Promise<void> => {
    flush(part, 1);
    const csv: Record<string, string> = {};
    for (const [encoding, out] of part.csv) {
      closeSync(out.file);
      csv[encoding] = out.path;
    }
    const written = await part.writer.finish();
    if (written !== part.rows) throw new Error(`${part.rows} rows encoded, ${written} written beside them`);
    parts.push({ name: part.name, csv, rowsFile: part.rowsFile, rows: part.rows });
  };

  return {
    async append(encoded, rows, chosen) {
      let done = 0;
      while (done < chosen.length) {
        current ??= await begin();
        const part = current;
        const room = Math.min(chosen.length - done, options.maxPartRows - part.rows);
        let taken = 0;
        let full = false;
        while (taken < room && !full) {
          const row = chosen[done + taken];
          if (row === undefined) throw new RangeError(`no chosen row ${done + taken}`);
          for (const [encoding, out] of part.csv) {
            const columns = encoded[encoding];
            if (columns === undefined) throw new RangeError(`nothing encoded for ${encoding}`);
            out.text.append(columns, row);
            if (out.bytes + out.text.bytes >= options.maxPartBytes) full = true;
          }
          taken += 1;
        }
        const picked = chosen.subarray(done, done + taken);
        part.writer.append(
          rows.map((column) => pick(column, picked)),
          0,
          taken,
        );
        part.rows += taken;
        done += taken;
        flush(part, FLUSH_BYTES);
        if (full || part.rows >= options.maxPartRows) {
          await end(part);
          current = undefined;
        }
      }
    },
    async finish() {
      if (current !== undefined) await end(current);
      current = undefined;
      return parts;
    },
  };
}

/** The chosen rows of a column. */
function pick(column: Column, chosen: Uint32Array): Column {
  const nulls = column.nulls === undefined ? undefined : Uint8Array.from(chosen, (row) => column.nulls?.[row] ?? 0);
  if (column.type === 'string') {
    const values: string[] = [];
    for (const row of chosen) values.push(column.values[row] ?? '');
    return { type: column.type, values, nulls };
  }
  if (column.type === 'boolean')
    return { type: column.type, values: Uint8Array.from(chosen, (row) => column.values[row] ?? 0), nulls };
  const values = new Float64Array(chosen.length);
  for (let i = 0; i < chosen.length; i += 1) values[i] = column.values[chosen[i] ?? 0] ?? 0;
  return { type: column.type, values, nulls };
}
