/**
 * The profile that is kept of a dataset: at most {@link COLUMN_BYTES} a column, whatever the column holds. What is read
 * of a kept profile needs no more; whoever has the profile of a reading has all of it.
 */
import { createHash } from 'node:crypto';

import type { ColumnProfile, Periods, Profile } from './published.ts';

/** So many bytes of JSON, and those of its name, a column takes at most. */
export const COLUMN_BYTES = 2048;
/** Rows are counted over at most so many runs of days: with counts of ten digits they fit. */
const MOST_PERIODS = 100;
const WEEK_DAYS = 7;
const DAY_MS = 86_400_000;
/** To how many bytes texts are shortened: to the most that lets all of them fit. With the least fifty do. */
const CUTS = [64, 48, 36, 28, 22];
/** How many hexadecimal digits tell shortened texts apart: 48 bits, and there are fifty. */
const HASH_DIGITS = 12;
const ELLIPSIS = '…';

const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** The kept form of a profile. */
export const compactProfile = ({ rows, columns }: Profile): Profile => ({ rows, columns: columns.map(compactColumn) });

function compactColumn({ days, top, ...rest }: ColumnProfile): ColumnProfile {
  const room = COLUMN_BYTES - jsonBytes({ ...rest, name: '', top: [], ...(days && { days: [] }) });
  return {
    ...rest,
    ...compactTop(top, room),
    ...(days && (jsonBytes(days) <= room ? { days } : { periods: periodsOf(days) })),
  };
}

function compactTop(top: ColumnProfile['top'], room: number): Pick<ColumnProfile, 'top' | 'topCut'> {
  if (jsonBytes(top) <= room) return { top };
  let kept: { top: ColumnProfile['top']; topCut?: number } = { top };
  for (const cut of CUTS) {
    const shortened = top.map(([text, rows]): [string, number] => [shortenedText(text, cut), rows]);
    const isCut = shortened.some(([text], at) => text !== top[at]?.[0]);
    kept = { top: shortened, ...(isCut && { topCut: cut }) };
    if (fits(kept, room)) return kept;
  }
  while (!fits(kept, room)) kept = { ...kept, top: kept.top.slice(0, -1) };
  return kept;
}

/** `room` is what stands inside the brackets of the values, and whatever comes besides. */
const fits = (kept: object, room: number): boolean => jsonBytes(kept) - jsonBytes({ top: [] }) <= room;

/**
 * A text as a kept profile has it.
 *
 * @param cut how many bytes of JSON a text may have before it stands as its beginning and its hash; undefined: any number
 */
export function shortenedText(text: string, cut: number | undefined): string {
  if (cut === undefined || jsonBytes(text) <= cut) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, HASH_DIGITS);
  const mark = `${ELLIPSIS}${hash}`;
  let beginning = '';
  for (const point of text) {
    if (jsonBytes(`${beginning}${point}${mark}`) > cut) break;
    beginning += point;
  }
  return `${beginning}${mark}`;
}

/** Rows of runs of days, all of as many whole weeks: a rhythm of the week does not show as one of the runs. */
function periodsOf(counts: readonly (readonly [string, number])[]): Periods {
  const from = counts[0]?.[0] ?? '';
  const dayOf = (day: string): number => (Date.parse(day) - Date.parse(from)) / DAY_MS;
  const span = dayOf(counts.at(-1)?.[0] ?? '') + 1;
  const days = Math.ceil(span / MOST_PERIODS / WEEK_DAYS) * WEEK_DAYS;
  const rows = new Array<number>(Math.ceil(span / days)).fill(0);
  for (const [day, n] of counts) {
    const at = Math.floor(dayOf(day) / days);
    rows[at] = (rows[at] ?? 0) + n;
  }
  return { from, days, rows };
}
