/**
 * Schedule expressions of rules. Sources: EventBridge user guide, "Setting a schedule pattern for scheduled rules"
 * (eb-scheduled-rule-pattern); what is refused agrees with answers AWS gave to PutRule (recorded).
 */
import { Cron } from 'croner';

import { ServiceError } from '../../contracts.ts';

/** When a rule fires. */
export interface Schedule {
  /**
   * The first time after `after` (both epoch milliseconds); undefined if there is none.
   * `created` is when the schedule came into being: rates count from there.
   */
  next(after: number, created: number): number | undefined;
}

// Every mistake in a schedule is refused in one sentence: PutRule (recorded).
const invalid = () => new ServiceError('ValidationException', 'Parameter ScheduleExpression is not valid.');

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

const compileRate = (text: string): Schedule => {
  const [, count = '', unit = ''] = /^([1-9]\d{0,8}) (minute|hour|day)s?$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  // "rate(1 hours)" and "rate(5 hour)" are refused, the unit is singular for one and plural for more:
  // eb-scheduled-rule-pattern (documented).
  if (unitMs === undefined || text.endsWith('s') !== (count !== '1')) throw invalid();
  const period = Number(count) * unitMs;
  return {
    next(after, created) {
      const passed = Math.floor((after - created) / period) + 1;
      return created + Math.max(passed, 1) * period;
    },
  };
};

interface Field {
  readonly low: number;
  readonly high: number;
  readonly names: readonly string[];
  /** Steps (`/`) are for all fields but the day of the week: eb-scheduled-rule-pattern (documented). */
  readonly steps: boolean;
  /** Forms of one day beyond numbers and ranges, rewritten for croner; undefined when it is none of them. */
  readonly special?: (item: string, number: (text: string) => string) => string | undefined;
}

const FIELDS = {
  minutes: { low: 0, high: 59, names: [], steps: true },
  hours: { low: 0, high: 23, names: [], steps: true },
  dayOfMonth: {
    low: 1,
    high: 31,
    names: [],
    steps: true,
    special: (item, number) => {
      // *Assumed*: `LW`, the last weekday of the month, is in no page but taken; `L-3` is refused.
      if (item === 'L' || item === 'LW') return item;
      return /^\d{1,2}W$/.test(item) ? `${number(item.slice(0, -1))}W` : undefined;
    },
  },
  month: {
    low: 1,
    high: 12,
    names: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
    steps: true,
  },
  dayOfWeek: {
    low: 1,
    high: 7,
    names: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'],
    steps: false,
    special: (item, number) => {
      // In this field L is the last day of the week; with a day before it, that day's last one of the month:
      // eb-scheduled-rule-pattern (documented).
      if (item === 'L') return '7';
      if (/^[0-9A-Z]+L$/.test(item)) return `${number(item.slice(0, -1))}L`;
      const [, day, week] = /^([0-9A-Z]+)#([1-5])$/.exec(item) ?? [];
      return day === undefined || week === undefined ? undefined : `${number(day)}#${week}`;
    },
  },
  year: { low: 1970, high: 2199, names: [], steps: true },
} as const satisfies Record<string, Field>;

/** One field in croner's spelling. */
const translate = (text: string, field: Field): string => {
  const number = (item: string): string => {
    const named = field.names.indexOf(item);
    if (named >= 0) return String(field.low + named);
    const value = /^\d{1,4}$/.test(item) ? Number(item) : Number.NaN;
    if (!(value >= field.low && value <= field.high)) throw invalid();
    return String(value);
  };
  const translateItem = (item: string): string => {
    const special = field.special?.(item, number);
    if (special !== undefined) return special;
    const [range = '', step, ...rest] = item.split('/');
    if (rest.length > 0) throw invalid();
    if (step !== undefined && !(field.steps && /^[1-9]\d{0,3}$/.test(step))) throw invalid();
    const stepped = step === undefined ? '' : `/${step}`;
    if (range === '*') return `*${stepped}`;
    const [from = '', to, ...more] = range.split('-');
    if (more.length > 0) throw invalid();
    if (to !== undefined) {
      if (Number(number(from)) > Number(number(to))) throw invalid();
      return `${number(from)}-${number(to)}${stepped}`;
    }
    // AWS's `0/15` starts at 0; croner takes a step only after a range or a star.
    return step === undefined ? number(from) : `${number(from)}-${field.high}${stepped}`;
  };
  return text.split(',').map(translateItem).join(',');
};

const compileCron = (text: string): Schedule => {
  const [minutes, hours, dayOfMonth, month, dayOfWeek, year, ...rest] = text.toUpperCase().split(' ');
  if (!minutes || !hours || !dayOfMonth || !month || !dayOfWeek || !year || rest.length > 0) throw invalid();
  // Of the two days exactly one is `?`: eb-scheduled-rule-pattern (documented).
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) throw invalid();
  const spelled = [
    '0',
    translate(minutes, FIELDS.minutes),
    translate(hours, FIELDS.hours),
    dayOfMonth === '?' ? '*' : translate(dayOfMonth, FIELDS.dayOfMonth),
    translate(month, FIELDS.month),
    dayOfWeek === '?' ? '*' : translate(dayOfWeek, FIELDS.dayOfWeek),
    translate(year, FIELDS.year),
  ].join(' ');
  let cron: Cron;
  try {
    cron = new Cron(spelled, { paused: true, timezone: 'UTC', alternativeWeekdays: true });
  } catch {
    throw invalid();
  }
  return { next: (after) => cron.nextRun(new Date(after))?.getTime() };
};

/**
 * Compiles `rate(5 minutes)` or `cron(0 12 * * ? *)`; cron expressions are in UTC. One that lies in the past is taken and
 * never fires: PutRule (recorded).
 * @throws ServiceError ValidationException for anything else.
 */
export const compileSchedule = (expression: string): Schedule => {
  const [, kind, text = ''] = /^(rate|cron)\((.+)\)$/.exec(expression) ?? [];
  if (kind === undefined) throw invalid();
  return kind === 'rate' ? compileRate(text) : compileCron(text);
};
