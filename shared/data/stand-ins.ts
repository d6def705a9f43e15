/**
 * Numbers that stand for no value: -999 in a column that is never negative otherwise, 9999 far above all the rest. A model
 * takes them for what they say. They are told, and never taken out: what lies far off and comes again may be meant.
 */
import { howMany } from '../report/how-many.ts';
import { declareWritten } from './declaring.ts';
import type { Engine } from './engine.ts';
import type { ColumnProfile } from './profile/published.ts';
import type { ReadDataset } from './read-dataset.ts';
import { identifier, parquetRows } from './sql.ts';

/** What people and programs write, where a column has no room for a word. */
const BELOW = [-1, -9, -99, -999, -9999, -99_999, -999_999];
const ABOVE = [99, 999, 9999, 99_999, 999_999];

/** In so many rows, and in this share of those with a value: what comes once is a slip, or a record. */
const [LEAST_ROWS, LEAST_SHARE] = [5, 0.01];
/** So many other values: of few, one more is a kind. */
const LEAST_OTHERS = 20;
/** The rest is so many times as wide as nothing, on the way to what stands apart above it: limits lie near what they cut. */
const GAP_ABOVE = 2;
/** -1 is one step below a count: only where so many times as many rows have it as have 0 or 1, and others go far. */
const [TIMES_NEIGHBOURS, FAR] = [5, 20];

/** A number that probably stands for no value. */
export interface StandIn {
  readonly column: string;
  readonly code: number;
  /** Rows that have it, and rows that have a value at all. */
  readonly rows: number;
  readonly present: number;
  /** Between which numbers all others lie. */
  readonly least: number;
  readonly greatest: number;
}

interface Candidate {
  readonly column: string;
  readonly code: number;
}

/** What lies at the end of a column, where it is one of the codes. */
function candidatesOf({ name, type, min, max, distinct }: ColumnProfile): Candidate[] {
  if ((type !== 'integer' && type !== 'number') || (distinct !== null && distinct <= LEAST_OTHERS)) return [];
  return [...BELOW.filter((code) => code === min), ...ABOVE.filter((code) => code === max)].map((code) => ({
    column: name,
    code,
  }));
}

function standsApart({ code, rows, present, least, greatest }: StandIn, neighbours: number): boolean {
  if (rows < LEAST_ROWS || rows < LEAST_SHARE * present) return false;
  const width = greatest - least;
  if (code > 0) return code - greatest >= GAP_ABOVE * width && greatest > 0;
  if (least - code >= width) return true;
  if (least < 0) return false;
  return code < -1 || (greatest >= FAR && rows >= TIMES_NEIGHBOURS * neighbours);
}

/** Of some columns, the numbers that probably stand for no value. */
export async function standInsOf(
  engine: Engine,
  { parts, profile }: Pick<ReadDataset, 'parts' | 'profile'>,
  columns: ReadonlySet<string>,
): Promise<StandIn[]> {
  const candidates = (profile?.columns ?? []).filter(({ name }) => columns.has(name)).flatMap(candidatesOf);
  if (candidates.length === 0 || parts.length === 0) return [];
  const others = (column: string): string => {
    const codes = candidates.filter((each) => each.column === column).map(({ code }) => code);
    return `${identifier(column)} NOT IN (${codes.join(', ')})`;
  };
  const counts = candidates.flatMap(({ column, code }, at) => {
    const v = identifier(column);
    return [
      `count(${v}) AS present${at}`,
      `count(*) FILTER (WHERE ${v} = ${code}) AS rows${at}`,
      `count(*) FILTER (WHERE ${v} > -1 AND ${v} <= 1) AS neighbours${at}`,
      `min(${v}) FILTER (WHERE ${others(column)}) AS least${at}`,
      `max(${v}) FILTER (WHERE ${others(column)}) AS greatest${at}`,
    ];
  });
  const [row = {}] = await engine.query(
    `SELECT ${counts.join(', ')} FROM (${parquetRows(parts.map(({ path }) => path))})`,
  );
  return candidates.flatMap((candidate, at) => {
    const n = (name: string): number => Number(row[`${name}${at}`]);
    const found = {
      ...candidate,
      rows: n('rows'),
      present: n('present'),
      least: n('least'),
      greatest: n('greatest'),
    };
    return standsApart(found, n('neighbours')) ? [found] : [];
  });
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;
const figure = (value: number): string => Number(value.toPrecision(6)).toLocaleString('en-US');

/** What was found. */
export const standInEvidence = ({ rows, present, least, greatest }: StandIn): string =>
  `in ${howMany(rows, 'row')} (${percent(rows / present)}), and otherwise between ${figure(least)} and ${figure(greatest)}`;

/** What was found, and how to declare it. */
export const standInText = (found: StandIn): string =>
  `${found.column} is ${found.code} ${standInEvidence(found)}: if ${found.code} stands for no value, ${declareWritten(found.column, `missing: ["${found.code}"]`)}`;
