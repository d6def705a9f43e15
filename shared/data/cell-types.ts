/**
 * What a cell of text means: the SQL that tells whether a cell parses as a type, and its value. Types are found by
 * counting the cells that parse, never by sniffing a sample.
 *
 * Rules. Blank cells are missing. In columns that are not text, so are the words of {@link MISSING_WORDS}. Integers are
 * whole numbers up to 2^53; in a column whose type is not known, leading zeros make text (they carry identity: postal
 * codes). Numbers are finite. Dates are `YYYY-MM-DD`; timestamps a date and a time of day, UTC when no offset is given.
 */
import type { ColumnType } from '../features/columns.ts';
import { literal } from './sql.ts';

/** Words that stand for a missing value in a column of numbers, truth values or times; case does not count. */
export const MISSING_WORDS = ['null', 'nan', 'na', 'n/a', 'none', '\\n'];

const DATE = "'[0-9]{4}-[0-9]{2}-[0-9]{2}'";
/** An offset needs seconds before it: that is what the engine reads. Digits below a microsecond are cut off. */
const TIMESTAMP =
  "'[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,9})?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?'";
/** 2^53 - 1: the largest integer, and the largest distance of a timestamp from 1970 in microseconds, that is exact. */
export const MAX_EXACT = '9007199254740991';

/** Whether a cell holds anything at all. A cell that does not begin with a space does: trimming costs ten times as much. */
const filled = (cell: string): string => `CASE WHEN ${cell} LIKE ' %' THEN trim(${cell}) <> '' ELSE ${cell} <> '' END`;

/** Whether a cell holds a value, where the column is not text. */
const present = (cell: string): string =>
  `(trim(${cell}) <> '' AND lower(trim(${cell})) NOT IN (${MISSING_WORDS.map(literal).join(', ')}))`;

interface Conversion {
  /** True of a cell whose value is `value`; null or false says nothing. */
  readonly test: string;
  readonly value: string;
}

/** What begins like a number (-inf does not), without a leading zero, and is too short and too plain to be infinite or to have underscores. */
const plainNumber = (cell: string): string =>
  `${cell} > '-' AND ${cell} < ':' AND NOT (${cell} >= '00' AND ${cell} < '0:') AND NOT (${cell} >= '-00' AND ${cell} < '-0:') AND NOT (${cell} >= '-:' AND ${cell} < '.')` +
  ` AND strlen(${cell}) <= 24 AND NOT contains(${cell}, 'e') AND NOT contains(${cell}, 'E') AND NOT contains(${cell}, '_')`;

/** Timestamps as most programs write them. */
const PLAIN_TIMESTAMPS = [
  '____-__-__ __:__:__',
  '____-__-__T__:__:__',
  '____-__-__T__:__:__Z',
  '____-__-__T__:__:__.___Z',
];

/**
 * The usual spelling of a type: a cell that passes the test has the value of the cast, and none where the cast has none.
 * The test is cheap, and in most columns no other is needed.
 */
function usual(cell: string, type: ColumnType): Conversion | undefined {
  switch (type) {
    case 'integer':
      // The engine casts '12.7' to 13 and '1_000' to 1000, so the text has to come out again.
      return {
        test: `length(${cell}) <= 15 AND TRY_CAST(${cell} AS BIGINT)::VARCHAR = ${cell}`,
        value: `TRY_CAST(${cell} AS BIGINT)`,
      };
    case 'number':
      return { test: plainNumber(cell), value: `TRY_CAST(${cell} AS DOUBLE)` };
    case 'boolean':
      return { test: `${cell} IN ('true', 'false')`, value: `${cell} = 'true'` };
    case 'date':
      return { test: `${cell} LIKE '____-__-__'`, value: `TRY_CAST(${cell} AS DATE)` };
    case 'timestamp':
      return {
        test: `(${PLAIN_TIMESTAMPS.map((like) => `${cell} LIKE '${like}'`).join(' OR ')}) AND ${cell} > '1686' AND ${cell} < '2255'`,
        value: `TRY_CAST(${cell} AS TIMESTAMP)`,
      };
    default:
      return undefined;
  }
}

