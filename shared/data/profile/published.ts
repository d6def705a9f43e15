/** The profile that is published of a dataset: small, readable, and without what could name a person. */
import type { ColumnType } from '../../features/columns.ts';
import { momentsOf } from '../../monitoring/profile.ts';
import { distinctEstimate, type ValueCounts } from './distinct.ts';
import { type Histogram, histogramOf, quantileOf, spreadOf } from './distribution.ts';
import type { NumberCounts, TimeCounts, WorkingColumn, WorkingProfile } from './working.ts';

/** What one column holds. */
export interface ColumnProfile {
  readonly name: string;
  readonly type: ColumnType;
  readonly nulls: number;
  /** Distinct values, null excluded: exact up to the cap, null above it. */
  readonly distinct: number | null;
  /** About how many distinct values there are where they were not counted; its standard error is 1.6 %. */
  readonly distinctEstimate?: number;
  /** Numbers for numbers; ISO text for times; null for text and truth values, and where nothing is present. */
  readonly min: number | string | null;
  readonly max: number | string | null;
  readonly mean: number | null;
  /** Sample standard deviation; null below two values. */
  readonly stdev: number | null;
  /**
   * The most frequent values of a column of few distinct ones, most frequent first, ties by value. Values that few rows
   * show are left out: they may name a person.
   */
  readonly top: [string, number][];
  /** In a kept profile: texts of `top` with more bytes of JSON than this are their beginning and their hash. */
  readonly topCut?: number;
  /** Rows per UTC day, in order; for columns of times. */
  readonly days?: [string, number][];
  /** In a kept profile instead of days, where these are many. */
  readonly periods?: Periods;
  /** Of numbers, how many are zero and how many below zero. */
  readonly zeros?: number;
  readonly negatives?: number;
  /** Thousandths of the rows, and the value with so many at or below it: exact up to the cap, else within 1/512 of itself. */
  readonly quantiles?: [number, number][];
  readonly histogram?: Histogram;
  /** Code points of texts. */
  readonly lengths?: { readonly min: number; readonly max: number; readonly mean: number };
}

/** Rows of runs of so many days each, the first from `from` on (ISO, UTC). */
export interface Periods {
  readonly from: string;
  readonly days: number;
  readonly rows: number[];
}

/** What a dataset holds. */
export interface Profile {
  readonly rows: number;
  readonly columns: ColumnProfile[];
}

/** Thousandths. */
const QUANTILES = [10, 50, 250, 500, 750, 950, 990];
const TOP = 50;
/** How many rows must show a value for it to stand in a profile. */
const LEAST_ROWS = 5;
const DAY_MS = 86_400_000;

/** Publishes a working profile. */
export const publishedProfile = ({ rows, columns }: WorkingProfile): Profile => ({
  rows,
  columns: columns.map((column) => publishedColumn(rows, column)),
});

function publishedColumn(rows: number, column: WorkingColumn): ColumnProfile {
  const { name, type, nulls, distinct, numbers, times, texts } = column;
  const counts = 'counts' in distinct ? distinct.counts : null;
  const present = rows - nulls;
  return {
    name,
    type,
    nulls,
    distinct: counts?.length ?? null,
    ...(counts === null && { distinctEstimate: Math.min(distinctEstimate(distinct), present) }),
    ...(numbers === undefined ? NO_FIGURES : figuresOf(rows, nulls, numbers)),
    top: counts === null ? [] : topOf(counts, type),
    ...(times && timesOf(times, type)),
    ...(numbers && distributionOf(numbers, counts, type === 'integer')),
    ...(texts &&
      texts.shortest !== null &&
      texts.longest !== null && {
        lengths: { min: texts.shortest, max: texts.longest, mean: texts.total / present },
      }),
  };
}

const NO_FIGURES = { min: null, max: null, mean: null, stdev: null };

function figuresOf(
  rows: number,
  nulls: number,
  numbers: NumberCounts,
): Pick<ColumnProfile, 'min' | 'max' | 'mean' | 'stdev'> {
  const { min, max } = numbers;
  const moments = momentsOf({ rows, nulls, ...numbers });
  if (moments === null) return { min, max, mean: null, stdev: null };
  // A mean is rounded: equal values would seem to differ from theirs.
  if (min === max) return { min, max, mean: min, stdev: moments.n < 2 ? null : 0 };
  const { n, mean, m2 } = moments;
  return { min, max, mean, stdev: n < 2 ? null : Math.sqrt(m2 / (n - 1)) };
}

function distributionOf(
  numbers: NumberCounts,
  counts: ValueCounts | null,
  whole: boolean,
): Pick<ColumnProfile, 'zeros' | 'negatives' | 'quantiles' | 'histogram'> {
  const spread = spreadOf(numbers, counts, whole);
  if (spread === null) return {};
  const histogram = histogramOf(spread);
  const rowsWhere = (holds: (key: number) => boolean): number =>
    numbers.buckets.reduce((sum, [key, rows]) => (holds(key) ? sum + rows : sum), 0);
  return {
    zeros: rowsWhere((key) => key === 0),
    negatives: rowsWhere((key) => key < 0),
    quantiles: QUANTILES.map((permille): [number, number] => [permille, quantileOf(spread, permille)]),
    ...(histogram && { histogram }),
  };
}

const TRUTHS = ['false', 'true'];

/** Which values stand in a profile: truth values always. */
function topOf(counts: ValueCounts, type: ColumnType): [string, number][] {
  if (type === 'boolean') return byFrequency(counts.map(([value, n]) => [TRUTHS[Number(value)] ?? '', n]));
  if (type !== 'string' && type !== 'integer') return [];
  return byFrequency(counts.filter(([, n]) => n >= LEAST_ROWS).map(([value, n]) => [String(value), n])).slice(0, TOP);
}

const byFrequency = (values: [string, number][]): [string, number][] =>
  values.sort(([a, countOfA], [b, countOfB]) => countOfB - countOfA || (a < b ? -1 : a > b ? 1 : 0));

/** Years that are written with four digits. */
const [FIRST_MS, LAST_MS] = [Date.parse('0000-01-01T00:00:00Z'), Date.parse('9999-12-31T00:00:00Z')];

function timesOf({ min, max, days }: TimeCounts, type: ColumnType): Pick<ColumnProfile, 'min' | 'max' | 'days'> {
  const text = (us: number | null): string | null => (us === null ? null : isoText(us, type));
  const dated = days?.map(([day, rows]): [string | null, number] => [isoDay(day), rows]) ?? [];
  const named = dated.flatMap(([day, rows]): [string, number][] => (day === null ? [] : [[day, rows]]));
  // All days or none: who plans by days must not take some for all.
  const whole = days !== null && named.length === days.length;
  return { min: text(min), max: text(max), ...(whole && { days: named }) };
}

function isoText(us: number, type: ColumnType): string | null {
  const ms = Math.floor(us / 1000);
  if (Math.abs(ms) > 8.64e15) return null;
  const text = new Date(ms).toISOString();
  return type === 'date' ? text.slice(0, text.indexOf('T')) : text;
}

function isoDay(day: number): string | null {
  const ms = day * DAY_MS;
  return ms >= FIRST_MS && ms <= LAST_MS ? new Date(ms).toISOString().slice(0, 10) : null;
}
