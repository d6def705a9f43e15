/**
 * Which rows are trained on, which stop the training, and which judge. With a time, by time: the newest rows judge. A
 * hash split of rows that move together in time would let a model win by its neighbours of the same day.
 */
import { hash } from 'node:crypto';
import type { Column } from '../features/columns.ts';

/** Where a row goes, as small numbers so that a batch's assignment is bytes. `none`: it is in no part. */
export const SIDES = { none: 0, train: 1, validation: 2, gate: 3 } as const;

/** Cut times of a {@link timeSplit}, in microseconds since 1970: train < validation <= t < gate <= t. */
export interface TimeCuts {
  /** Rows before it are left out; none without it. */
  readonly from?: number | undefined;
  /** The first time of validation. */
  readonly validation: number;
  /** The first time of the gate rows. */
  readonly gate: number;
  /** Rows this long before the gate rows are left out, because their labels came late. */
  readonly embargo: number;
}

/**
 * Assigns rows by time. Rows without a time go nowhere.
 *
 * @throws RangeError when the cuts are not in order, or the column is not one of times.
 */
export function timeSplit(time: Column, cuts: TimeCuts): Uint8Array {
  if (time.type !== 'timestamp' && time.type !== 'date')
    throw new RangeError(`a column of ${time.type} is not one of times`);
  const from = cuts.from ?? Number.NEGATIVE_INFINITY;
  if (!(from <= cuts.validation && cuts.validation <= cuts.gate && cuts.embargo >= 0)) {
    throw new RangeError('the cuts are not in order: from <= validation <= gate, and the embargo not negative');
  }
  const unit = time.type === 'date' ? MICROSECONDS_PER_DAY : 1;
  const sides = new Uint8Array(time.values.length);
  for (let row = 0; row < sides.length; row += 1) {
    if (time.nulls?.[row] === 1) continue;
    const at = (time.values[row] as number) * unit;
    if (at >= cuts.gate) sides[row] = SIDES.gate;
    else if (at < from || at >= cuts.gate - cuts.embargo) sides[row] = SIDES.none;
    else sides[row] = at >= cuts.validation ? SIDES.validation : SIDES.train;
  }
  return sides;
}

const MICROSECONDS_PER_DAY = 86_400_000_000;

/** Shares of a {@link hashSplit}; the rest is trained on. */
export interface SplitShares {
  readonly validation: number;
  readonly gate: number;
}

/**
 * Assigns rows by a hash of their key: u, in [0, 1), is the first 8 bytes of the sha256 of the key's canonical text.
 * u < gate judges, u < gate + validation stops the training, the rest trains. Rows of one key stay together, for ever.
 *
 * @throws RangeError when the shares are not between 0 and 1 together, or there is no key column.
 */
export function hashSplit(key: readonly Column[], rows: number, shares: SplitShares): Uint8Array {
  const { gate, validation } = shares;
  if (!(gate >= 0 && validation >= 0 && gate + validation < 1))
    throw new RangeError('the shares must leave something to train on');
  const text = keyTexts(key);
  const sides = new Uint8Array(rows);
  for (let row = 0; row < rows; row += 1) {
    const u = uniform(sha256(text(row)));
    sides[row] = u < gate ? SIDES.gate : u < gate + validation ? SIDES.validation : SIDES.train;
  }
  return sides;
}

/**
 * Folds of rows by a hash of their key: the rows of one key are in one fold. From other bytes of the hash than
 * {@link hashSplit}'s, so that a side's rows are spread over all folds.
 */
export function hashFolds(key: readonly Column[], rows: number, folds: number): Uint8Array {
  const text = keyTexts(key);
  return Uint8Array.from({ length: rows }, (_, row) => sha256(text(row)).readUInt32BE(8) % folds);
}

/**
 * The fold in which each row is judged, by a hash of its key: for ever the same, whatever rows come beside it, so that a
 * model that was trained without a fold has seen none of its rows in any data. From yet other bytes of the hash than
 * {@link hashSplit} and {@link hashFolds}, so that the folds of an encoding are found in all of them.
 */
export function judgingFolds(key: readonly Column[], rows: number, folds: number): Uint8Array {
  const text = keyTexts(key);
  return Uint8Array.from({ length: rows }, (_, row) => sha256(text(row)).readUInt32BE(12) % folds);
}

/** Folds of rows by time: the rows of one block of so many microseconds are in one fold. 0 where there is no time. */
export function timeFolds(time: Column, block: number, folds: number): Uint8Array {
  if (time.type !== 'timestamp' && time.type !== 'date')
    throw new RangeError(`a column of ${time.type} is not one of times`);
  const unit = time.type === 'date' ? MICROSECONDS_PER_DAY : 1;
  const fold = (at: number): number => ((Math.floor((at * unit) / block) % folds) + folds) % folds;
  return Uint8Array.from(time.values, (at, row) => (time.nulls?.[row] === 1 ? 0 : fold(at)));
}

/** The first 16 hex digits of the sha256 of each row's canonical key: what names a row without showing it. */
export function keyHashes(key: readonly Column[], rows: number): string[] {
  const text = keyTexts(key);
  const hashes: string[] = [];
  for (let row = 0; row < rows; row += 1) hashes.push(hash('sha256', text(row)).slice(0, 16));
  return hashes;
}

/** A sha256 as a number in [0, 1), from its first 8 bytes. The lowest bits are lost in a double, which moves no cut. */
export function uniform(digest: Buffer): number {
  // Below 1 even where the division would round up to it.
  return Math.min(Number(digest.readBigUInt64BE(0)) / 2 ** 64, 1 - Number.EPSILON / 2);
}

const sha256 = (text: string): Buffer => hash('sha256', text, 'buffer');

const SEPARATOR = '\u001f';
const NULL_MARK = '\u0000';
const ESCAPED = [NULL_MARK, SEPARATOR, '\\'];

/**
 * The canonical text of rows' keys: the values in the order of the columns, with the unit separator (U+001F) after each.
 * Integers in decimal; doubles in JavaScript's shortest form (`-0` as `0`); times as ISO text in UTC with as many of six
 * fractional digits as are needed, dates as `YYYY-MM-DD`; `true` and `false`; text as it is, with U+0000, U+001F and
 * the backslash escaped by a backslash; a missing value is U+0000 alone.
 */
export function keyTexts(key: readonly Column[]): (row: number) => string {
  if (key.length === 0) throw new RangeError('a key needs a column');
  return (row) => {
    let text = '';
    for (const column of key) text += (column.nulls?.[row] === 1 ? NULL_MARK : canonical(column, row)) + SEPARATOR;
    return text;
  };
}

function canonical(column: Column, row: number): string {
  const value = column.values[row];
  if (value === undefined) throw new RangeError(`no row ${row} in a column of ${column.values.length}`);
  if (typeof value === 'string') return ESCAPED.some((mark) => value.includes(mark)) ? escaped(value) : value;
  if (column.type === 'boolean') return value === 0 ? 'false' : 'true';
  if (column.type === 'timestamp') return isoTime(value);
  if (column.type === 'date') return new Date(value * 86_400_000).toISOString().slice(0, 10);
  return String(value === 0 ? 0 : value);
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll(NULL_MARK, '\\0').replaceAll(SEPARATOR, '\\1');
}

/** Microseconds since 1970 as ISO text: `2001-01-25T10:15:00Z`, `2001-01-25T10:15:00.25Z`. */
function isoTime(microseconds: number): string {
  const seconds = Math.floor(microseconds / 1_000_000);
  const fraction = microseconds - seconds * 1_000_000;
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return fraction === 0 ? `${whole}Z` : `${whole}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}Z`;
}
