/**
 * Reads a delivery of data, whatever its format, into typed Parquet, and finds what is wrong with it. Each part is read
 * once, from its first byte to its last. Bad data is an outcome with problems; an error means that we could not read, not
 * that the data is bad.
 */
import type { PartFormat, SourceFormat } from '../definition/source.ts';
import type { ColumnType } from '../features/columns.ts';
import { AgreedColumns } from './agreed-columns.ts';
import type { FoundColumn } from './column-typing.ts';
import { declaredCells, toldAsDeclared, withDeclared } from './declared-cells.ts';
import type { Engine } from './engine.ts';
import { EngineError } from './engine-error.ts';
import { beyondLimits, type Problem, ProblemLog } from './problems.ts';
import { profiler } from './profile/profiler.ts';
import { type Profile, publishedProfile } from './profile/published.ts';
import type { WorkingProfile } from './profile/working.ts';
import { ReadingTime, type TimeToRead } from './reading-time.ts';
import type { DeliveredPart, UnnamedColumns } from './sources/part.ts';
import { type ReadPart, readPart } from './sources/read-part.ts';
import { UnreadableError } from './sources/unreadable-error.ts';
import type { ColumnSpec } from './sql.ts';
import { TypedDataset, type TypedPart, type TypingOptions } from './typed-copy.ts';

/** Settings of {@link readDataset}. A column whose type is not expected gets the narrowest type all its cells parse as. */
export interface ReadOptions extends TypingOptions {
  /** What the sender has declared of the files. */
  readonly source?: SourceFormat;
  /** The most bytes of text, after decompression, of all parts; so much may lie in the directory, and the typed copies beside it. */
  readonly maxBytes?: number;
  /** The most columns. */
  readonly maxColumns?: number;
  /** How long it may take; as long as it takes, where nothing is said. */
  readonly time?: TimeToRead;
  /** How much clean text is a block; of a Parquet part, how many rows. About four blocks are in memory at a time. */
  readonly blockBytes?: number;
  readonly blockRows?: number;
}

const MIB = 1024 * 1024;
/** The most columns where nothing else is said. */
export const MAX_COLUMNS = 4096;
const BLOCK_BYTES = 16 * MIB;
/** A row group as the engine writes it. */
const BLOCK_ROWS = 122_880;

/** What is wrong with data that has no row. */
export const NO_ROWS = 'there is a header, and no row below it';

/** The format of a dataset, of those of its parts. */
export function formatOf(formats: readonly PartFormat[]): PartFormat | null {
  const [first] = formats;
  if (first === undefined) return null;
  return formats.every((format) => format === first) ? first : 'csv';
}

/** Nothing is declared. */
const FOUND: SourceFormat = { format: null, encoding: null, delimiter: null, comment: null, columns: {} };

/** What was read. */
export interface ReadDataset {
  /** Empty when no column could be read. */
  readonly columns: readonly ColumnSpec[];
  /** Rows read; null when the data could not be read as rows. */
  readonly rows: number | null;
  /** Columns at the end of parts that have neither a name nor a value, and are left out. */
  readonly unnamed: readonly (UnnamedColumns & { readonly part: string | undefined })[];
  /** Null when nothing could be read; `csv` where parts differ. */
  readonly format: PartFormat | null;
  readonly problems: readonly Problem[];
  /** Name, hash and size of every part, as delivered. */
  readonly delivered: readonly Pick<ReadPart, 'name' | 'sha256' | 'sizeBytes'>[];
  /** Typed copies, in order; a large part has several. */
  readonly parts: readonly TypedPart[];
  /** Null when there is nothing to profile. */
  readonly profile: Profile | null;
  /** What the profile was made of: it merges with that of other rows. It holds values; treat it as the rows themselves. */
  readonly working: WorkingProfile | null;
  /** Per text column, the type most of its cells parse as, when that is not text: what the sender probably meant. */
  readonly likely: Readonly<Record<string, ColumnType>>;
  /** The physical lines of rows of a typed copy, given their ordinals (from 0) in it; for Parquet, row numbers from 1. */
  lines(part: number, ordinals: readonly number[]): Promise<number[]>;
  /** Tells, into `log`, which cells of a text column do not parse as a type. */
  tellUnparsed(log: ProblemLog, column: string, type: ColumnType): Promise<void>;
}

/** One part of a dataset, read by itself: with what it takes to put the parts together. */
export interface ReadPiece extends ReadDataset {
  /** Its columns, in its order, and what its own cells said of them. */
  readonly found: readonly FoundColumn[];
  /** It has no header: it may lack columns that other parts have. */
  readonly open: boolean;
}

/** Reads the parts of one dataset, in the order given. */
export function readDataset(
  engine: Engine,
  parts: readonly DeliveredPart[],
  options: ReadOptions,
): Promise<ReadDataset> {
  return readParts(engine, parts, options, false);
}

