/** What the functions of dates and times compute. */
import { type Applied, always, type Choice } from './applied.ts';
import {
  bordersBetween,
  civilFromDays,
  completeBetween,
  DATE_PARTS,
  DAY,
  type DatePart,
  dayOfInstant,
  dayOfWeek,
  dayOfYear,
  daysFromCivil,
  daysOfMonth,
  hourOf,
  isoDayOfWeek,
  isoWeek,
  isoYear,
  minuteOf,
  secondOf,
  truncateTo,
} from './calendar.ts';
import { roundHalfAway } from './casts.ts';
import type { TimeFunction } from './operations.ts';
import { type Kernel, numbersOf, ofNumber, toNumbers } from './vectors.ts';

/** The date part a checked call names in its first argument. */
function partOf({ args }: Applied): DatePart {
  const [part] = args;
  const named = part?.op === 'literal' ? DATE_PARTS.find((known) => known === part.value) : undefined;
  if (named === undefined) throw new TypeError('the part of a date is not a constant');
  return named;
}

const ofInstant = (f: (us: number) => number): Kernel => ofNumber('integer', f);

/** Rows come in the order of time more often than not, so the last day's answer often serves again. */
function ofDay(f: (days: number) => number): Kernel {
  let lastDays = Number.NaN;
  let answer = 0;
  return ofInstant((us) => {
    const days = dayOfInstant(us);
    if (days !== lastDays) {
      lastDays = days;
      answer = f(days);
    }
    return answer;
  });
}
/** A day that does not exist is no date. */
function makeDate(year: number, month: number, day: number): number {
  const exists = year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= daysOfMonth(year, month);
  return exists ? daysFromCivil(year, month, day) : Number.NaN;
}

/** A time of day that does not exist is none. */
function ofClock(hour: number, minute: number, second: number): number {
  const exists = hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second < 60;
  return exists ? (hour * 60 + minute) * 60_000_000 + roundHalfAway(second * 1_000_000) : Number.NaN;
}

function lastDay(us: number): number {
  const { year, month } = civilFromDays(dayOfInstant(us));
  return daysFromCivil(year, month, daysOfMonth(year, month));
}

/** The kernels of the functions of dates and times. */
export const TIME_KERNELS: Readonly<Record<TimeFunction, Choice>> = {
  year: always(ofDay((days) => civilFromDays(days).year)),
  quarter: always(ofDay((days) => Math.ceil(civilFromDays(days).month / 3))),
  isoyear: always(ofDay(isoYear)),
  month: always(ofDay((days) => civilFromDays(days).month)),
  week: always(ofDay(isoWeek)),
  day: always(ofDay((days) => civilFromDays(days).day)),
  dayofweek: always(ofDay(dayOfWeek)),
  isodow: always(ofDay(isoDayOfWeek)),
  dayofyear: always(ofDay(dayOfYear)),
  hour: always(ofInstant(hourOf)),
  minute: always(ofInstant(minuteOf)),
  second: always(ofInstant(secondOf)),
  epoch: always(ofNumber('number', (us) => us / 1_000_000)),
  date_trunc: (node) => {
    const truncate = truncateTo(partOf(node));
    return toNumbers('timestamp', (args) => {
      const us = numbersOf(args, 1);
      return (i) => truncate(us[i] ?? 0);
    });
  },
  date_diff: (node) => {
    const borders = bordersBetween(partOf(node));
    return toNumbers('integer', (args) => {
      const [from, to] = [numbersOf(args, 1), numbersOf(args, 2)];
      return (i) => borders(from[i] ?? 0, to[i] ?? 0);
    });
  },
  date_sub: (node) => {
    const complete = completeBetween(partOf(node));
    return toNumbers('integer', (args) => {
      const [from, to] = [numbersOf(args, 1), numbersOf(args, 2)];
      return (i) => complete(from[i] ?? 0, to[i] ?? 0);
    });
  },
  last_day: always(ofNumber('date', lastDay)),
  make_timestamp: always(
    toNumbers('timestamp', (args) => {
      const [year, month, day] = [numbersOf(args, 0), numbersOf(args, 1), numbersOf(args, 2)];
      const [hour, minute, second] = [numbersOf(args, 3), numbersOf(args, 4), numbersOf(args, 5)];
      return (i) => {
        const days = makeDate(year[i] ?? 0, month[i] ?? 0, day[i] ?? 0);
        return days * DAY + ofClock(hour[i] ?? 0, minute[i] ?? 0, second[i] ?? 0);
      };
    }),
  ),
  make_date: always(
    toNumbers('date', (args) => {
      const [year, month, day] = [numbersOf(args, 0), numbersOf(args, 1), numbersOf(args, 2)];
      return (i) => makeDate(year[i] ?? 0, month[i] ?? 0, day[i] ?? 0);
    }),
  ),
};
