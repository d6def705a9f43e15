/** Rules about a figure of a column: mean, standard deviation, quantile, distinct values, uniqueness. */
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

/** Holds a column's mean or sample standard deviation against limits; both are of the profile, whose sums are exact. */
export function judgeMoment(
  { rule, column, min, max }: RuleOf<'mean_between' | 'stdev_between'>,
  resolved: string,
  { figures }: Evidence,
): Judgement {
  const found = figures.get(resolved);
  const value = rule === 'mean_between' ? found?.mean : found?.stdev;
  const what = rule === 'mean_between' ? 'mean' : 'standard deviation';
  if (value === null || value === undefined)
    return { result: 'error', message: `${column} has too few numbers for a ${what}` };
  return judgeSpan(`the ${what} of ${column}`, value, { min, max });
}

/** What a quantile rule counts: exact, since only the side of the limits matters. */
export function quantileMeasure({ min, max }: RuleOf<'quantile_between'>, { cell }: BlockColumn): Measure {
  return {
    counts: {
      evaluated: `${cell} IS NOT NULL`,
      ...(min === undefined ? {} : { below: `${cell} < ${min}::DOUBLE` }),
      ...(max === undefined ? {} : { within: `${cell} <= ${max}::DOUBLE` }),
    },
  };
}

/** The place, from 1, of the least value at or below which a share of n values lie. */
function rank(quantile: number, n: number): number {
  const place = Math.max(1, Math.ceil(quantile * n));
  // 0.07 * 100 is a little more than 7.
  return place > 1 && (place - 1) / n >= quantile ? place - 1 : place;
}

/**
 * Holds a quantile against limits: the least value at or below which that share of the values lie (Hyndman and Fan's type
 * 1). It is at least `min` when fewer values than its place are below `min`, at most `max` when as many are at or below.
 */
export function judgeQuantile(
  { column, quantile, min, max }: RuleOf<'quantile_between'>,
  resolved: string,
  { figures }: Evidence,
  { counts }: Measured,
): Judgement {
  const evaluated = counts.evaluated ?? 0;
  if (evaluated === 0) return { result: 'error', message: `${column} has no value` };
  const place = rank(quantile, evaluated);
  const isAbove = min === undefined || (counts.below ?? 0) < place;
  const isBelow = max === undefined || (counts.within ?? 0) >= place;
  const told = !isAbove
    ? `lies below ${min}: ${figure(counts.below ?? 0)} of ${howMany(evaluated, 'value')} do`
    : !isBelow
      ? `lies above ${max}: ${figure(evaluated - (counts.within ?? 0))} of ${howMany(evaluated, 'value')} do`
      : 'lies within its limits';
  // The side is exact; the figure, where the profile has that quantile, is within 1/512 of itself.
  const value = figures.get(resolved)?.quantiles?.find(([thousandth]) => thousandth === quantile * 1000)?.[1] ?? null;
  return {
    result: isAbove && isBelow ? 'pass' : 'broken',
    value,
    threshold: span(min, max),
    evaluated,
    message: `the ${quantile} quantile of ${column} ${told}`,
  };
}

/** Holds the number of distinct values against limits. */
export function judgeDistinct(
  { column, min, max }: RuleOf<'distinct_count_between'>,
  key: KeyColumns,
  { keys }: Evidence,
): Judgement {
  const counted = keys.get(keyName(key));
  if (counted === undefined) return { result: 'error', message: 'the rows could not be read again' };
  return judgeSpan(
    `the number of distinct values of ${column}`,
    counted.distinct,
    { min, max },
    { evaluated: counted.rows },
  );
}

/** Holds the share of values that one row has alone against the least. */
export function judgeUniqueness({ column, min }: RuleOf<'uniqueness'>, key: KeyColumns, { keys }: Evidence): Judgement {
  const counted = keys.get(keyName(key));
  if (counted === undefined) return { result: 'error', message: 'the rows could not be read again' };
  const { rows, once } = counted;
  if (rows === 0) return { result: 'pass', threshold: `>= ${min}`, message: `${column} has no value to check` };
  const value = once / rows;
  return {
    result: value >= min ? 'pass' : 'broken',
    value,
    threshold: `>= ${min}`,
    evaluated: rows,
    failed: rows - once,
    samples: once === rows ? [] : counted.samples,
    message: `${figure(rows - once)} of ${howMany(rows, 'value')} of ${column} ${rows - once === 1 ? 'is' : 'are'} not the only one of their kind`,
  };
}
