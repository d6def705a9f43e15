/** Reads dates, times and truth values as most programs write them: what the engine's casts give, without the engine. */

const [MINUS, COLON, POINT, ZERO] = [0x2d, 0x3a, 0x2e, 0x30] as const;
const DAYS_OF_MONTH = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
const MINUTE_BYTES = 16;
const SECOND_BYTES = 19;
const SECOND_US = 1_000_000;
const DAY_SECONDS = 86_400;
const NO_DIGITS = -10_000;
/** Within these years a timestamp is a whole number of microseconds below 2^53. */
const [FIRST_YEAR, LAST_YEAR] = [1686, 2254] as const;

/** The value of two digits; far below zero where they are none, so that nothing that they are part of is in its limits. */
const twoDigits = (bytes: Uint8Array, at: number): number => {
  const tens = (bytes[at] as number) - ZERO;
  const ones = (bytes[at + 1] as number) - ZERO;
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? NO_DIGITS : tens * 10 + ones;
};

/** A date takes so many bytes; that of a timestamp is the first of it. */
export const DATE_BYTES = 10;

/** Days since 1970 of `2001-01-25`; NaN where the bytes are spelled otherwise. */
export const plainDate = (bytes: Uint8Array, from: number): number => days(bytes, from, 1, 9999);

/** The same of the date of a timestamp. */
export const timestampDay = (bytes: Uint8Array, from: number): number => days(bytes, from, FIRST_YEAR, LAST_YEAR);

function days(bytes: Uint8Array, from: number, firstYear: number, lastYear: number): number {
  const year = twoDigits(bytes, from) * 100 + twoDigits(bytes, from + 2);
  const month = twoDigits(bytes, from + 5);
  const day = twoDigits(bytes, from + 8);
  if (!(year >= firstYear && year <= lastYear && month >= 1 && month <= 12 && day >= 1)) return Number.NaN;
  if (bytes[from + 4] !== MINUS || bytes[from + 7] !== MINUS) return Number.NaN;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (day > (DAYS_OF_MONTH[month] ?? 0) + (isLeap && month === 2 ? 1 : 0)) return Number.NaN;
  // Years that begin in March have their leap day last (https://howardhinnant.github.io/date_algorithms.html).
  const shifted = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return (
    shifted * 365 +
    Math.floor(shifted / 4) -
    Math.floor(shifted / 100) +
    Math.floor(shifted / 400) +
    dayOfYear -
    719_468
  );
}

/**
 * Microseconds since 1970 of `2001-01-25`, `2001-01-25 10:15`, `2001-01-25T10:15:00`, with up to six digits of a second and
 * with a `Z` behind the seconds; NaN where the bytes are spelled otherwise.
 *
 * @param day of the date, as {@link timestampDay} has it
 */
export function plainTimestamp(day: number, bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  if (length === DATE_BYTES || Number.isNaN(day)) return day * DAY_SECONDS * SECOND_US;
  const between = bytes[from + DATE_BYTES];
  if (length < MINUTE_BYTES || (between !== 0x20 && between !== 0x54) || bytes[from + 13] !== COLON) return Number.NaN;
  const hour = twoDigits(bytes, from + 11);
  const minute = twoDigits(bytes, from + 14);
  if (!(hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59)) return Number.NaN;
  const minutes = (day * 24 + hour) * 60 + minute;
  if (length === MINUTE_BYTES) return minutes * 60 * SECOND_US;
  if (length < SECOND_BYTES || bytes[from + MINUTE_BYTES] !== COLON) return Number.NaN;
  const second = twoDigits(bytes, from + 17);
  if (!(second >= 0 && second <= 59)) return Number.NaN;
  const end = bytes[to - 1] === 0x5a ? to - 1 : to;
  return (minutes * 60 + second) * SECOND_US + microseconds(bytes, from + SECOND_BYTES, end);
}

/** The value of `.123456`, or of nothing. */
function microseconds(bytes: Uint8Array, from: number, to: number): number {
  if (to === from) return 0;
  const digits = to - from - 1;
  if (bytes[from] !== POINT || digits < 1 || digits > 6) return Number.NaN;
  let value = 0;
  for (let at = from + 1; at < to; at += 1) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  for (let at = digits; at < 6; at += 1) value *= 10;
  return value;
}

/** 1 of `true`, 0 of `false`, in any case; NaN of anything else. */
export function plainTruth(bytes: Uint8Array, from: number, to: number): number {
  const word = lowerWord(bytes, from, to);
  return word === TRUE ? 1 : word === FALSE ? 0 : Number.NaN;
}

const LONGEST_WORD = 5;

/** A word of ASCII of up to five characters as one number, in lower case; -1 for anything longer. */
export function lowerWord(bytes: Uint8Array, from: number, to: number): number {
  if (to - from > LONGEST_WORD) return -1;
  let word = 0;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] as number;
    word = word * 256 + (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte);
  }
  return word;
}

/** The number of a word as {@link lowerWord} has it. */
export const wordNumber = (word: string): number => lowerWord(Buffer.from(word), 0, word.length);

const [TRUE, FALSE] = [wordNumber('true'), wordNumber('false')];
