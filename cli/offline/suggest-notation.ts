/**
 * How the columns of a file are written, found where there is one way alone to read every cell: a guess to be declared in
 * `data.source.columns`, where a person sees it. 3/4/2001 is left alone unless another row tells day from month.
 */
import { type EpochUnit, epochUnitOf, namesTime } from '../../shared/data/counted-times.ts';
import { writtenAs } from '../../shared/data/declared-cells.ts';
import { identifier, literal } from '../../shared/data/engine.ts';
import { type ColumnNotation, hasClock, PLAIN_NOTATION } from '../../shared/definition/column-notation.ts';
import type { Seen, SeenColumn } from './seen.ts';

/** What people and programs write where there is no value, beside the words that always mean it. */
const WORDS_FOR_MISSING = [
  ...['-', '--', '---', '?', '.', '..', '*', '#n/a', '#na', '<na>', 'n.a.', 'n.a', 'k.a.', 'nil', '(null)', '(none)'],
  ...['missing', 'unknown', 'undefined', 'not available', 'not applicable', 'unbekannt', '–', '—'],
];

const DAYS = [
  ...['%d.%m.%Y', '%d.%m.%y', '%d/%m/%Y', '%m/%d/%Y', '%d/%m/%y', '%m/%d/%y', '%d-%m-%Y', '%m-%d-%Y'],
  ...[
    '%Y/%m/%d',
    '%Y.%m.%d',
    '%Y-%m-%d',
    '%d %b %Y',
    '%d-%b-%Y',
    '%d-%b-%y',
    '%b %d, %Y',
    '%b %d %Y',
    '%d %B %Y',
    '%B %d, %Y',
  ],
];
const CLOCKS = [
  '',
  ' %H:%M',
  ' %H:%M:%S',
  ' %H:%M:%S.%f',
  ' %I:%M %p',
  ' %I:%M%p',
  ' %I:%M:%S %p',
  ' %I:%M:%S%p',
  ', %H:%M',
  ', %H:%M:%S',
  ', %I:%M %p',
  ', %I:%M:%S %p',
];
const CLOCKS_ALONE = [
  '%H:%M',
  '%H:%M:%S',
  '%H:%M:%S.%f',
  '%I:%M %p',
  '%I:%M%p',
  '%I:%M:%S %p',
  '%I:%M:%S%p',
  '%I %p',
  '%I%p',
];
const SIGNS = ['%', '€', '$', '£', '¥', '₹', 'EUR', 'USD', 'GBP', 'CHF'];

const numbers = (unit: string | null): ColumnNotation[] => [
  { ...PLAIN_NOTATION, unit },
  { ...PLAIN_NOTATION, unit, decimal: ',' },
  { ...PLAIN_NOTATION, unit, decimal: ',', thousands: '.' },
  { ...PLAIN_NOTATION, unit, thousands: ',' },
  { ...PLAIN_NOTATION, unit, decimal: ',', thousands: ' ' },
  { ...PLAIN_NOTATION, unit, thousands: ' ' },
  { ...PLAIN_NOTATION, unit, thousands: "'" },
];

/** The plainest first: of several that read the same numbers, the first is taken. */
const PLAIN_NUMBER: ColumnNotation = { ...PLAIN_NOTATION, decimal: '.' };
const NUMBERS: readonly ColumnNotation[] = [PLAIN_NUMBER, ...numbers(null).slice(1), ...SIGNS.flatMap(numbers)];
const DATES: readonly ColumnNotation[] = DAYS.flatMap((day) =>
  CLOCKS.filter((clock) => day !== '%Y-%m-%d' || clock !== '').map((clock) => ({
    ...PLAIN_NOTATION,
    date: day + clock,
  })),
);

const TIMES_OF_DAY: readonly ColumnNotation[] = CLOCKS_ALONE.map((clock) => ({ ...PLAIN_NOTATION, clock }));

/** What is declared of a column, and why. */
export interface SuggestedNotation {
  readonly column: string;
  readonly notation: ColumnNotation;
  readonly why: string;
}

const SAMPLE_ROWS = 2000;

/** Those of some notations that read every cell of a column. */
async function fitting(
  { engine, relation }: Seen,
  column: string,
  missing: readonly string[],
  candidates: readonly ColumnNotation[],
  limit: string,
): Promise<ColumnNotation[]> {
  const cell = `trim(${identifier(column)})`;
  const words = ['', ...missing].map(literal).join(', ');
  const tests = candidates.map((each, at) => `bool_and(${writtenAs(cell, each)?.test ?? 'false'}) AS n${at}`);
  const [row = {}] = await engine.query(
    `SELECT ${tests.join(', ')} FROM (SELECT ${identifier(column)} FROM (${relation}) WHERE ${cell} NOT IN (${words})${limit})`,
  );
  return candidates.filter((_, at) => row[`n${at}`] === true);
}

