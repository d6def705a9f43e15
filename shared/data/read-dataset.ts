/**
 * Reads a delivery of data, whatever its format, into typed Parquet, and finds what is wrong with it. Bad data is an
 * outcome with problems; an error means that we could not read, not that the data is bad.
 */
import type { ColumnType } from '../features/columns.ts';
import type { Engine } from './engine.ts';
import { type Problem, ProblemLog } from './problems.ts';
import { type Profile, parquetRows, profileOf } from './profile.ts';
import { type DeliveredPart, type OpenOptions, openPart, type SourcePart } from './source-part.ts';
import type { ColumnSpec } from './sql.ts';
import { TypedDataset, type TypedPart, type TypingOptions } from './typed-copy.ts';

/** Settings of {@link readDataset}. A column whose type is not expected gets the narrowest type all its cells parse as. */
export type ReadOptions = OpenOptions & TypingOptions;

/** What was read. */
export interface ReadDataset {
  /** Empty when no column could be read. */
  readonly columns: readonly ColumnSpec[];
  /** Rows read; null when the data could not be read as rows. */
  readonly rows: number | null;
  readonly format: 'csv' | 'parquet' | null;
  readonly problems: readonly Problem[];
  /** Typed copies; empty when there are problems that leave nothing to copy. */
  readonly parts: readonly TypedPart[];
  /** Null when there is nothing to profile. */
  readonly profile: Profile | null;
  /** Per text column, the type most of its cells parse as, when that is not text: what the sender probably meant. */
  readonly likely: Readonly<Record<string, ColumnType>>;
  /** The physical lines of rows of a part, given their ordinals (from 0) in its typed copy; for Parquet, row numbers from 1. */
  lines(part: number, ordinals: readonly number[]): Promise<number[]>;
  /** Tells, into `log`, which cells of a text column do not parse as a type. */
  tellUnparsed(log: ProblemLog, column: string, type: ColumnType): Promise<void>;
}

/** Reads the parts of one dataset, in the order given. */
export async function readDataset(
  engine: Engine,
  parts: readonly DeliveredPart[],
  options: ReadOptions,
): Promise<ReadDataset> {
  const log = new ProblemLog(options.problemCap);
  const single = parts.length === 1;
  const sources: SourcePart[] = [];
  for (const [index, part] of parts.entries()) {
    const told = single ? undefined : part.name;
    const source = await openPart(engine, part, told, index, options, log);
    if (source !== undefined) sources.push(source);
  }
  if (parts.length === 0) log.add('no_rows', 'the folder has no parts');
  const agreed = sameColumns(sources, log);
  const [first] = agreed;
  if (first === undefined) return nothingRead(log);

  const rows = agreed.reduce((sum, part) => sum + part.rows, 0);
  if (rows === 0 && log.empty) log.add('no_rows', 'there is a header, and no row below it');
  const format = agreed.every((part) => part.kind === 'parquet') ? 'parquet' : 'csv';
  const dataset = new TypedDataset(engine, agreed, options, log);
  if (rows > 0) await dataset.type();
  const typed = dataset.typed;
  const paths = typed.map(({ path }) => path);
  const profile = typed.length === 0 ? null : await profileOf(engine, parquetRows(paths), dataset.columns);
  return {
    columns: dataset.columns,
    rows,
    format,
    problems: log.list(),
    parts: typed,
    profile,
    likely: dataset.likely,
    lines: (part, ordinals) => dataset.lines(part, ordinals),
    tellUnparsed: (into, column, type) => dataset.tellUnparsed(into, column, type),
  };
}

function nothingRead(log: ProblemLog): ReadDataset {
  return {
    columns: [],
    rows: null,
    format: null,
    problems: log.list(),
    parts: [],
    profile: null,
    likely: {},
    lines: () => Promise.resolve([]),
    tellUnparsed: () => Promise.resolve(),
  };
}

/** The parts whose columns are those of the first; the others are problems. The order of columns does not count. */
function sameColumns(sources: readonly SourcePart[], log: ProblemLog): SourcePart[] {
  const [first] = sources;
  if (first === undefined) return [];
  const names = new Set(first.names);
  return sources.filter((part) => {
    const missing = first.names.filter((name) => !part.names.includes(name));
    const added = part.names.filter((name) => !names.has(name));
    if (missing.length === 0 && added.length === 0) return true;
    const told = [
      ...(missing.length > 0 ? [`lacks ${missing.join(', ')}`] : []),
      ...(added.length > 0 ? [`adds ${added.join(', ')}`] : []),
    ];
    log.add('part_schema_differs', `its columns are not those of ${first.name}: it ${told.join(' and ')}`, {
      part: part.told,
    });
    return false;
  });
}
