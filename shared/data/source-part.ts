/** Opens a delivered file, whatever its format, as something the engine can read without guessing. */
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { type CsvScan, scanCsv } from './csv-scanner.ts';
import type { Engine } from './engine.ts';
import { EngineError } from './engine-error.ts';
import { fileFormat } from './file-format.ts';
import { plainParquet, typeOfParquet } from './parquet-types.ts';
import type { ProblemCode, ProblemLog } from './problems.ts';
import { identifier, literal } from './sql.ts';

/** One delivered file on local disk. `name` is its name below the dataset's folder, and stands in problems. */
export interface DeliveredPart {
  readonly name: string;
  readonly path: string;
}

/** Settings of {@link openPart}. */
export interface OpenOptions {
  /** An empty directory for what is written: clean copies and typed Parquet. The caller removes it. */
  readonly directory: string;
  /** The most bytes of text, after decompression, that one part may have. */
  readonly maxPartBytes?: number;
  /** Deletes a delivered text file once its clean copy is made: both may not fit on the disk. */
  readonly discard?: boolean;
}

/** A part as the database can read it. */
export interface SourcePart {
  readonly name: string;
  readonly told: string | undefined;
  readonly kind: 'csv' | 'parquet';
  /** The names the part gives its columns, in its order. */
  readonly names: readonly string[];
  /** The database types; VARCHAR for text. */
  readonly types: readonly string[];
  /** A relation with columns `line`, `c0`, `c1`, … */
  readonly relation: string;
  readonly rows: number;
}

/** Opens one part; undefined when nothing of it can be read, and `log` says why. */
export async function openPart(
  engine: Engine,
  part: DeliveredPart,
  told: string | undefined,
  index: number,
  options: OpenOptions,
  log: ProblemLog,
): Promise<SourcePart | undefined> {
  const found = fileFormat(part.path);
  if ('refused' in found) {
    log.add(found.refused, found.reason, { part: told });
    return undefined;
  }
  if (found.format === 'parquet') return openParquet(engine, part, told, log);
  return openCsv(part, told, found.format === 'csv.gz', index, options, log);
}

async function openCsv(
  part: DeliveredPart,
  told: string | undefined,
  compressed: boolean,
  index: number,
  options: OpenOptions,
  log: ProblemLog,
): Promise<SourcePart | undefined> {
  const clean = join(options.directory, `clean-${String(index).padStart(5, '0')}.csv`);
  const scan = await cleanCopy(part, told, compressed, clean, options, log);
  if (options.discard === true) await rm(part.path);
  if (scan?.header === undefined) return undefined;
  return {
    name: part.name,
    told,
    kind: 'csv',
    names: scan.header,
    types: scan.header.map(() => 'VARCHAR'),
    relation: cleanCsv(clean, scan.delimiter, scan.header.length, scan.longest),
    rows: scan.records,
  };
}

/** Scans a text file into its clean copy. The engine never decompresses: it takes a gzip file without its end for whole. */
async function cleanCopy(
  part: DeliveredPart,
  told: string | undefined,
  compressed: boolean,
  clean: string,
  options: OpenOptions,
  log: ProblemLog,
): Promise<CsvScan | undefined> {
  const raw = createReadStream(part.path, { highWaterMark: 1024 * 1024 });
  const gunzip = compressed ? createGunzip({ chunkSize: 1024 * 1024 }) : undefined;
  // A failure of the file itself has to reach whoever reads the decompressed bytes.
  if (gunzip !== undefined) raw.on('error', (error) => gunzip.destroy(error)).pipe(gunzip);
  const out = await open(clean, 'w');
  try {
    return await scanCsv(gunzip ?? raw, {
      part: told,
      problems: log,
      write: async (bytes) => {
        await out.write(bytes);
      },
      ...(options.maxPartBytes === undefined ? {} : { maxBytes: options.maxPartBytes }),
    });
  } catch (cause) {
    const reason = gzipFailure(cause);
    if (reason === undefined) throw cause;
    log.add('gzip_corrupt', reason, { part: told });
    return undefined;
  } finally {
    raw.destroy();
    gunzip?.destroy();
    await out.close();
  }
}

