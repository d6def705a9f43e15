/** The profile of a dataset: what its columns hold, in numbers that are the same each time the same bytes are read. */
import type { ColumnType } from '../features/columns.ts';
import type { Engine, EngineRow } from './engine.ts';
import { type ColumnSpec, identifier, literal } from './sql.ts';

/** What one column holds. */
interface ColumnProfile {
  readonly name: string;
  readonly type: ColumnType;
  readonly nulls: number;
  /** Distinct values, null excluded: exact up to the cap, null above it. */
  readonly distinct: number | null;
  /** Numbers for numbers; ISO text for times; null for text and truth values, and where nothing is present. */
  readonly min: number | string | null;
  readonly max: number | string | null;
  readonly mean: number | null;
  /** Sample standard deviation; null below two values. */
  readonly stdev: number | null;
  /**
   * The most frequent values of a column of few distinct ones, most frequent first, ties by value. Text that few rows
   * show is left out: it may name a person.
   */
  readonly top: [string, number][];
  /** Rows per UTC day, in order; for columns of times. */
  readonly days?: [string, number][];
}

/** What a dataset holds. */
export interface Profile {
  readonly rows: number;
  readonly columns: ColumnProfile[];
}

/** Caps that keep a profile small whatever the data. */
export interface ProfileOptions {
  /** Up to how many distinct values are counted exactly. */
  readonly distinctCap?: number;
  /** How many of the most frequent values are kept. */
  readonly top?: number;
}

const EXACT_FACTOR = 2;
/** How many rows must show a text for it to stand in a profile. */
const LEAST_ROWS = 5;

/**
 * Profiles a query's rows in two passes and one grouping per column of few values. Deterministic with one thread.
 *
 * The approximate count of distinct values is only used to decide where counting exactly is affordable (it is up to 4 %
 * off, and counting distinct values of a column of identifiers takes memory without bound).
 */
export async function profileOf(
  engine: Engine,
  from: string,
  columns: readonly ColumnSpec[],
  options: ProfileOptions = {},
): Promise<Profile> {
  const { distinctCap = 10_000, top = 50 } = options;
  const [sums = {}] = await engine.query(
    `SELECT count(*) AS n, ${columns.flatMap((column, index) => aggregates(column, index)).join(', ')} FROM (${from})`,
  );
  const rows = Number(sums.n);
  const affordable = columns.filter((_, index) => Number(sums[`a${index}`]) <= distinctCap * EXACT_FACTOR);
  const exact = new Map<string, number>();
  if (affordable.length > 0) {
    const counts = affordable.map(({ name }, index) => `count(DISTINCT ${identifier(name)}) AS d${index}`);
    const [distinct = {}] = await engine.query(`SELECT ${counts.join(', ')} FROM (${from})`);
    affordable.forEach(({ name }, index) => {
      const count = Number(distinct[`d${index}`]);
      if (count <= distinctCap) exact.set(name, count);
    });
  }
  const profiles: ColumnProfile[] = [];
  for (const [index, column] of columns.entries()) {
    const distinct = exact.get(column.name) ?? null;
    const few =
      distinct !== null && (column.type === 'string' || column.type === 'boolean' || column.type === 'integer');
    const days = isTime(column.type) ? { days: await countPerDay(engine, from, column) } : {};
    profiles.push({
      name: column.name,
      type: column.type,
      nulls: rows - Number(sums[`c${index}`]),
      distinct,
      ...extremes(column, sums, index),
      top: few ? await topValues(engine, from, column, top) : [],
      ...days,
    });
  }
  return { rows, columns: profiles };
}

function aggregates({ name, type }: ColumnSpec, index: number): string[] {
  const column = identifier(name);
  const counts = [`count(${column}) AS c${index}`, `approx_count_distinct(${column}) AS a${index}`];
  if (type === 'integer' || type === 'number') {
    return [
      ...counts,
      `min(${column})::DOUBLE AS l${index}`,
      `max(${column})::DOUBLE AS h${index}`,
      `avg(${column})::DOUBLE AS m${index}`,
      `stddev_samp(${column}::DOUBLE) AS s${index}`,
    ];
  }
  if (isTime(type))
    return [
      ...counts,
      `${isoText(`min(${column})`, type)} AS l${index}`,
      `${isoText(`max(${column})`, type)} AS h${index}`,
    ];
  return counts;
}

const isTime = (type: ColumnType): boolean => type === 'timestamp' || type === 'date';

const isoText = (value: string, type: ColumnType): string =>
  type === 'date' ? `strftime(${value}, '%Y-%m-%d')` : `strftime(${value}, '%Y-%m-%dT%H:%M:%S.%gZ')`;

function extremes(
  { type }: ColumnSpec,
  row: EngineRow,
  index: number,
): Pick<ColumnProfile, 'min' | 'max' | 'mean' | 'stdev'> {
  const low = row[`l${index}`] ?? null;
  const high = row[`h${index}`] ?? null;
  if (isTime(type))
    return {
      min: low === null ? null : String(low),
      max: high === null ? null : String(high),
      mean: null,
      stdev: null,
    };
  return { min: finite(low), max: finite(high), mean: finite(row[`m${index}`]), stdev: finite(row[`s${index}`]) };
}

function finite(value: unknown): number | null {
  if (value === null || value === undefined) return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

// By position, since a column of the data may be named like an alias.
async function topValues(
  engine: Engine,
  from: string,
  { name, type }: ColumnSpec,
  top: number,
): Promise<[string, number][]> {
  const column = identifier(name);
  const rows = await engine.query(
    `SELECT ${column}::VARCHAR AS v, count(*) AS n FROM (${from}) WHERE ${column} IS NOT NULL GROUP BY ${column}${type === 'string' ? ` HAVING count(*) >= ${LEAST_ROWS}` : ''} ORDER BY count(*) DESC, 1 LIMIT ${top}`,
  );
  return rows.map((row) => [String(row.v), Number(row.n)]);
}

async function countPerDay(engine: Engine, from: string, { name }: ColumnSpec): Promise<[string, number][]> {
  const column = identifier(name);
  const rows = await engine.query(
    `SELECT strftime(${column}, '%Y-%m-%d') AS v, count(*) AS n FROM (${from}) WHERE ${column} IS NOT NULL GROUP BY 1 ORDER BY 1`,
  );
  return rows.map((row) => [String(row.v), Number(row.n)]);
}

/** The rows of one or several Parquet files whose columns have the same types, in the order given. */
export const parquetRows = (paths: readonly string[]): string =>
  `SELECT * FROM read_parquet([${paths.map(literal).join(', ')}])`;
