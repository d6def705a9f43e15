/**
 * The proleptic Gregorian calendar in UTC, on two counts: days since 1970-01-01 and microseconds since its midnight.
 * Written out because `Date` counts milliseconds and would lose a timestamp's last three digits.
 */

/** Microseconds. */
const SECOND = 1_000_000;
/** Microseconds. */
const MINUTE = 60 * SECOND;
/** Microseconds. */
const HOUR = 60 * MINUTE;
/** Microseconds. */
export const DAY = 24 * HOUR;

/** 0001-01-01 and 9999-12-31, in days since 1970: the days there are. */
export const FIRST_DAY = -719_162;
export const LAST_DAY = 2_932_896;

/** A day of the calendar; `month` and `day` count from 1. */
export interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

// Days from civil and back: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
const DAYS_PER_ERA = 146_097;
const EPOCH_SHIFT = 719_468;

/** Days from 1970-01-01 to a day of the calendar. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_PER_ERA + dayOfEra - EPOCH_SHIFT;
}

/** The day of the calendar that is `days` after 1970-01-01. */
export function civilFromDays(days: number): CivilDate {
  const z = days + EPOCH_SHIFT;
  const era = Math.floor(z / DAYS_PER_ERA);
  const dayOfEra = z - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch + (monthFromMarch < 10 ? 3 : -9);
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

/** The number of days of a month. */
export function daysOfMonth(year: number, month: number): number {
  return month === 12 ? 31 : daysFromCivil(year, month + 1, 1) - daysFromCivil(year, month, 1);
}

/** The remainder that is never negative. */
const modulo = (a: number, b: number): number => a - Math.floor(a / b) * b;

/** The day, since the epoch, on which an instant (microseconds) falls. */
export const dayOfInstant = (us: number): number => Math.floor(us / DAY);

/** 0 is Sunday, as DuckDB's `dayofweek`; 1970-01-01 was a Thursday. */
export const dayOfWeek = (days: number): number => modulo(days + 4, 7);

/** 1 is Monday, 7 Sunday. */
export const isoDayOfWeek = (days: number): number => modulo(days + 3, 7) + 1;

/** 1 is the first of January. */
export const dayOfYear = (days: number): number => days - daysFromCivil(civilFromDays(days).year, 1, 1) + 1;

/** The year the ISO 8601 week belongs to: that of its Thursday. */
export const isoYear = (days: number): number => civilFromDays(days - modulo(days + 3, 7) + 3).year;

/** The ISO 8601 week, 1 to 53: the week belongs to the year that holds its Thursday. */
export function isoWeek(days: number): number {
  const thursday = days - modulo(days + 3, 7) + 3;
  return Math.floor((thursday - daysFromCivil(civilFromDays(thursday).year, 1, 1)) / 7) + 1;
}

/** The parts `date_trunc`, `date_diff` and their kin know, coarse to fine. */
export const DATE_PARTS = [
  'year',
  'quarter',
  'month',
  'week',
  'day',
  'hour',
  'minute',
  'second',
  'millisecond',
  'microsecond',
] as const;

/** One of {@link DATE_PARTS}. */
export type DatePart = (typeof DATE_PARTS)[number];

/** Which year, quarter, month, … an instant lies in, counted from a fixed start; differences count the borders between. */
const ordinalOf: Record<DatePart, (us: number) => number> = {
  year: (us) => civilFromDays(dayOfInstant(us)).year,
  quarter: (us) => Math.floor(monthOrdinal(us) / 3),
  month: (us) => monthOrdinal(us),
  week: (us) => Math.floor((dayOfInstant(us) + 3) / 7),
  day: dayOfInstant,
  hour: (us) => Math.floor(us / HOUR),
  minute: (us) => Math.floor(us / MINUTE),
  second: (us) => Math.floor(us / SECOND),
  millisecond: (us) => Math.floor(us / 1000),
  microsecond: (us) => us,
};

function monthOrdinal(us: number): number {
  const { year, month } = civilFromDays(dayOfInstant(us));
  return year * 12 + month - 1;
}

const startOf: Record<DatePart, (ordinal: number) => number> = {
  year: (n) => daysFromCivil(n, 1, 1) * DAY,
  quarter: (n) => daysFromCivil(Math.floor(n / 4), modulo(n, 4) * 3 + 1, 1) * DAY,
  month: (n) => daysFromCivil(Math.floor(n / 12), modulo(n, 12) + 1, 1) * DAY,
  week: (n) => (n * 7 - 3) * DAY,
  day: (n) => n * DAY,
  hour: (n) => n * HOUR,
  minute: (n) => n * MINUTE,
  second: (n) => n * SECOND,
  millisecond: (n) => n * 1000,
  microsecond: (n) => n,
};

/** The start, in microseconds, of the year, month, … an instant lies in. Weeks begin on Monday. */
export const truncateTo =
  (part: DatePart) =>
  (us: number): number =>
    startOf[part](ordinalOf[part](us));

/** How many borders of a part lie between two instants; negative when the second is earlier. */
export const bordersBetween =
  (part: DatePart) =>
  (from: number, to: number): number =>
    ordinalOf[part](to) - ordinalOf[part](from);

/** Microseconds of the parts that are always as long. */
const LENGTHS = {
  week: 7 * DAY,
  day: DAY,
  hour: HOUR,
  minute: MINUTE,
  second: SECOND,
  millisecond: 1000,
  microsecond: 1,
} as const;

/** Months of the parts that are not. */
const MONTHS = { year: 12, quarter: 3, month: 1 } as const;

/** How many whole parts lie between two instants, as an age is counted; negative when the second is earlier. */
export const completeBetween =
  (part: DatePart) =>
  (from: number, to: number): number => {
    if (part === 'year' || part === 'quarter' || part === 'month')
      return Math.trunc(completeMonths(from, to) / MONTHS[part]);
    return Math.trunc((to - from) / LENGTHS[part]);
  };

/** The last day of a shorter month completes one that began on a later day: 31 January to 28 February is a month. */
function completeMonths(from: number, to: number): number {
  if (from > to) return -completeMonths(to, from);
  const [start, end] = [civilFromDays(dayOfInstant(from)), civilFromDays(dayOfInstant(to))];
  const [startTime, endTime] = [modulo(from, DAY), modulo(to, DAY)];
  const last = daysOfMonth(end.year, end.month);
  const startDay = end.day === last ? Math.min(start.day, last) : start.day;
  const months = (end.year - start.year) * 12 + end.month - start.month;
  return startDay > end.day || (startDay === end.day && startTime > endTime) ? months - 1 : months;
}

const DATE_TEXT = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIMESTAMP_TEXT =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/;

/** Days since 1970-01-01 of `YYYY-MM-DD`; NaN for anything else and for days that do not exist. */
export function parseDate(text: string): number {
  const match = DATE_TEXT.exec(text);
  if (match === null) return Number.NaN;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month)) return Number.NaN;
  return daysFromCivil(year, month, day);
}

