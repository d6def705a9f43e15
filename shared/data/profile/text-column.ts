/** What columns of text hold, counted by the engine. */
import type { Engine } from '../engine.ts';
import { textTally } from './distinct.ts';
import { chosen } from './number-column.ts';
import { insertPieces, piecesSql } from './text-hash.ts';
import { type Distinct, LONGEST_COUNTED, type TextCounts } from './working.ts';

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
  return {
    values,
    distinct: values.distinct,
    counts: () => counts,
    nulls: () => missing,
    add: (counted, nulls) => {
      counts = mergeTexts(counts, counted);
      missing += nulls;
    },
  };
}

const number = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value));

/** Counts the columns of text of a relation. A column known to have many values is only hashed. */
export async function countTexts(
  engine: Engine,
  table: string,
  rows: number,
  cells: readonly TextCell[],
  cap: number,
): Promise<void> {
  if (cells.length === 0 || rows === 0) return;
  const asked = cells.flatMap(({ cell }, at) => [
    `count(${cell})::DOUBLE AS n${at}`,
    `min(length(${cell}))::DOUBLE AS s${at}`,
    `max(length(${cell}))::DOUBLE AS l${at}`,
    `sum(length(${cell}))::DOUBLE AS t${at}`,
    `max(strlen(${cell}))::DOUBLE AS b${at}`,
  ]);
  const [lengths = {}] = await engine.query(`SELECT ${asked.join(', ')} FROM ${table}`);
  const hashed: { readonly cell: TextCell; readonly pieces: readonly string[] }[] = [];
  for (const [at, cell] of cells.entries()) {
    const { tally } = cell;
    const longest = number(lengths[`l${at}`]);
    tally.add(
      { shortest: number(lengths[`s${at}`]), longest, total: number(lengths[`t${at}`]) ?? 0 },
      rows - Number(lengths[`n${at}`]),
    );
    if (longest === null) continue;
    if (longest > LONGEST_COUNTED) tally.values.giveUp();
    if (tally.values.many() || !(await countValues(engine, table, cell, cap)))
      hashed.push({ cell, pieces: piecesSql(cell.cell, Number(lengths[`b${at}`])) });
  }
  if (hashed.length === 0) return;
  const pieces = hashed.flatMap((column) => column.pieces);
  for await (const vectors of engine.vectors(`SELECT ${pieces.join(', ')} FROM ${table}`)) {
    let from = 0;
    for (const { cell, pieces: own } of hashed) {
      const first = from;
      const texts = own.map((_, at) => vectors.shortTexts(first + at));
      insertPieces(cell.tally.values.giveUp(), texts);
      from += own.length;
    }
  }
}

/** Whether the rows' values could be counted one by one. */
async function countValues(engine: Engine, table: string, { cell, tally }: TextCell, cap: number): Promise<boolean> {
  const groups = `SELECT ${cell} AS v, count(*)::DOUBLE AS n FROM ${table} WHERE ${cell} IS NOT NULL GROUP BY ${cell} LIMIT ${cap + 1}`;
  for await (const { rows, columns } of engine.columns(groups, cap + 1)) {
    if (rows > cap) {
      tally.values.giveUp();
      return false;
    }
    const [values, counts] = [columns.v, columns.n];
    if (values?.type !== 'string' || counts?.type !== 'number') return false;
    for (const [row, value] of values.values.entries()) tally.values.add(value, counts.values[row] ?? 0);
  }
  return true;
}
