/** Rules about a dataset as a whole: its rows, columns, keys and age. */

import type { ColumnType } from '../../features/columns.ts';
import { howMany } from '../../report/how-many.ts';
import type { BlockColumn } from '../block.ts';
import {
  type Evidence,
  figure,
  type Judgement,
  judgeSpan,
  type KeyColumns,
  keyName,
  type RuleOf,
  span,
} from './check.ts';
import type { Measure, Measured } from './counts.ts';

const DAY_MS = 86_400_000;

/** Holds the number of rows against limits. */
export const judgeRowCount = ({ min, max }: RuleOf<'row_count_between'>, { counts }: Evidence): Judgement =>
  judgeSpan('the number of rows', counts.rows, { min, max }, { evaluated: counts.rows });

/** A robust z of 1 is one standard deviation of a normal distribution: 0.6745 is its upper quartile (Iglewicz and Hoaglin 1993). */
const NORMAL_QUARTILE = 0.6745;
/** Where at least half of the past counts are equal, nothing is known of how they vary: so much more or less is too much. */
const MAX_CHANGE = 0.5;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/** Holds the number of rows against that of the datasets accepted last, by median and median absolute deviation. */
export function judgeHistory(
  rule: Pick<RuleOf<'row_count_vs_history'>, 'window' | 'max_z' | 'min_history' | 'seasonality'>,
  { counts, history, now }: Evidence,
): Judgement {
  const comparable =
    rule.seasonality === 7
      ? history.filter(({ judgedAt }) => new Date(judgedAt).getUTCDay() === now.getUTCDay())
      : history;
  const past = comparable.slice(-rule.window).map(({ rows }) => rows);
  const { rows } = counts;
  const known = `${past.length} accepted ${past.length === 1 ? 'dataset' : 'datasets'}${rule.seasonality === 7 ? ' of the same weekday' : ''}`;
  if (past.length < rule.min_history)
    return {
      result: 'pass',
      evaluated: rows,
      message: `insufficient_history: ${known}, and ${rule.min_history} are needed to tell`,
    };
  const middle = median(past);
  const deviation = median(past.map((each) => Math.abs(each - middle)));
  const told = `${howMany(rows, 'row')}; the median of ${known} is ${figure(middle)}`;
  if (deviation === 0) {
    const change = middle === 0 ? Number.POSITIVE_INFINITY : Math.abs(rows - middle) / middle;
    const isFine = rows === middle || change <= MAX_CHANGE;
    return {
      result: isFine ? 'pass' : 'broken',
      value: Number.isFinite(change) ? change : null,
      threshold: `<= ${MAX_CHANGE}`,
      evaluated: rows,
      message: `${told}, and they hardly vary${isFine ? '' : `: a change of more than ${MAX_CHANGE * 100} %`}`,
    };
  }
  const z = (NORMAL_QUARTILE * Math.abs(rows - middle)) / deviation;
  return {
    result: z <= rule.max_z ? 'pass' : 'broken',
    value: z,
    threshold: `<= ${rule.max_z}`,
    evaluated: rows,
    message: `${told}, which is a robust z of ${figure(z)}`,
  };
}

/** Holds the columns' names against a set; their order does not count. */
export function judgeColumns(
  { columns, exact }: RuleOf<'columns_match_set'>,
  present: ReadonlySet<string>,
  resolve: (name: string) => string | undefined,
): Judgement {
  const wanted = new Set(columns.map((name) => resolve(name) ?? name));
  const missing = [...wanted].filter((name) => !present.has(name));
  const added = exact ? [...present].filter((name) => !wanted.has(name)) : [];
  const told = [
    ...(missing.length === 0 ? [] : [`${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing`]),
    ...(added.length === 0 ? [] : [`${added.join(', ')} ${added.length === 1 ? 'was' : 'were'} not asked for`]),
  ];
  return {
    result: told.length === 0 ? 'pass' : 'broken',
    value: missing.length + added.length,
    threshold: '<= 0',
    evaluated: wanted.size,
    message: told.length === 0 ? 'the columns are those of the set' : told.join('; '),
  };
}