/**
 * Microseconds since 1970 of `YYYY-MM-DD[(T| )HH:MM[:SS[.f]][Z|±HH[:MM]]]`; NaN for anything else. Without a zone the
 * time is UTC; digits below the microsecond are dropped.
 */
export function parseTimestamp(text: string): number {
  const match = TIMESTAMP_TEXT.exec(text);
  if (match === null) return Number.NaN;
  const days = parseDate(match[1] ?? '');
  const [hour, minute, second] = [Number(match[2] ?? 0), Number(match[3] ?? 0), Number(match[4] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59) return Number.NaN;
  const fraction = Number((match[5] ?? '').slice(0, 6).padEnd(6, '0'));
  const offset = zoneOffset(match[6]);
  // The fraction last: all else is whole seconds, which are exact whatever the year.
  const us = days * DAY + hour * HOUR + minute * MINUTE + second * SECOND - offset + fraction;
  const day = dayOfInstant(us);
  return day >= FIRST_DAY && day <= LAST_DAY ? us : Number.NaN;
}

/** The zone's distance from UTC in microseconds; NaN for one that does not exist. */
function zoneOffset(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0;
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  const [hours, minutes] = [Number(digits.slice(0, 2)), Number(digits.slice(2))];
  if (hours > 15 || minutes > 59) return Number.NaN;
  return (zone.startsWith('-') ? -1 : 1) * (hours * HOUR + minutes * MINUTE);
}

const two = (value: number): string => String(value).padStart(2, '0');

/** `YYYY-MM-DD`. */
export function formatDate(days: number): string {
  const { year, month, day } = civilFromDays(days);
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
}

/** `YYYY-MM-DD HH:MM:SS[.f]` in UTC, the fraction without trailing zeros, as DuckDB writes it. */
export function formatTimestamp(us: number): string {
  const ofDay = modulo(us, DAY);
  const fraction = ofDay % SECOND;
  const clock = `${two(Math.floor(ofDay / HOUR))}:${two(Math.floor(ofDay / MINUTE) % 60)}:${two(Math.floor(ofDay / SECOND) % 60)}`;
  const tail = fraction === 0 ? '' : `.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`;
  return `${formatDate(dayOfInstant(us))} ${clock}${tail}`;
}

/** The hour of the day, 0 to 23. */
export const hourOf = (us: number): number => Math.floor(modulo(us, DAY) / HOUR);
/** The minute of the hour, 0 to 59. */
export const minuteOf = (us: number): number => Math.floor(modulo(us, HOUR) / MINUTE);
/** The whole second of the minute, 0 to 59. */
export const secondOf = (us: number): number => Math.floor(modulo(us, MINUTE) / SECOND);