/**
 * Reads one of several parts, as {@link readDataset} reads it among the others, but for what only all of them tell: their
 * types (`agreed` in the options, once they are found), whether their columns are the same, whether there is any row.
 */
export function readPiece(engine: Engine, part: DeliveredPart, options: ReadOptions): Promise<ReadPiece> {
  return readParts(engine, [part], options, true);
}

async function readParts(
  engine: Engine,
  parts: readonly DeliveredPart[],
  options: ReadOptions,
  amongOthers: boolean,
): Promise<ReadPiece> {
  const log = new ProblemLog(options.problemCap);
  const counter = profiler();
  const time = options.time && new ReadingTime(options.time);
  const {
    maxBytes = Number.POSITIVE_INFINITY,
    maxColumns = MAX_COLUMNS,
    blockBytes = BLOCK_BYTES,
    blockRows = BLOCK_ROWS,
    source = FOUND,
  } = options;
  const expected = withDeclared(options.expected ?? [], source.columns);
  const visit = [async () => time?.look(), counter.visit, ...(options.visit ?? [])];
  const dataset = new TypedDataset(engine, { ...options, expected, visit }, log);
  const columns = new AgreedColumns(log);
  const read: ReadPart[] = [];
  let bytesLeft = maxBytes;
  let bytesBefore = 0;
  let withoutHeader = false;
  const unnamed: ReadDataset['unnamed'][number][] = [];
  try {
    for (const [index, part] of parts.entries()) {
      const told = parts.length === 1 && !amongOthers ? undefined : part.name;
      const partOptions = { directory: options.directory, source, blockBytes, blockRows, bytesLeft, limit: maxBytes };
      const found = await readPart(engine, part, index, partOptions, {
        name: part.name,
        told,
        log,
        maxColumns,
        leaveOut: (left) => unnamed.push({ ...left, part: told }),
        read: (bytes) => time?.read(bytesBefore + bytes),
        agrees: (names, open = false) => {
          const agreed = columns.agree(part.name, told, names, open);
          if (agreed) dataset.declare(names);
          withoutHeader = open;
          return agreed;
        },
        emit: (block) => dataset.accept(declaredCells(block, source.columns)),
      });
      bytesLeft -= found.textBytes;
      bytesBefore += found.sizeBytes;
      read.push(found);
      if (beyondLimits(log.list()) !== undefined) return notRead(log, read);
    }
    await dataset.finish();
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    log.add(error.code, error.message);
    return notRead(log, read);
  } finally {
    await dataset.abandon();
  }
  if (parts.length === 0) log.add('no_rows', 'the folder has no parts');
  const usable = read.filter(({ format }) => format !== undefined);
  const rows = usable.reduce((sum, part) => sum + part.rows, 0);
  if (!amongOthers && usable.length > 0 && rows === 0 && log.empty) log.add('no_rows', NO_ROWS);
  const typed = usable.length === 0 && !amongOthers ? [] : dataset.typed;
  const copied = typed.reduce((sum, part) => sum + part.rows, 0);
  // The scanner counted what it wrote; if the engine sees another number, they disagree on what a record is.
  if (copied !== rows && parts.length === usable.length && !usable.some(({ format }) => format === 'parquet'))
    throw new EngineError(`${rows} rows scanned, ${copied} copied`, 'internal');
  const working = typed.length === 0 ? null : counter.working();
  const [first] = usable;
  return {
    columns: first === undefined && !amongOthers ? [] : dataset.columns,
    found: dataset.found,
    open: withoutHeader,
    rows: first === undefined ? null : rows,
    unnamed,
    format: formatOf(usable.flatMap(({ format }) => format ?? [])),
    problems: toldAsDeclared(log.list(), source.columns),
    delivered: read.map(({ name, sha256, sizeBytes }) => ({ name, sha256, sizeBytes })),
    parts: typed,
    profile: working === null ? null : publishedProfile(working),
    working,
    likely: typed.length === 0 ? {} : await dataset.likely(),
    lines: (part, ordinals) => dataset.lines(part, ordinals),
    tellUnparsed: (into, column, type) => dataset.tellUnparsed(into, column, type),
  };
}

/** Of data that is beyond a limit nothing is said but that. */
function notRead(log: ProblemLog, read: readonly ReadPart[]): ReadPiece {
  return {
    columns: [],
    found: [],
    open: false,
    rows: null,
    unnamed: [],
    format: null,
    problems: log.list(),
    delivered: read.map(({ name, sha256, sizeBytes }) => ({ name, sha256, sizeBytes })),
    parts: [],
    profile: null,
    working: null,
    likely: {},
    lines: async () => [],
    tellUnparsed: async () => undefined,
  };
}
