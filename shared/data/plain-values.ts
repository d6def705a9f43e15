/**
 * Reads the values of one column of some records: a loop for each type, so that none of them asks at every cell what its
 * type is. A cell is first read as if nothing stood around it, which is how nearly all are written.
 */
import type { ColumnType } from '../features/columns.ts';
import { MISSING_WORDS } from './cell-types.ts';
import { QUOTE } from './csv-record.ts';
import { type HeldColumn, putNothing, putWhole } from './held-columns.ts';
import { putInteger, putNumber } from './plain-number.ts';
import {
  DATE_BYTES,
  lowerWord,
  plainDate,
  plainTimestamp,
  plainTruth,
  timestampDay,
  wordNumber,
} from './plain-time.ts';

const SPACE = 0x20;
const MISSING = new Set(MISSING_WORDS.map(wordNumber));

/** Some records of a piece. */
export interface Batch {
  readonly bytes: Buffer;
  /** The same bytes. */
  readonly view: DataView;
  readonly places: Uint32Array;
  readonly stride: number;
  /** The first of them in the piece, and in the columns. */
  readonly record: number;
  readonly row: number;
  readonly records: number;
}

/** Reads the cells that stand at a place in each record; false: one of them is not plain. */
export type ColumnReader = (batch: Batch, place: number, into: HeldColumn) => boolean;

/** Puts a cell, without blanks around it, into its row; false where it is not plain. */
type PutCell = (into: HeldColumn, row: number, bytes: Buffer, from: number, to: number) => boolean;

/** Reads a cell that is quoted, padded, missing or not plain. */
function putOdd(into: HeldColumn, row: number, bytes: Buffer, first: number, end: number, put: PutCell): boolean {
  let [from, to] = [first, end];
  if (from < to && bytes[from] === QUOTE) {
    from += 1;
    to -= 1;
  }
  while (from < to && bytes[from] === SPACE) from += 1;
  while (from < to && bytes[to - 1] === SPACE) to -= 1;
  if (from < to && put(into, row, bytes, from, to)) return true;
  if (from < to && !MISSING.has(lowerWord(bytes, from, to))) return false;
  putNothing(into, row);
  return true;
}

const readIntegers: ColumnReader = ({ bytes, places, stride, record, row: first, records }, place, into) => {
  const { words } = into;
  let at = record * stride + place + 1;
  for (let row = first; row < first + records; row += 1, at += stride) {
    const from = places[at] as number;
    const to = (places[at + 1] as number) - 1;
    if (from === to) putNothing(into, row);
    else if (!putInteger(words, row, bytes, from, to) && !putOdd(into, row, bytes, from, to, oddInteger)) return false;
  }
  return true;
};

const oddInteger: PutCell = ({ words }, row, bytes, from, to) => putInteger(words, row, bytes, from, to);

const readNumbers: ColumnReader = ({ bytes, places, stride, record, row: first, records }, place, into) => {
  const { doubles } = into;
  let at = record * stride + place + 1;
  for (let row = first; row < first + records; row += 1, at += stride) {
    const from = places[at] as number;
    const to = (places[at + 1] as number) - 1;
    if (from === to) putNothing(into, row);
    else if (!putNumber(doubles, row, bytes, from, to) && !putOdd(into, row, bytes, from, to, oddNumber)) return false;
  }
  return true;
};

const oddNumber: PutCell = ({ doubles }, row, bytes, from, to) => putNumber(doubles, row, bytes, from, to);

/** Whether the ten bytes of two dates are the same. */
const isSameDate = (view: DataView, a: number, b: number): boolean =>
  view.getUint32(a + 6) === view.getUint32(b + 6) &&
  view.getUint32(a + 2) === view.getUint32(b + 2) &&
  view.getUint16(a) === view.getUint16(b);

const readTimestamps: ColumnReader = ({ bytes, view, places, stride, record, row: first, records }, place, into) => {
  const { words } = into;
  let at = record * stride + place + 1;
  // Rows mostly come by time: a date is read once for all that follow each other.
  let known = -1;
  let day = Number.NaN;
  for (let row = first; row < first + records; row += 1, at += stride) {
    const from = places[at] as number;
    const to = (places[at + 1] as number) - 1;
    let time = Number.NaN;
    if (to - from >= DATE_BYTES) {
      if (known < 0 || !isSameDate(view, known, from)) {
        day = timestampDay(bytes, from);
        known = from;
      }
      time = plainTimestamp(day, bytes, from, to);
    }
    if (!Number.isNaN(time)) putWhole(words, row, time);
    else if (!putOdd(into, row, bytes, from, to, oddTimestamp)) return false;
  }
  return true;
};

const oddTimestamp: PutCell = ({ words }, row, bytes, from, to) => {
  if (to - from < DATE_BYTES) return false;
  const time = plainTimestamp(timestampDay(bytes, from), bytes, from, to);
  if (!Number.isNaN(time)) putWhole(words, row, time);
  return !Number.isNaN(time);
};

const readDates: ColumnReader = ({ bytes, view, places, stride, record, row: first, records }, place, into) => {
  const { words } = into;
  let at = record * stride + place + 1;
  let known = -1;
  let day = Number.NaN;
  for (let row = first; row < first + records; row += 1, at += stride) {
    const from = places[at] as number;
    const to = (places[at + 1] as number) - 1;
    const isDate = to - from === DATE_BYTES;
    if (isDate && (known < 0 || !isSameDate(view, known, from))) {
      day = plainDate(bytes, from);
      known = from;
    }
    if (isDate && !Number.isNaN(day)) words[row] = day;
    else if (!putOdd(into, row, bytes, from, to, oddDate)) return false;
  }
  return true;
};

const oddDate: PutCell = ({ words }, row, bytes, from, to) => {
  if (to - from !== DATE_BYTES) return false;
  const day = plainDate(bytes, from);
  if (!Number.isNaN(day)) words[row] = day;
  return !Number.isNaN(day);
};

const readTruths: ColumnReader = ({ bytes, places, stride, record, row: first, records }, place, into) => {
  let at = record * stride + place + 1;
  for (let row = first; row < first + records; row += 1, at += stride) {
    const from = places[at] as number;
    const to = (places[at + 1] as number) - 1;
    if (!oddTruth(into, row, bytes, from, to) && !putOdd(into, row, bytes, from, to, oddTruth)) return false;
  }
  return true;
};

const oddTruth: PutCell = ({ bytes: truths }, row, bytes, from, to) => {
  const truth = plainTruth(bytes, from, to);
  if (!Number.isNaN(truth)) truths[row] = truth;
  return !Number.isNaN(truth);
};

/** By the type of a column. */
export const VALUE_READERS: Readonly<Record<Exclude<ColumnType, 'string'>, ColumnReader>> = {
  integer: readIntegers,
  number: readNumbers,
  boolean: readTruths,
  timestamp: readTimestamps,
  date: readDates,
};