/** Holds a key's values against what a key is: present, and of one row each. */
export function judgeKey(key: KeyColumns, { keys }: Evidence): Judgement {
  const counted = keys.get(keyName(key));
  if (counted === undefined) return { result: 'error', message: 'the rows could not be read again' };
  const again = counted.rows - counted.distinct;
  const rows = counted.rows + counted.missing;
  const told = [
    ...(again === 0
      ? []
      : [`${figure(again)} of ${howMany(rows, 'row')} ${again === 1 ? 'has' : 'have'} the key of an earlier row`]),
    ...(counted.missing === 0
      ? []
      : [`${figure(counted.missing)} ${counted.missing === 1 ? 'lacks' : 'lack'} a part of it`]),
  ];
  return {
    result: told.length === 0 ? 'pass' : 'broken',
    value: (again + counted.missing) / rows,
    threshold: '<= 0',
    evaluated: rows,
    failed: again + counted.missing,
    samples: counted.samples,
    message:
      told.length === 0
        ? rows === 1
          ? 'the 1 row has a key of its own'
          : `each of ${figure(rows)} rows has a key of its own`
        : told.join('; '),
  };
}

const NAMES_TOLD = 3;

function allBut(names: readonly string[]): string {
  if (names.length === 0) return '';
  const more = names.length - NAMES_TOLD;
  return ` in all but ${names.slice(0, NAMES_TOLD).join(', ')}${more > 0 ? ` and ${howMany(more, 'more column', 'more columns')}` : ''}`;
}

/** Holds the share of rows that are equal to an earlier one, `but` for some columns, against two limits. */
export function judgeDuplicates(
  { max, warn }: Pick<RuleOf<'duplicate_rows_max'>, 'max' | 'warn'>,
  key: KeyColumns,
  { keys, label }: Evidence,
  but: readonly string[],
): Judgement {
  const counted = keys.get(keyName(key));
  if (counted === undefined) return { result: 'error', message: 'the rows could not be read again' };
  const again = counted.rows - counted.distinct;
  const conflicting = label?.conflicting ?? 0;
  const conflicts =
    conflicting === 0
      ? ''
      : `; ${figure(conflicting)} of them, a share of ${figure(conflicting / counted.rows)}, ${conflicting === 1 ? 'has' : 'have'} the features of a row with another label`;
  const share = again / counted.rows;
  const limit = share > max ? max : Math.min(warn, max);
  const isWithin = share <= limit;
  return {
    result: isWithin ? 'pass' : share > max ? 'broken' : 'warn',
    value: share,
    threshold: `<= ${limit}`,
    evaluated: counted.rows,
    failed: again,
    samples: again === 0 ? [] : counted.samples,
    message: `${figure(again)} of ${howMany(counted.rows, 'row')} ${again === 1 ? 'is' : 'are'} equal to an earlier one${allBut(but)}${isWithin ? '' : `, a share above ${limit}`}${conflicts}`,
  };
}

/** What freshness counts: times that have been, the greatest of them, and times still to come. */
export function freshnessMeasure({ cell }: BlockColumn, now: Date): Measure {
  const moment = `epoch_ms(${cell}::TIMESTAMP)`;
  return {
    counts: {
      evaluated: `${cell} IS NOT NULL`,
      future: `${moment} > ${now.getTime()}`,
    },
    sampled: 'future',
    greatest: `CASE WHEN ${moment} <= ${now.getTime()} THEN ${moment} END`,
  };
}

export const isTime = (type: ColumnType): boolean => type === 'date' || type === 'timestamp';

/** Holds the age of the newest time that has been against a limit. A date is its midnight, UTC. */
export function judgeFreshness(
  { column, max_age }: RuleOf<'freshness'>,
  { now }: Evidence,
  { counts, greatest, samples }: Measured,
): Judgement {
  const evaluated = counts.evaluated ?? 0;
  const future = counts.future ?? 0;
  const later = future === 0 ? '' : `; ${figure(future)} are later than now`;
  if (greatest === null)
    return {
      result: 'error',
      evaluated,
      samples,
      failed: future,
      message: `${column} holds no time that has been${later}`,
    };
  const age = now.getTime() - greatest;
  const days = (ms: number): string => `${figure(ms / DAY_MS)} ${ms === DAY_MS ? 'day' : 'days'}`;
  const isFresh = age <= max_age;
  return {
    result: isFresh ? 'pass' : 'broken',
    value: age / 1000,
    threshold: span(undefined, max_age / 1000),
    evaluated,
    failed: future,
    samples,
    message: `the newest value of ${column} is ${days(age)} old${isFresh ? '' : `, more than ${days(max_age)}`}${later}`,
  };
}
