/** How a part's cells become values of a type, and which of them do not. */
import type { ColumnType } from '../features/columns.ts';
import { MAX_EXACT, unparsed, value } from './cell-types.ts';
import type { Engine } from './engine.ts';
import { EngineError } from './engine-error.ts';
import { typeOfParquet } from './parquet-types.ts';
import type { ProblemLog } from './problems.ts';
import { ofInput, type SourcePart } from './source-part.ts';
import { DATABASE_TYPES } from './sql.ts';

/** The name a column has in a part's relation. */
export function cellOf(part: SourcePart, name: string): string {
  const index = part.names.indexOf(name);
  if (index < 0) throw new EngineError(`part ${part.name} has no column ${name}`, 'internal');
  return `c${index}`;
}

/** The SQL of a cell's value as a type, and of the test that it is not one though something is there. */
export function conversion(
  part: SourcePart,
  name: string,
  type: ColumnType,
  strict = false,
): { value: string; bad: string } {
  const cell = cellOf(part, name);
  const from = part.types[part.names.indexOf(name)] ?? '';
  const source = part.kind === 'csv' ? 'string' : (typeOfParquet(from) ?? 'string');
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

/** Tells, into `log`, which cells do not parse as a type. */
export async function tellBadCells(
  engine: Engine,
  part: SourcePart,
  name: string,
  type: ColumnType,
  log: ProblemLog,
  cap = DEFAULT_CAP,
): Promise<void> {
  const { bad } = conversion(part, name, type);
  if (bad === 'false' || (type === 'string' && part.kind === 'csv')) return;
  const place = { part: part.told, column: name };
  const work = () =>
    engine.query(`SELECT line, count(*) OVER () AS total FROM (${part.relation}) WHERE ${bad} LIMIT ${cap}`);
  const rows = part.kind === 'csv' ? await work() : await ofInput(part.name, part.name, part.told, log, work);
  if (rows === undefined) return;
  for (const row of rows) log.add('cell_not_parsed', NOT_PARSED[type], { ...place, line: Number(row.line) });
  log.addUnlisted('cell_not_parsed', Number(rows[0]?.total ?? 0) - rows.length, place);
}
