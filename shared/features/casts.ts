/** Conversions of single values, as DuckDB's TRY_CAST makes them where both can be exact. */
import { parseDate, parseTimestamp } from './calendar.ts';
import type { CellValue, ColumnType } from './columns.ts';

const NUMBER_TEXT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** The number a text says; NaN for anything else, for `inf` and `nan`, and for what is too large. Spaces around it go. */
export function numberFromText(text: string): number {
  const trimmed = text.trim();
  const value = NUMBER_TEXT.test(trimmed) ? Number(trimmed) : Number.NaN;
  return Number.isFinite(value) ? value : Number.NaN;
}

/** The integer a text says, a fraction rounded half away from zero; NaN for anything else. */
export function integerFromText(text: string): number {
  return roundHalfAway(numberFromText(text));
}

/** Rounds to the nearest integer, a half away from zero: SQL's `round`. */
export function roundHalfAway(value: number): number {
  const whole = Math.trunc(value);
  return Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole;
}

/** Rounds to the nearest integer, a half to the even one: SQL's cast of a double to an integer. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

const TRUE_TEXTS: ReadonlySet<string> = new Set(['true', 't', 'yes', 'y', 'on', '1']);
const FALSE_TEXTS: ReadonlySet<string> = new Set(['false', 'f', 'no', 'n', 'off', '0']);

/** The truth value a text says, in any case; null for anything else. */
export function booleanFromText(text: string): boolean | null {
  const lower = text.trim().toLowerCase();
  if (TRUE_TEXTS.has(lower)) return true;
  return FALSE_TEXTS.has(lower) ? false : null;
}

/**
 * A number as text: the shortest digits that read back as the same number, with a point; an exponent below 1e-4 and
 * from 1e16 on.
 */
export function textFromNumber(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 16) {
    const plain = String(value);
    return plain.includes('.') ? plain : `${plain}.0`;
  }
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** A text constant as a value of a type; numbers of dates and timestamps as in {@link ColumnType}; null if it is none. */
export function convertText(text: string, to: ColumnType): CellValue {
  switch (to) {
    case 'string':
      return text;
    case 'boolean':
      return booleanFromText(text);
    case 'number':
      return orNull(numberFromText(text));
    case 'integer':
      return orNull(integerFromText(text), Number.MAX_SAFE_INTEGER);
    case 'timestamp':
      return orNull(parseTimestamp(text.trim()));
    case 'date':
      return orNull(dateFromText(text));
  }
}

/** Days since 1970 of a text that holds a date, or a timestamp whose day it is. */
export function dateFromText(text: string): number {
  const trimmed = text.trim();
  const days = parseDate(trimmed);
  return Number.isNaN(days) ? Math.floor(parseTimestamp(trimmed) / 86_400_000_000) : days;
}

const orNull = (value: number, limit = Number.MAX_VALUE): number | null => (Math.abs(value) <= limit ? value : null);