/** How the words for missing are spelled in a column. */
async function missingIn({ engine, relation }: Seen, column: string): Promise<string[]> {
  const cell = `trim(${identifier(column)})`;
  const words = WORDS_FOR_MISSING.map(literal).join(', ');
  const rows = await engine.query(
    `SELECT DISTINCT ${cell} AS word FROM (${relation}) WHERE lower(${cell}) IN (${words}) ORDER BY 1 LIMIT 20`,
  );
  return rows.map(({ word }) => String(word));
}

/** Whether two notations read a cell as another value. */
async function differ(
  { engine, relation }: Seen,
  column: string,
  notations: readonly [ColumnNotation, ColumnNotation],
): Promise<boolean> {
  const cell = `trim(${identifier(column)})`;
  const [a, b] = notations.map((each) => writtenAs(cell, each)?.text ?? 'NULL');
  const [row] = await engine.query(`SELECT coalesce(bool_or(${a} <> ${b}), false) AS differ FROM (${relation})`);
  return row?.differ === true;
}

/** The first notation that reads every cell, where all others that do read the same. */
async function onlyReading(
  seen: Seen,
  column: string,
  missing: readonly string[],
  all: readonly ColumnNotation[],
): Promise<ColumnNotation | undefined> {
  const likely = await fitting(seen, column, missing, all, ` LIMIT ${SAMPLE_ROWS}`);
  const [first, ...others] = likely.length === 0 ? [] : await fitting(seen, column, missing, likely, '');
  if (first === undefined) return undefined;
  for (const other of others) if (await differ(seen, column, [first, other])) return undefined;
  return first;
}

async function textNotation(seen: Seen, column: string): Promise<ColumnNotation | undefined> {
  const missing = await missingIn(seen, column);
  const found =
    (await onlyReading(seen, column, missing, NUMBERS)) ??
    (await onlyReading(seen, column, missing, DATES)) ??
    (await onlyReading(seen, column, missing, TIMES_OF_DAY));
  if (found === undefined) return undefined;
  if (found !== PLAIN_NUMBER) return { ...found, missing };
  return missing.length === 0 ? undefined : { ...PLAIN_NOTATION, missing };
}

function whyOf({ date, clock, epoch, decimal, thousands, unit, missing }: ColumnNotation): string {
  const parts = [
    ...(date === null ? [] : [`every ${hasClock(date) ? 'time' : 'day'} is written so`]),
    ...(clock === null ? [] : ['every time of day is written so; it is read as seconds since midnight']),
    ...(epoch === null ? [] : [`the numbers are times, counted in ${epoch} from 1970`]),
    ...(decimal === null && thousands === null && unit === null ? [] : ['every number is written so']),
    ...(missing.length === 0 ? [] : ['words for no value']),
  ];
  return parts.join('; ');
}

const counting = (epoch: EpochUnit): ColumnNotation => ({ ...PLAIN_NOTATION, epoch });
const NANOSECONDS: readonly ColumnNotation[] = [counting('nanoseconds')];

/** Whole numbers that count time, by their name and size. Of numbers beyond 2^53 in Parquet the text is at hand. */
async function epochOf(seen: Seen, { name, type }: SeenColumn): Promise<ColumnNotation | undefined> {
  const profile = seen.dataset.profile?.columns.find((each) => each.name === name);
  if (profile === undefined) return undefined;
  if (type === 'string' && namesTime(name) && profile.lengths?.min === 19 && profile.lengths.max === 19)
    return onlyReading(seen, name, [], NANOSECONDS);
  const unit = epochUnitOf(profile);
  if (unit === undefined) return undefined;
  // Nothing but times was left a number of that size.
  return unit === 'nanoseconds' || namesTime(name) ? counting(unit) : undefined;
}

/** The shortest and the longest time of day: `9 AM`, `10:15:00.123456`. */
const [SHORTEST_CLOCK, LONGEST_CLOCK] = [3, 15];

/** Times of day without a day, of 24 hours: as text they are kinds of which there are many. */
async function clockOf(seen: Seen, { name, type }: SeenColumn): Promise<ColumnNotation | undefined> {
  const lengths = seen.dataset.profile?.columns.find((each) => each.name === name)?.lengths;
  if (type !== 'string' || lengths === undefined) return undefined;
  if (lengths.min < SHORTEST_CLOCK || lengths.max > LONGEST_CLOCK) return undefined;
  return onlyReading(seen, name, [], TIMES_OF_DAY);
}

/** What could be declared of the columns that are not read as what they hold. */
export async function suggestNotations(seen: Seen): Promise<SuggestedNotation[]> {
  const found: SuggestedNotation[] = [];
  for (const column of seen.columns) {
    const { name, unread } = column;
    const notation =
      unread === null
        ? ((await epochOf(seen, column)) ?? (await clockOf(seen, column)))
        : await textNotation(seen, name);
    if (notation !== undefined) found.push({ column: name, notation, why: whyOf(notation) });
  }
  return found;
}

/** What of a notation is declared, as a definition has it. */
export const declaredNotation = (notation: ColumnNotation): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(notation).filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0)),
  );
