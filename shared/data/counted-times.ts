/** Whole numbers that count time from 1970: by their size, and where that is not enough by their name or their zeros. */
import type { ColumnNotation } from '../definition/column-notation.ts';
import { declareWritten } from './declaring.ts';
import type { Engine } from './engine.ts';
import type { ColumnProfile } from './profile/published.ts';
import type { ReadDataset } from './read-dataset.ts';
import { identifier, parquetRows } from './sql.ts';

/** What times are counted in. */
export type EpochUnit = NonNullable<ColumnNotation['epoch']>;

/** How many of each a second has. */
const UNITS = [
  ['seconds', 1],
  ['milliseconds', 1e3],
  ['microseconds', 1e6],
  ['nanoseconds', 1e9],
] as const satisfies readonly (readonly [EpochUnit, number])[];

/** September 2001 to December 2099, in seconds: ten digits, so that no number is of two units. */
const [FIRST_SECOND, LAST_SECOND] = [1_000_000_000, 4_102_444_799];

const NAMES_A_TIME =
  /(^|[ _.-])(ts|time|timestamp|date|datetime|epoch|at)([ _.-]?(s|sec|seconds|ms|millis|us|micros|ns|nanos|utc))?$/i;
/** The same of names in camel case: `createdAt`, `eventTime`. */
const NAMES_A_TIME_IN_CAMEL_CASE = /[a-z](At|Time|Timestamp|Date|Epoch)(Ms|Us|Ns|Utc)?$/;

/** Whether a column's name says that it holds times. */
export const namesTime = (name: string): boolean => NAMES_A_TIME.test(name) || NAMES_A_TIME_IN_CAMEL_CASE.test(name);

/** The unit in which whole numbers of this size count days of our times; undefined where they do not. */
export function epochUnitOf({ type, min, max }: Pick<ColumnProfile, 'type' | 'min' | 'max'>): EpochUnit | undefined {
  if ((type !== 'integer' && type !== 'number') || typeof min !== 'number' || typeof max !== 'number') return undefined;
  // Past 2^53 every number is whole; below it what has fractions is measured.
  if (type === 'number' && min < Number.MAX_SAFE_INTEGER) return undefined;
  return UNITS.find(([, factor]) => min >= FIRST_SECOND * factor && max <= LAST_SECOND * factor)?.[0];
}

export const looksLikeNanoseconds = (profile: Pick<ColumnProfile, 'type' | 'min' | 'max'>): boolean =>
  epochUnitOf(profile) === 'nanoseconds';

/** A double near 2^60 is at most half of 256 away from the whole number it was made of. */
const LOST = 128;
/** Clocks that tell nanoseconds often tell milliseconds alone. Of other numbers one in 4,000 would look so. */
const MILLISECOND = 1e6;

/**
 * Of some columns, those that count nanoseconds: of the right size, and named as times are or all of them whole
 * milliseconds. Size alone does not tell them from the identifiers that programs hand out.
 */
export async function countsNanoseconds(
  engine: Engine,
  { parts, profile }: Pick<ReadDataset, 'parts' | 'profile'>,
  columns: readonly string[],
): Promise<string[]> {
  const sized = (profile?.columns ?? []).filter(
    (column) => columns.includes(column.name) && looksLikeNanoseconds(column),
  );
  const unnamed = sized.filter(({ name }) => !namesTime(name));
  const whole = new Set<string>();
  if (unnamed.length > 0) {
    const tests = unnamed.map(({ name }, at) => {
      const v = identifier(name);
      return `bool_and(abs(${v} - round(${v} / ${MILLISECOND}) * ${MILLISECOND}) <= ${LOST}) AS w${at}`;
    });
    const [row = {}] = await engine.query(
      `SELECT ${tests.join(', ')} FROM (${parquetRows(parts.map(({ path }) => path))})`,
    );
    for (const [at, { name }] of unnamed.entries()) if (row[`w${at}`] === true) whole.add(name);
  }
  return sized.filter(({ name }) => namesTime(name) || whole.has(name)).map(({ name }) => name);
}

/** Declares that a column counts time. */
export const declareEpoch = (column: string, unit: EpochUnit): string => declareWritten(column, `epoch: ${unit}`);
