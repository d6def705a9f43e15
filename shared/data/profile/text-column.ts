/** What columns of text hold, counted where they are short, and by the engine where they are not. */
import { type Engine, EngineError } from '../engine.ts';
import type { RowBytes } from '../engine-vectors.ts';
import { textTally } from './distinct.ts';
import { chosen } from './number-column.ts';
import { ShortTextTable } from './short-text-table.ts';
import { type ShortTextsInto, TextLengths } from './short-texts.ts';
import { insertPieces, piecesSql } from './text-hash.ts';
import { type Distinct, LONGEST_COUNTED, type TextCounts } from './working.ts';

/** A text, or where it is, takes so many bytes of a row. */
export const TEXT_BYTES: RowBytes = 16;

/** A column of text in a relation. */
export interface TextCell {
  /** Its SQL name. */
  readonly cell: string;
  readonly tally: TextColumnTally;
}

/** Counts one column over blocks of rows. */
export interface TextColumnTally {
  readonly distinct: () => Distinct;
  readonly counts: () => TextCounts;
  readonly nulls: () => number;
  readonly add: (counted: TextCounts, nulls: number) => void;
  readonly values: ReturnType<typeof textTally>;
  /** What short texts are counted into; null once a longer one was met: looking for short ones is worth no further try. */
  readonly short: () => ShortTextsInto | null;
  readonly meetLong: () => void;
}

/** The counts of both. */
export function mergeTexts(a: TextCounts, b: TextCounts): TextCounts {
  return {
    shortest: chosen(a.shortest, b.shortest, Math.min),
    longest: chosen(a.longest, b.longest, Math.max),
    total: a.total + b.total,
  };
}

/** Begins to count a column of text. */
export function textsTally(cap: number): TextColumnTally {
  const values = textTally(cap);
  let counts: TextCounts = { shortest: null, longest: null, total: 0 };
  let missing = 0;
  const add = (counted: TextCounts, nulls: number): void => {
    counts = mergeTexts(counts, counted);
    missing += nulls;
  };
  let short: ShortTextsInto | null = { table: new ShortTextTable(), giveUp: values.giveUp, add };
  /** Makes texts of those that stand as words. */
  const settle = (): void => {
    const table = short?.table;
    if (!short || !table) return;
    const lengths = new TextLengths();
    table.seeKept(lengths.see);
    table.seeKept((words, at, rows) => {
      const bytes = Buffer.from(words.buffer, words.byteOffset + (at + 1) * 4, words[at] ?? 0);
      values.add(bytes.toString('utf8'), rows);
    });
    add(lengths.counts(), 0);
    short.table = values.many() ? null : new ShortTextTable();
  };
  return {
    values,
    short: () => short,
    meetLong: () => {
      settle();
      short = null;
    },
    distinct: () => {
      settle();
      return values.distinct();
    },
    counts: () => {
      settle();
      return counts;
    },
    nulls: () => missing,
    add,
  };
}

const number = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value));

/**
 * Counts columns of text of a relation that hold longer ones. A column known to have many values is only measured and
 * hashed.
 */
export async function countLongTexts(
  engine: Engine,
  table: string,
  rows: number,
  cells: readonly TextCell[],
  cap: number,
): Promise<void> {
  if (rows === 0) return;
  const many: TextCell[] = [];
  for (const cell of cells) {
    if (cell.tally.values.many() || !(await countValues(engine, table, rows, cell, cap))) many.push(cell);
  }
  if (many.length === 0) return;
  const hashed = await measured(engine, table, rows, many);
  if (hashed.length === 0) return;
  const pieces = hashed.flatMap((column) => column.pieces);
  for await (const vectors of engine.vectors(`SELECT ${pieces.join(', ')} FROM ${table}`)) {
    let from = 0;
    for (const { cell, pieces: own } of hashed) {
      const first = from;
      const texts = own.map((_, at) => vectors.cells(first + at, TEXT_BYTES));
      insertPieces(cell.tally.values.giveUp(), texts);
      from += own.length;
    }
  }
}

interface Hashed {
  readonly cell: TextCell;
  readonly pieces: readonly string[];
}

/** Takes the lengths of the rows' texts; returns the columns that hold any, with the SQL of what is to be hashed. */
async function measured(engine: Engine, table: string, rows: number, cells: readonly TextCell[]): Promise<Hashed[]> {
  const asked = cells.flatMap(({ cell }, at) => [
    `count(${cell})::DOUBLE AS n${at}`,
    `min(length(${cell}))::DOUBLE AS s${at}`,
    `max(length(${cell}))::DOUBLE AS l${at}`,
    `sum(length(${cell}))::DOUBLE AS t${at}`,
    `max(strlen(${cell}))::DOUBLE AS b${at}`,
  ]);
  const [lengths = {}] = await engine.query(`SELECT ${asked.join(', ')} FROM ${table}`);
  return cells.flatMap((cell, at) => {
    const longest = number(lengths[`l${at}`]);
    cell.tally.add(
      { shortest: number(lengths[`s${at}`]), longest, total: number(lengths[`t${at}`]) ?? 0 },
      rows - Number(lengths[`n${at}`]),
    );
    return longest === null ? [] : [{ cell, pieces: piecesSql(cell.cell, Number(lengths[`b${at}`])) }];
  });
}

/**
 * Whether the rows' values could be counted one by one; then their lengths are taken from them, too. Otherwise nothing was
 * taken, and only registers are kept from now on.
 */
async function countValues(
  engine: Engine,
  table: string,
  rows: number,
  { cell, tally }: TextCell,
  cap: number,
): Promise<boolean> {
  // A text that is too long does not leave the engine.
  const groups = `SELECT CASE WHEN length(v) <= ${LONGEST_COUNTED} THEN v END AS v, length(v)::DOUBLE AS l, n FROM (SELECT ${cell} AS v, count(*)::DOUBLE AS n FROM ${table} WHERE ${cell} IS NOT NULL GROUP BY ${cell} LIMIT ${cap + 1})`;
  let present = 0;
  for await (const batch of engine.columns(groups, cap + 1)) {
    const { v, l, n } = batch.columns;
    if (v?.type !== 'string' || l?.type !== 'number' || n?.type !== 'number')
      throw new EngineError('groups of texts come as text, length and count', 'internal');
    if (batch.rows > cap || v.nulls?.includes(1)) {
      tally.values.giveUp();
      return false;
    }
    let [shortest, longest, total] = [Number.POSITIVE_INFINITY, 0, 0];
    for (const [row, value] of v.values.entries()) {
      const [length, times] = [l.values[row] ?? 0, n.values[row] ?? 0];
      tally.values.add(value, times);
      [shortest, longest] = [Math.min(shortest, length), Math.max(longest, length)];
      total += times * length;
      present += times;
    }
    tally.add({ shortest, longest, total }, 0);
  }
  tally.add({ shortest: null, longest: null, total: 0 }, rows - present);
  return true;
}
