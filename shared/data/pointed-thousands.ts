/**
 * Columns in which a point may stand between thousands, although they are read as decimals. That all numbers have three
 * decimals is no sign of it: so does what an instrument measures, and if all of them were thousands they would keep their
 * order, a thousandth of themselves. What tells, and what does harm, is the seam at a thousand: 950 is written without a
 * point and 1.234 with one, so that what is read as hundreds has no decimals and what is read as less than ten has three.
 * Of numbers that are measured whether one is whole does not hang on how large it is.
 */
import { howMany } from '../report/how-many.ts';
import { declareWritten } from './declaring.ts';
import type { Engine } from './engine.ts';
import type { ColumnProfile } from './profile/published.ts';
import type { ReadDataset } from './read-dataset.ts';
import { identifier, parquetRows } from './sql.ts';

/** So many of either sort, at the least, make a seam. */
const LEAST_DECIMALS = 20;
const LEAST_WHOLE = 10;
/** One value that is repeated is a limit, or stands for something. */
const LEAST_DISTINCT_WHOLE = 5;
/** Of thousands one in ten ends in a zero, which is not seen any more: fewer are wanted with three decimals. */
const THREE_DECIMALS = 0.8;
/** Of the hundreds so many have no decimals, and of what is below ten so few. */
const [MOST_HUNDREDS, FEW_UNITS] = [0.5, 0.1];
/** Columns whose first rows rule it out are not looked at further. */
const SAMPLE_ROWS = 2000;

/** A column with a seam. */
export interface PointedThousands {
  readonly column: string;
  /** Its whole numbers of three digits. */
  readonly whole: number;
}

/** What was found, and how to declare it. */
export const pointedText = ({ column, whole }: PointedThousands): string =>
  `in ${column} ${howMany(whole, 'number')} of three digits have no decimals, and what is below 10 has three: if a point stands between thousands (950, then 1.234), ${declareWritten(column, 'decimal: ",", thousands: "."')}`;

const isHundreds = (v: string): string => `abs(${v}) >= 100`;
const isWhole = (v: string): string => `${v} = trunc(${v})`;

/** True of the numbers without decimals above the seam, in SQL. */
export const wholeBesidePointed = (column: string): string => {
  const v = identifier(column);
  return `${isHundreds(v)} AND ${isWhole(v)}`;
};

/** Whether the bounds leave it open: one point at most in each number, and none behind a 0. */
const isOpen = ({ type, min, max }: ColumnProfile): boolean =>
  type === 'number' && Number(max) < 1000 && Number(min) > -1000 && !(Number(min) > 0 && Number(min) < 1);

/** Those of some columns that have a seam at a thousand. Of Parquet's own numbers there is none. */
export async function pointedThousands(
  engine: Engine,
  { parts, profile, format }: Pick<ReadDataset, 'parts' | 'profile' | 'format'>,
  columns: ReadonlySet<string>,
): Promise<PointedThousands[]> {
  if (format === 'parquet') return [];
  const open = (profile?.columns ?? []).filter((column) => columns.has(column.name) && isOpen(column));
  const rows = `SELECT * FROM (${parquetRows(parts.map(({ path }) => path))})`;
  const likely = await notRuledOut(
    engine,
    `${rows} LIMIT ${SAMPLE_ROWS}`,
    open.map(({ name }) => name),
  );
  return withSeam(engine, rows, likely);
}

const fits = (v: string, scale: number): string => `abs(${v} * ${scale} - round(${v} * ${scale})) < 1e-6`;
/** A number that is no thousands: more than three decimals, or a 0 before them. */
const isOther = (v: string): string => `NOT ${fits(v, 1000)} OR (abs(${v}) < 1 AND ${v} <> 0)`;

async function notRuledOut(engine: Engine, rows: string, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const tests = names.map((name, at) => `coalesce(bool_or(${isOther(identifier(name))}), false) AS o${at}`);
  const [row = {}] = await engine.query(`SELECT ${tests.join(', ')} FROM (${rows})`);
  return names.filter((_, at) => row[`o${at}`] === false);
}

async function withSeam(engine: Engine, rows: string, names: readonly string[]): Promise<PointedThousands[]> {
  if (names.length === 0) return [];
  const counts = names.flatMap((name, at) => {
    const v = identifier(name);
    const whole = wholeBesidePointed(name);
    return [
      `count(*) FILTER (WHERE ${isOther(v)}) AS other${at}`,
      `count(*) FILTER (WHERE NOT ${isWhole(v)}) AS decimals${at}`,
      `count(*) FILTER (WHERE NOT ${fits(v, 100)}) AS three${at}`,
      `count(*) FILTER (WHERE ${isHundreds(v)}) AS hundreds${at}`,
      `count(*) FILTER (WHERE ${whole}) AS whole${at}`,
      `count(DISTINCT ${v}) FILTER (WHERE ${whole}) AS different${at}`,
      `count(*) FILTER (WHERE abs(${v}) >= 1 AND abs(${v}) < 10) AS units${at}`,
      `count(*) FILTER (WHERE abs(${v}) >= 1 AND abs(${v}) < 10 AND ${isWhole(v)}) AS wholeunits${at}`,
    ];
  });
  const [row = {}] = await engine.query(`SELECT ${counts.join(', ')} FROM (${rows})`);
  return names.flatMap((column, at) => {
    const n = (name: string): number => Number(row[`${name}${at}`]);
    const isSeam =
      n('other') === 0 &&
      n('decimals') >= LEAST_DECIMALS &&
      n('three') >= THREE_DECIMALS * n('decimals') &&
      n('whole') >= LEAST_WHOLE &&
      n('different') >= LEAST_DISTINCT_WHOLE &&
      n('whole') >= MOST_HUNDREDS * n('hundreds') &&
      n('units') >= LEAST_WHOLE &&
      n('wholeunits') <= FEW_UNITS * n('units');
    return isSeam ? [{ column, whole: n('whole') }] : [];
  });
}
