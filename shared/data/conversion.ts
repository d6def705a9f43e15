/** How a part's cells become values of a type, and which of them do not. */
import type { ColumnType } from '../features/columns.ts';
import { MAX_EXACT, unparsed, value } from './cell-types.ts';
import type { Engine } from './engine.ts';
import { EngineError } from './engine-error.ts';
import { typeOfParquet } from './parquet-types.ts';
import type { ProblemLog, ProblemPlace } from './problems.ts';
import { ofInput } from './sources/parquet.ts';
import type { SourceBlock } from './sources/part.ts';
import { DATABASE_TYPES, literal } from './sql.ts';
import { TOTALS, TOTALS_CELL } from './totals-line.ts';

/** The name a column has in a block's relation. */
export function cellOf(block: SourceBlock, name: string): string {
  const index = block.names.indexOf(name);
  if (index < 0) throw new EngineError(`part ${block.part} has no column ${name}`, 'internal');
  return `c${index}`;
}

/** Whether the cells of a column are text, of which the type has to be found: all of a text file, and text in Parquet. */
export function isTextIn(block: SourceBlock, name: string): boolean {
  const index = block.names.indexOf(name);
  return index >= 0 && (block.kind === 'text' || typeOfParquet(block.types[index] ?? '') === 'string');
}

/** The SQL of a cell's value as a type, and of the test that it is not one though something is there. */
export function conversion(
  block: SourceBlock,
  name: string,
  type: ColumnType,
  strict = false,
): { value: string; bad: string } {
  const cell = cellOf(block, name);
  const from = block.types[block.names.indexOf(name)] ?? '';
  const source = isTextIn(block, name) ? 'string' : (typeOfParquet(from) ?? 'string');
  if (source === 'string') {
    return { value: value(cell, type, strict), bad: unparsed(cell, type, strict) };
  }
  const database = DATABASE_TYPES[type];
  if (type === 'integer') {
    const exact =
      source === 'integer'
        ? `abs(${cell}::DOUBLE) <= ${MAX_EXACT}`
        : source === 'number'
          ? `abs(${cell}) <= ${MAX_EXACT} AND trunc(${cell}) = ${cell}`
          : source === 'boolean'
            ? 'true'
            : 'false';
    return {
      value: `CASE WHEN ${exact} THEN TRY_CAST(${cell} AS BIGINT) END`,
      bad: `${cell} IS NOT NULL AND NOT (${exact})`,
    };
  }
  if (type === 'number') {
    const ok =
      source === 'integer' || source === 'boolean' ? 'true' : source === 'number' ? `isfinite(${cell})` : 'false';
    return {
      value: `CASE WHEN ${ok} THEN TRY_CAST(${cell} AS DOUBLE) END`,
      bad: `${cell} IS NOT NULL AND NOT (${ok})`,
    };
  }
  if (type === 'boolean') {
    const ok =
      source === 'boolean' ? 'true' : source === 'integer' || source === 'number' ? `${cell} IN (0, 1)` : 'false';
    return {
      value: `CASE WHEN ${ok} THEN TRY_CAST(${cell} AS BOOLEAN) END`,
      bad: `${cell} IS NOT NULL AND NOT (${ok})`,
    };
  }
  if (type === 'timestamp') {
    const ok =
      source === 'timestamp' || source === 'date'
        ? `coalesce(abs(epoch_us(${cell}::TIMESTAMP)) <= ${MAX_EXACT}, false)`
        : 'false';
    return {
      value: `CASE WHEN ${ok} THEN TRY_CAST(${cell} AS TIMESTAMP) END`,
      bad: `${cell} IS NOT NULL AND NOT (${ok})`,
    };
  }
  if (type === 'date') {
    const ok =
      source === 'date'
        ? `isfinite(${cell})`
        : source === 'timestamp'
          ? `isfinite(${cell}) AND ${cell} = date_trunc('day', ${cell})`
          : 'false';
    return { value: `CASE WHEN ${ok} THEN TRY_CAST(${cell} AS DATE) END`, bad: `${cell} IS NOT NULL AND NOT (${ok})` };
  }
  return { value: `${cell}::${database}`, bad: 'false' };
}

const DEFAULT_CAP = 20;

/** A sentence per type; it never shows the cell. */
const NOT_PARSED: Record<ColumnType, string> = {
  integer: 'not a whole number (of at most 2^53)',
  number: 'not a finite number',
  string: 'not text',
  boolean: 'not true or false',
  timestamp: 'not a timestamp (2001-01-25T10:15:00Z, or 2001-01-25 10:15:00)',
  date: 'not a date (2001-01-25)',
};

/** Tells, into `log`, which cells of a block do not parse as a type. */
export async function tellBadCells(
  engine: Engine,
  block: SourceBlock,
  name: string,
  type: ColumnType,
  log: ProblemLog,
  cap = DEFAULT_CAP,
): Promise<void> {
  if (!block.names.includes(name)) return;
  const { bad } = conversion(block, name, type);
  if (bad === 'false') return;
  const { part, told, path } = block;
  const isTotals = `coalesce(regexp_full_match(trim(${cellOf(block, name)}::VARCHAR), ${literal(TOTALS_CELL)}), false)`;
  const rows = await ofInput(path, part, told, log, () =>
    engine.query(
      `SELECT line, ${isTotals} AS totals, count(*) OVER () AS total FROM (${block.relation}) WHERE ${bad} LIMIT ${cap}`,
    ),
  );
  if (rows === undefined) return;
  const place = { part: told, column: name };
  const total = Number(rows[0]?.total ?? 0);
  for (const { line, totals } of rows)
    tellLine(log, totals === true ? `${NOT_PARSED[type]}; ${TOTALS}` : NOT_PARSED[type], {
      ...place,
      line: Number(line),
    });
  log.addUnlisted('cell_not_parsed', total - rows.length, place);
}

const tellLine = (log: ProblemLog, message: string, place: ProblemPlace): void =>
  log.add('cell_not_parsed', message, place);

/** Tells that cells do not parse as a type: some of their lines, and how many there are in all. */
export function tellLines(
  log: ProblemLog,
  place: { readonly part: string | undefined; readonly column: string },
  type: ColumnType,
  lines: readonly number[],
  total: number,
): void {
  for (const line of lines) tellLine(log, NOT_PARSED[type], { ...place, line });
  log.addUnlisted('cell_not_parsed', total - lines.length, place);
}
