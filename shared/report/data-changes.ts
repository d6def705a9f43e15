/** What differs between two datasets of a model, as far as their profiles tell. */
import { shortenedText } from '../data/profile/compact.ts';
import { counted, figureText } from '../evaluation/figure-text.ts';
import type { DatasetProfile } from '../ledger/facts.ts';

type Column = DatasetProfile['columns'][number];
/** What of a dataset is compared. */
export interface ComparedData {
  readonly rows: number;
  readonly columns: readonly Column[];
}

/** One difference. */
export interface Change {
  /** Null of the dataset as a whole. */
  readonly column: string | null;
  readonly what: string;
  readonly before: string;
  readonly now: string;
}

/** A mean that moved by so many standard deviations, shares that moved by so much, are told. */
const MEAN_MOVED = 0.1;
const SHARE_MOVED = 0.05;
const MISSING_MOVED = 0.01;
const ROWS_MOVED = 0.2;
/** Of columns with more values only some are in a profile: a value that is not there may be a rare one. */
const MOST_NAMED = 50;
const NAMES_TOLD = 5;

/** A share as a person reads it. */
export const percent = (share: number): string =>
  share > 0 && share < 0.0005 ? '< 0.1 %' : `${Number((share * 100).toFixed(1))} %`;

/** What changed, the dataset's shape first. Of protected columns only what is missing is told. */
export function changesOf(before: ComparedData, now: ComparedData, protectedColumns: readonly string[]): Change[] {
  const [old, own] = [byName(before), byName(now)];
  const moved = Math.abs(now.rows - before.rows) > before.rows * ROWS_MOVED;
  return [
    ...(moved ? [{ column: null, what: 'rows', before: counted(before.rows), now: counted(now.rows) }] : []),
    ...before.columns
      .filter(({ name }) => !own.has(name))
      .map(({ name, type }) => ({ column: name, what: 'column gone', before: type, now: '' })),
    ...now.columns.flatMap((column) => {
      const previous = old.get(column.name);
      if (previous === undefined) return [{ column: column.name, what: 'new column', before: '', now: column.type }];
      return columnChanges({ ...previous, of: before.rows }, { ...column, of: now.rows }, protectedColumns);
    }),
  ];
}

const byName = ({ columns }: ComparedData): Map<string, Column> =>
  new Map(columns.map((column) => [column.name, column]));

type Measured = Column & { readonly of: number };

function columnChanges(before: Measured, now: Measured, protectedColumns: readonly string[]): Change[] {
  const told = (what: string, from: string, to: string): Change => ({ column: now.name, what, before: from, now: to });
  const [missedBefore, missed] = [shareOf(before.nulls, before.of), shareOf(now.nulls, now.of)];
  const missing =
    Math.abs(missed - missedBefore) >= MISSING_MOVED ? [told('missing', percent(missedBefore), percent(missed))] : [];
  if (before.type !== now.type) return [told('type', before.type, now.type), ...missing];
  if (protectedColumns.includes(now.name)) return missing;
  const mean =
    before.mean !== null &&
    now.mean !== null &&
    before.stdev &&
    Math.abs(now.mean - before.mean) > before.stdev * MEAN_MOVED
      ? [told('mean', figureText(before.mean), figureText(now.mean))]
      : [];
  const [timeBefore, time] = [timesOf(before), timesOf(now)];
  const times = timeBefore !== time ? [told('times', timeBefore, time)] : [];
  return [...missing, ...times, ...mean, ...valueChanges(before, now).map(([what, from, to]) => told(what, from, to))];
}

const timesOf = ({ min, max }: Column): string =>
  typeof min === 'string' && typeof max === 'string' ? `${min.slice(0, 10)} to ${max.slice(0, 10)}` : '';

const shareOf = (rows: number, of: number): number => (of === 0 ? 0 : rows / of);

/** Values that came or went, and the one whose share moved most. */
function valueChanges(before: Measured, now: Measured): [what: string, before: string, now: string][] {
  const [shares, sharesNow] = [sharesIn(before), sharesIn(now, before.topCut)];
  if (shares === null || sharesNow === null) return [];
  const gone = [...shares.keys()].filter((name) => !sharesNow.has(name));
  const come = [...sharesNow.keys()].filter((name) => !shares.has(name));
  const [most] = [...shares]
    .map(([name, share]) => ({ name, share, now: sharesNow.get(name) ?? 0 }))
    .sort((a, b) => Math.abs(b.now - b.share) - Math.abs(a.now - a.share));
  return [
    ...(come.length > 0 ? [['new values', '', named(come)] satisfies [string, string, string]] : []),
    ...(gone.length > 0 ? [['values gone', named(gone), ''] satisfies [string, string, string]] : []),
    ...(most !== undefined && Math.abs(most.now - most.share) >= SHARE_MOVED
      ? [[`share of ${most.name}`, percent(most.share), percent(most.now)] satisfies [string, string, string]]
      : []),
  ];
}

/** @param cut to how many bytes the values it is compared with are shortened; undefined where they are whole */
function sharesIn({ type, top, distinct, of, nulls }: Measured, cut?: number): Map<string, number> | null {
  if (distinct === null || distinct > MOST_NAMED || (type !== 'string' && type !== 'boolean')) return null;
  return new Map(top.map(([name, rows]) => [shortenedText(name, cut), shareOf(rows, of - nulls)]));
}

const named = (names: readonly string[]): string =>
  names.length <= NAMES_TOLD
    ? names.join(', ')
    : `${names.slice(0, NAMES_TOLD).join(', ')} and ${names.length - NAMES_TOLD} more`;
