/**
 * Numbers and days as people and programs of many countries write them. They are recognised so that a sender is told, and
 * never converted: 1,234 and 3/4/2001 mean different things to different people.
 */

import type { Engine } from './engine.ts';
import { identifier, literal } from './sql.ts';

/** A way of writing. */
interface Notation {
  /** A whole cell, trimmed, in RE2's syntax (https://github.com/google/re2/wiki/Syntax). */
  readonly pattern: string;
  /** What is unlike the notation that is read. */
  readonly words: string;
  readonly instead: 'number' | 'day' | 'time' | 'clock';
}

const GROUP = "[ \\x{00a0}\\x{202f}\\x{2009}'\\x{2019}]";
/** Digits with a leading zero are no number: they are a code. */
const WHOLE = '(?:0|[1-9][0-9]*)';
const AMOUNT = `[0-9][0-9.,' \\x{00a0}\\x{202f}\\x{2019}]*`;
const CURRENCY = '(?:[$\\x{20ac}\\x{00a3}\\x{00a5}\\x{20b9}]|USD|EUR|GBP|CHF|JPY|INR|Fr\\.)';
const CLOCK = '(?:[ T]\\d{1,2}:\\d{2}(?::\\d{2}(?:\\.\\d+)?)?(?: ?[AaPp]\\.?[Mm]\\.?)?)?';
/** Half a day's hours, and which half; ISO days before them are of no other notation. */
const HALF_DAY = '(?:0?[1-9]|1[0-2])(?::[0-5][0-9](?::[0-5][0-9](?:\\.[0-9]+)?)?)? ?[AaPp]\\.?[Mm]\\.?';
const DAY = '(?:0?[1-9]|[12][0-9]|3[01])';
const MONTH = '(?:0?[1-9]|1[0-2])';
const MONTH_NAME = '(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*\\.?';

const PLAIN = `[-+]?${WHOLE}(?:\\.[0-9]+)?(?:[eE][-+]?[0-9]+)?`;

/** The first that fits is told: each is stricter than those after it, or disjoint. */
const NOTATIONS: readonly Notation[] = [
  {
    pattern: `[-+]?[1-9][0-9]{0,2}(?:,[0-9]{2,3})*,[0-9]{3}(?:\\.[0-9]+)?|[-+]?${WHOLE}(?:\\.[0-9]+)?`,
    words: 'commas between thousands',
    instead: 'number',
  },
  {
    pattern: `[-+]?[0-9]{1,3}(?:(?:\\.|${GROUP})[0-9]{3})*,[0-9]+|[-+]?${WHOLE}(?:,[0-9]+)?|[-+]?[1-9][0-9]{0,2}(?:\\.[0-9]{3})+`,
    words: 'a decimal comma',
    instead: 'number',
  },
  {
    pattern: `[-+]?(?:0|[1-9][0-9]{0,2}(?:${GROUP}[0-9]{3})*)(?:\\.[0-9]+)?`,
    words: 'marks between thousands',
    instead: 'number',
  },
  {
    pattern: `[-+(]?${CURRENCY} ?${AMOUNT}\\)?|[-+]?${AMOUNT}[ \\x{00a0}]?${CURRENCY}`,
    words: 'a currency',
    instead: 'number',
  },
  { pattern: '[-+]?[0-9]+(?:[.,][0-9]+)?[ \\x{00a0}]?%', words: 'percent signs', instead: 'number' },
  {
    pattern: `\\(${AMOUNT}\\)|${WHOLE}(?:[.,][0-9]+)?|[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\\.[0-9]+)?`,
    words: 'parentheses around what is negative',
    instead: 'number',
  },
  { pattern: `${WHOLE}(?:[.,][0-9]+)?-?`, words: 'the minus behind the number', instead: 'number' },
  { pattern: `[\\x{2212}\\x{2013}]?${WHOLE}(?:[.,][0-9]+)?`, words: 'a minus sign that is not -', instead: 'number' },
  {
    pattern: '[-+]?[^\\P{Nd}0-9]+(?:[.,\\x{066b}][^\\P{Nd}0-9]+)?',
    words: 'digits other than 0 to 9',
    instead: 'number',
  },
  { pattern: '0[xX][0-9a-fA-F]{1,8}', words: 'hexadecimal digits', instead: 'number' },
  {
    pattern: `${DAY}\\.${MONTH}\\.[0-9]{4}${CLOCK}|[0-3][0-9]\\.[01][0-9]\\.[0-9]{2}${CLOCK}`,
    words: 'the day before the month',
    instead: 'day',
  },
  {
    pattern: `[0-9]{1,2}[/-][0-9]{1,2}[/-](?:[0-9]{4}|[0-9]{2})${CLOCK}`,
    words: 'the year behind day and month',
    instead: 'day',
  },
  {
    pattern: `[0-9]{4}[/.]${MONTH}[/.]${DAY}${CLOCK}|[0-9]{4}-${MONTH}-${DAY}`,
    words: 'slashes, points or single digits',
    instead: 'day',
  },
  {
    pattern: `(?:[A-Za-z]{2,9},? )?(?:${MONTH_NAME} ${DAY}(?:,| ) ?[0-9]{2,4}|${DAY}[- ]${MONTH_NAME}[- ,]{1,2}[0-9]{2,4})${CLOCK}(?: ?[A-Z]{2,5}| ?[-+][0-9]{4})?`,
    words: 'the name of the month',
    instead: 'day',
  },
  { pattern: '[0-9]{4}-?W[0-9]{2}(?:-?[1-7])?', words: 'weeks', instead: 'day' },
  {
    pattern: `[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]${HALF_DAY}`,
    words: 'a clock of twelve hours (%I:%M %p)',
    instead: 'time',
  },
  { pattern: HALF_DAY, words: 'times of a clock of twelve hours, and no day', instead: 'clock' },
  {
    pattern:
      '[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)? ?(?:[A-Z]{2,5}|[A-Z][a-z]+/[A-Za-z_]+)',
    words: "a time zone's name",
    instead: 'time',
  },
  {
    pattern: '[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?:,[0-9]+)?(?:[-+][0-9]{2}:?[0-9]{2}|Z)?',
    words: 'a clock that is not 10:15:00Z',
    instead: 'time',
  },
];