/** zlib's codes (https://nodejs.org/api/zlib.html#constants) for compressed data that is damaged. */
function gzipFailure(cause: unknown): string | undefined {
  if (!(cause instanceof Error) || !('code' in cause)) return undefined;
  if (cause.code === 'Z_BUF_ERROR') return 'the gzip data ends early: the file is truncated';
  if (cause.code === 'Z_DATA_ERROR') return 'the gzip data is damaged (its checksum or structure is wrong)';
  return undefined;
}

/** The clean copy with its dialect spelled out: nothing is left to guess. */
function cleanCsv(path: string, delimiter: string, width: number, longest: number): string {
  // The engine's buffer is 16 times the longest line it is told to expect, whatever the lines are; so it is told the truth.
  const line = Math.max(longest + 64, 65_536);
  const buffer = Math.max(4 * 1024 * 1024, 2 * line);

  const columns = ["'line': 'BIGINT'", ...Array.from({ length: width }, (_, i) => `'c${i}': 'VARCHAR'`)];
  return `SELECT * FROM read_csv(${literal(path)}, auto_detect = false, header = false, delim = ${literal(delimiter)}, quote = '"', escape = '"', new_line = '\\n', comment = '', nullstr = '', encoding = 'utf-8', strict_mode = true, parallel = false, max_line_size = ${line}, buffer_size = ${buffer}, columns = {${columns.join(', ')}})`;
}

async function openParquet(
  engine: Engine,
  part: DeliveredPart,
  told: string | undefined,
  log: ProblemLog,
): Promise<SourcePart | undefined> {
  const file = literal(part.path);
  const read = await ofInput(part.path, part.name, told, log, async () => ({
    columns: await engine.describe(`SELECT * FROM read_parquet(${file})`),
    schema: await engine.query(`SELECT name, num_children FROM parquet_schema(${file})`),
    counted: await engine.query(`SELECT count(*) AS n FROM read_parquet(${file})`),
  }));
  if (read === undefined) return undefined;
  const { columns, schema, counted } = read;
  let usable = true;
  const refuse = (code: ProblemCode, message: string, column: string): void => {
    log.add(code, message, { part: told, column });
    usable = false;
  };
  for (const { name, databaseType } of columns) {
    if (typeOfParquet(databaseType) === undefined) {
      refuse(
        'column_type_unsupported',
        `${databaseType} is not supported; columns hold numbers, text, truth values, dates or timestamps`,
        name,
      );
    }
  }
  // The first entry is the root. The engine renames columns of the same name without a word, so the file itself is asked.
  const flat = schema.slice(1).every((row) => Number(row.num_children ?? 0) === 0);
  const seen = new Set<string>();
  for (const name of flat ? schema.slice(1).map((row) => String(row.name)) : []) {
    if (name.trim() === '') refuse('header_name_empty', 'a column has no name', name);
    if (seen.has(name.toLowerCase()))
      refuse('column_duplicated', `two columns are named ${name} (case does not count)`, name);
    seen.add(name.toLowerCase());
  }
  if (!usable) return undefined;
  const projected = columns.map(
    ({ name, databaseType }, index) => `${plainParquet(identifier(name), databaseType)} AS c${index}`,
  );
  return {
    name: part.name,
    told,
    kind: 'parquet',
    names: columns.map(({ name }) => name),
    types: columns.map(({ databaseType }) => databaseType),
    relation: `SELECT file_row_number + 1 AS line, ${projected.join(', ')} FROM read_parquet(${file}, file_row_number = true)`,
    rows: Number(counted[0]?.n ?? 0),
  };
}

/** Runs what reads an uploaded Parquet file: what the engine cannot read is the file's fault, unless memory or disk ran out. */
export async function ofInput<T>(
  path: string,
  name: string,
  told: string | undefined,
  log: ProblemLog,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof EngineError) || error.fault !== 'input') throw error;
    // The engine names our temporary file, which means nothing to the sender.
    const reason = error.message.replaceAll(path, name).split('\n')[0] ?? '';
    log.add('parquet_corrupt', `the Parquet file cannot be read: ${reason.slice(0, 300)}`, { part: told });
    return undefined;
  }
}
