/** Which column rows have their time in, and what of a time a model may go by. */
import type { ColumnType } from '../../shared/features/columns.ts';
import { columnSql, isSayable } from './column-sql.ts';
import type { SeenColumn } from './seen.ts';

/** An input of the model, and why it is one where that is not plain. */
export interface DraftFeature {
  readonly name: string;
  readonly sql?: string;
  readonly kind: 'number' | 'category';
  readonly why?: string;
}

export const isTime = (type: ColumnType): boolean => type === 'date' || type === 'timestamp';

/** A split by time falls between days; with fewer it would be coarse, and differences between days hardly known. */
const LEAST_DAYS = 20;
/** Times of people's lives are no times of rows. */
const OF_A_PERSON = /birth|born|dob|death/i;

const counted = (n: number): string => n.toLocaleString('en-US');

/** The column that rows have their time in: the one that always has a value, over the most days. */
export function timeOf(columns: readonly SeenColumn[]): { readonly column: string; readonly why: string } | null {
  const fit = columns
    .filter(
      ({ type, nulls, days, name }) =>
        isTime(type) && nulls === 0 && days.length >= LEAST_DAYS && !OF_A_PERSON.test(name),
    )
    .toSorted((a, b) => b.days.length - a.days.length);
  const [best] = fit;
  if (best === undefined) return null;
  const others = fit.slice(1).map(({ name }) => name);
  const rather = others.length === 0 ? '' : `; rather than ${others.join(', ')}`;
  return { column: best.name, why: `every row has one, on ${counted(best.days.length)} days${rather}` };
}

const DAY_MS = 86_400_000;
/** Before a rhythm of the week, or of the year, can be told from chance it has to be seen more than once. */
const [FOUR_WEEKS_DAYS, TWO_YEARS_DAYS] = [28, 730];

/**
 * What of a time a model may go by: rhythms, where there was time to see them. The year itself only where rows are not
 * split by this time: of years to come a model knows nothing.
 */
export function timeFeatures({ name, type, days }: SeenColumn, isSplitBy: boolean): DraftFeature[] {
  const [first = '', last = ''] = [days[0], days.at(-1)];
  const span = (Date.parse(last) - Date.parse(first)) / DAY_MS;
  const varies = (part: (day: string) => string | number): boolean => new Set(days.map(part)).size > 1;
  const feature = (part: string, sql: string, why: string): DraftFeature => ({
    name: `${name}_${part}`,
    sql: `${sql}(${columnSql(name)})`,
    kind: 'number',
    why,
  });
  return [
    ...(type === 'timestamp' ? [feature('hour', 'hour', 'UTC')] : []),
    ...(span >= FOUR_WEEKS_DAYS && varies((day) => new Date(day).getUTCDay())
      ? [feature('weekday', 'dayofweek', '0 is Sunday')]
      : []),
    ...(span >= TWO_YEARS_DAYS && varies((day) => day.slice(5, 7))
      ? [feature('month', 'month', 'over two years and more')]
      : []),
    ...(!isSplitBy && varies((day) => day.slice(0, 4)) ? [feature('year', 'year', 'rows are not split by it')] : []),
  ].filter(({ sql = '' }) => isSayable(sql));
}
