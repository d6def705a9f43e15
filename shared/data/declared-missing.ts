/** The values that a definition declares to be none, read as the cells of its files are. */
import type { SourceFormat } from '../definition/source.ts';
import type { ColumnTypes } from '../features/check.ts';
import type { ColumnType } from '../features/columns.ts';
import { value } from './cell-types.ts';
import { notationFor, writtenAs } from './declared-cells.ts';
import type { Engine } from './engine.ts';
import type { MissingValues } from './missing-values.ts';
import { literal } from './sql.ts';

/**
 * What stands for no value in rows of these columns, however their files write it: of days declared as `%d.%m.%Y` with
 * `missing: ["31.12.9999"]` it is the day. A word that is no value of its column can come in a file alone.
 *
 * @returns undefined where nothing is declared of any of the columns
 */
export async function missingValues(
  engine: Engine,
  declared: SourceFormat['columns'],
  columnTypes: ColumnTypes,
): Promise<MissingValues | undefined> {
  const found: [string, MissingValues[string]][] = [];
  for (const [name, type] of Object.entries(columnTypes)) {
    const notation = notationFor(declared, name);
    if (notation === undefined || notation.missing.length === 0) continue;
    const words = [...new Set(notation.missing)];
    const values = type === 'string' ? words : await valuesOf(engine, words, type, writtenAs('word', notation));
    if (values.length > 0) found.push([name, values]);
  }
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

async function valuesOf(
  engine: Engine,
  words: readonly string[],
  type: ColumnType,
  written: ReturnType<typeof writtenAs>,
): Promise<number[]> {
  const cell = written === undefined ? 'word' : `CASE WHEN ${written.test} THEN ${written.text} ELSE word END`;
  const rows = words.map((word) => `(${literal(word)})`).join(', ');
  const sql = `SELECT ${value('cell', type, false)} AS v FROM (SELECT ${cell} AS cell FROM (VALUES ${rows}) AS words(word))`;
  const values = new Set<number>();
  for await (const { columns } of engine.columns(sql, words.length)) {
    const column = columns.v;
    column?.values.forEach((each, row) => {
      if (column.nulls?.[row] !== 1) values.add(Number(each));
    });
  }
  return [...values];
}