const INSTEAD: Readonly<Record<Notation['instead'], string>> = {
  number: 'numbers are written 1234.5: a point before the decimals, and nothing else but a leading minus',
  day: 'days are written 2001-03-31 (times 2001-03-31T10:15:00Z)',
  time: 'times are written 2001-03-31T10:15:00Z, or with an offset as +01:00; without one they are UTC',
  clock: 'times of day are numbers (13.5, or 48600 seconds), or declared as in clock: "%I:%M %p"',
};

/** How a column of text is written, when that is a number or a time in a notation that is not read. */
export interface FoundNotation {
  readonly message: string;
  /** SQL that is true of a cell in this notation. */
  readonly matches: string;
}

/**
 * What a cell in any of the notations has: no single letter before something else, and a digit. To look for all of them
 * takes the engine fifteen milliseconds a column, however few its rows: most columns of text are not worth it.
 */
const GUARDS = ['^(?:[^A-Za-z]|[A-Za-z]{2})', '[0-9]|[^\\x{00}-\\x{7f}]'];

/** So many of a column's cells in every hundred have to be written alike. */
const MOST = 0.95;
/** Columns whose first rows do not look so are not looked at further. */
const SAMPLE_ROWS = 2000;

/**
 * How a text column is written.
 *
 * @param from the dataset's typed copies, as a relation
 * @returns undefined where it holds no numbers or times, or too few cells to tell
 */
export async function notationOf(engine: Engine, from: string, column: string): Promise<FoundNotation | undefined> {
  const cell = identifier(column);
  const tests = NOTATIONS.map(({ pattern }) => `regexp_full_match(trim(${cell}), ${literal(pattern)})`);
  // Many a notation writes small numbers as everybody does; those alone are none.
  const plain = `regexp_full_match(trim(${cell}), ${literal(PLAIN)})`;
  const count = async (wanted: readonly number[], limit: string): Promise<number[]> => {
    const counted = wanted.flatMap((index) => [
      `count(*) FILTER (WHERE ${tests[index]}) AS n${index}`,
      `count(*) FILTER (WHERE ${tests[index]} AND NOT ${plain}) AS odd${index}`,
    ]);
    const [row = {}] = await engine.query(
      `SELECT count(*) AS present, ${counted.join(', ')} FROM (SELECT ${cell} FROM (${from})${limit}) WHERE trim(${cell}) <> ''`,
    );
    const present = Number(row.present);
    return wanted.filter((index) => Number(row[`odd${index}`]) > 0 && Number(row[`n${index}`]) >= MOST * present);
  };
  const guarded = GUARDS.map((pattern) => `regexp_matches(trim(${cell}), ${literal(pattern)})`).join(' AND ');
  const [row = {}] = await engine.query(
    `SELECT count(*) AS present, count(*) FILTER (WHERE ${guarded}) AS possible FROM (SELECT ${cell} FROM (${from}) LIMIT ${SAMPLE_ROWS}) WHERE trim(${cell}) <> ''`,
  );
  if (Number(row.possible) < MOST * Number(row.present)) return undefined;
  const likely = await count([...NOTATIONS.keys()], ` LIMIT ${SAMPLE_ROWS}`);
  if (likely.length === 0) return undefined;
  const [index] = await count(likely, '');
  const notation = index === undefined ? undefined : NOTATIONS[index];
  if (index === undefined || notation === undefined) return undefined;
  const { words, instead } = notation;
  return {
    message: `the cells of ${column} are written with ${words}; ${INSTEAD[instead]}`,
    matches: tests[index] ?? 'false',
  };
}