/** Every accepted spelling of a type. `strict`: the type is being found; otherwise it is known and what is meant is clear. */
function accepted(cell: string, type: ColumnType, strict: boolean): Conversion {
  const text = `trim(${cell})`;
  const double = `TRY_CAST(${text} AS DOUBLE)`;
  switch (type) {
    case 'string':
      return { test: filled(cell), value: cell };
    case 'boolean':
      return {
        test: `lower(${text}) IN (${strict ? "'true', 'false'" : "'true', 'false', 't', 'f', '1', '0'"})`,
        value: `lower(${text}) IN ('true', 't', '1')`,
      };
    case 'integer':
      return strict
        ? {
            test: `abs(TRY_CAST(${text} AS BIGINT)) <= ${MAX_EXACT} AND TRY_CAST(${text} AS BIGINT)::VARCHAR = ${text}`,
            value: `TRY_CAST(${text} AS BIGINT)`,
          }
        : {
            test: `abs(${double}) <= ${MAX_EXACT} AND trunc(${double}) = ${double} AND NOT contains(${text}, '_')`,
            value: `TRY_CAST(${double} AS BIGINT)`,
          };
    case 'number':
      return {
        test: `isfinite(${double}) AND NOT contains(${text}, '_')${strict ? ` AND NOT regexp_matches(${text}, '^[+-]?0[0-9]')` : ''}`,
        value: double,
      };
    case 'date':
      return {
        test: `TRY_CAST(${text} AS DATE) IS NOT NULL AND regexp_full_match(${text}, ${DATE})`,
        value: `TRY_CAST(${text} AS DATE)`,
      };
    case 'timestamp':
      // A cast to TIMESTAMP ignores an offset; one to TIMESTAMPTZ honours it.
      return {
        test: `abs(epoch_us(TRY_CAST(${text} AS TIMESTAMPTZ))) <= ${MAX_EXACT} AND (regexp_full_match(${text}, ${TIMESTAMP}) OR regexp_full_match(${text}, ${DATE}))`,
        value: `TRY_CAST(${text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'`,
      };
  }
}

/** Whether a cell that is present parses as a type. */
const parses = (cell: string, type: ColumnType, strict: boolean): string =>
  `coalesce(${accepted(cell, type, strict).test}, false)`;

/** The value of a cell, null where it is missing or does not parse. */
export function value(cell: string, type: ColumnType, strict: boolean): string {
  const fast = usual(cell, type);
  const slow = accepted(cell, type, strict);
  return `CASE ${fast === undefined ? '' : `WHEN ${fast.test} THEN ${fast.value} `}WHEN ${slow.test} THEN ${slow.value} END`;
}

/** Whether something is in a cell that does not parse as a type. `strict` as in {@link parses}. */
export function unparsed(cell: string, type: ColumnType, strict: boolean): string {
  if (type === 'string') return 'false';
  const fast = usual(cell, type);
  const parsed = fast === undefined ? '' : `WHEN ${fast.test} THEN (${fast.value}) IS NULL `;
  return `CASE WHEN ${cell} IS NULL THEN false ${parsed}WHEN ${accepted(cell, type, strict).test} THEN false ELSE ${present(cell)} END`;
}

/** How many cells of a column parse as each type. */
export interface CastCounts {
  /** Cells that hold something else than a word for "missing". */
  readonly present: number;
  readonly boolean: number;
  readonly integer: number;
  readonly number: number;
  readonly date: number;
  /** Dates count as timestamps. */
  readonly timestamp: number;
}

const COUNTED = ['boolean', 'integer', 'number', 'date', 'timestamp'] as const;

/** A type that also holds the values of a narrower one. */
export const WIDER: Readonly<Partial<Record<ColumnType, ColumnType>>> = { integer: 'number', date: 'timestamp' };

/** The aggregates that count. Dear: casts that fail cost the most. */
export function castCountsSql(cell: string): string[] {
  const here = present(cell);
  return [
    `count(*) FILTER (WHERE ${here}) AS n_present`,
    ...COUNTED.map((type) => `count(*) FILTER (WHERE ${here} AND ${parses(cell, type, true)}) AS n_${type}`),
  ];
}

/** Reads what {@link castCountsSql} asked for. */
export function castCounts(row: Readonly<Record<string, unknown>>): CastCounts {
  const count = (name: string): number => Number(row[`n_${name}`]);
  return {
    present: count('present'),
    boolean: count('boolean'),
    integer: count('integer'),
    number: count('number'),
    date: count('date'),
    timestamp: count('timestamp'),
  };
}

export const NO_CELLS: CastCounts = { present: 0, boolean: 0, integer: 0, number: 0, date: 0, timestamp: 0 };

/** Adds the counts of two parts. */
export function addCounts(a: CastCounts, b: CastCounts): CastCounts {
  return {
    present: a.present + b.present,
    boolean: a.boolean + b.boolean,
    integer: a.integer + b.integer,
    number: a.number + b.number,
    date: a.date + b.date,
    timestamp: a.timestamp + b.timestamp,
  };
}

/** The narrowest type that every present cell parses as; text where there is none, and where nothing is present. */
export function inferType(counts: CastCounts): ColumnType {
  if (counts.present === 0) return 'string';
  return COUNTED.find((type) => counts[type] === counts.present) ?? 'string';
}

/** The type that most cells of a column parse as, when that is not text and at least half of them do: what was probably meant. */
export function likelyType(counts: CastCounts): ColumnType | undefined {
  if (counts.present === 0) return undefined;
  let best: ColumnType | undefined;
  let most = counts.present / 2;
  for (const type of COUNTED) {
    // The wider type wins only when it explains more cells.
    if (counts[type] > most || (best === undefined && counts[type] === most)) {
      best = type;
      most = counts[type];
    }
  }
  return best;
}
