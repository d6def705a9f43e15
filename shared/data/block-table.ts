/** A block of a source as a table of the engine, with the types found so far. */
import { type CellReading, readingOf } from './cell-shapes.ts';
import type { ColumnTyping } from './column-typing.ts';
import { cellOf, conversion } from './conversion.ts';
import type { Engine, EngineTable } from './engine.ts';
import { EngineError } from './engine-error.ts';
import type { SourceBlock } from './sources/part.ts';
import { type ColumnSpec, DATABASE_TYPES } from './sql.ts';

/** A block as a table: `line`, `c0`, `c1`, … typed. */
export interface LoadedBlock {
  readonly table: EngineTable;
  readonly columns: readonly ColumnSpec[];
  /** Indices of the columns with `u0`, `u1`, …: whether the source had a value that does not parse. */
  readonly flagged: readonly number[];
}

/** How a column of a block is read; undefined: its cells are text that is looked at one by one. */
type Readings = readonly (CellReading | undefined)[];

/** Loads a block with the types of now, or names the columns whose types it contradicts. */
export async function loadBlock(
  engine: Engine,
  block: SourceBlock,
  typing: ColumnTyping,
): Promise<LoadedBlock | string[]> {
  const { columns } = typing;
  const nameOf = (index: number): string => columns[index]?.name ?? '';
  const isFound = (name: string): boolean => block.kind === 'text' && !typing.isKnown(name);
  const { table, readings } = await firstTable(engine, block, typing);
  const lacking = await lackingColumns(engine, table, block, columns, readings);
  if (lacking.length === 0) return { table, columns, flagged: [] };
  // Whether what is lacking is a word for missing costs ten times as much to ask, and is seldom worth it.
  const contradicted = await typing.contradicted(engine, block, lacking.map(nameOf).filter(isFound));
  if (contradicted.length > 0) {
    await table.drop();
    return contradicted;
  }
  const flagged = lacking.filter((index) => !isFound(nameOf(index)));
  if (flagged.length === 0) return { table, columns, flagged };
  await table.drop();
  const again = typedSql(block, typing, readings, (index) => (flagged.includes(index) ? 'unparsed' : undefined));
  return { table: await engine.table(again), columns, flagged };
}

/** The table as the scanner's word for the cells lets it be made; where the engine finds them otherwise, without it. */
async function firstTable(
  engine: Engine,
  block: SourceBlock,
  typing: ColumnTyping,
): Promise<{ readonly table: EngineTable; readonly readings: Readings }> {
  const load = async (readings: Readings) => ({
    table: await engine.table(typedSql(block, typing, readings, () => 'filled')),
    readings,
  });
  const readings = readingsOf(block, typing);
  if (readings.every((reading) => reading === undefined)) return load(readings);
  try {
    return await load(readings);
  } catch (error) {
    if (!(error instanceof EngineError) || error.fault !== 'input') throw error;
    return load([]);
  }
}

function readingsOf({ names, readable }: SourceBlock, { columns }: ColumnTyping): Readings {
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  return names.map((name, at) => {
    const type = types.get(name);
    const bits = readable?.shapes[at];
    return type === undefined || bits === undefined ? undefined : readingOf(type, bits);
  });
}

const isRead = (block: SourceBlock, readings: Readings, name: string): boolean =>
  readings[block.names.indexOf(name)] !== undefined;

/**
 * No rows, from a source without batches. With two threads and sources that all have batches, the engine (1.5.6) collects
 * a table by batches and copies them together: it took 13 CPU seconds a gigabyte where one insertion takes 9, and no less
 * time, since a block is read by one thread.
 */
const NO_ROWS = 'range(0)';

/** A query of a block's typed cells, and of flags: `f` where a cell of the source is not null, `u` where it does not parse. */
function typedSql(
  block: SourceBlock,
  typing: ColumnTyping,
  readings: Readings,
  flag: (index: number) => 'filled' | 'unparsed' | undefined,
): string {
  const fields = typing.columns.flatMap(({ name, type }, index) => {
    if (!block.names.includes(name)) return [`NULL::${DATABASE_TYPES[type]} AS c${index}`];
    if (isRead(block, readings, name)) return [`${cellOf(block, name)} AS c${index}`];
    const { value, bad } = conversion(block, name, type, !typing.isKnown(name));
    const typed = `(${value})::${DATABASE_TYPES[type]} AS c${index}`;
    const flagged = bad === 'false' ? undefined : flag(index);
    if (flagged === undefined) return [typed];
    if (flagged === 'unparsed') return [typed, `coalesce(${bad}, false) AS u${index}`];
    return [typed, `${cellOf(block, name)} IS NOT NULL AS f${index}`];
  });
  const relation = block.readable?.relation(block.names.map((_, at) => readings[at] ?? 'VARCHAR')) ?? block.relation;
  const selected = ['line', ...fields];
  return `SELECT ${selected.join(', ')} FROM (${relation}) UNION ALL SELECT ${selected.map(() => 'NULL').join(', ')} FROM ${NO_ROWS}`;
}

/** Indices of the columns in which a cell of the source holds something and the typed one does not. */
async function lackingColumns(
  engine: Engine,
  table: EngineTable,
  block: SourceBlock,
  columns: readonly ColumnSpec[],
  readings: Readings,
): Promise<number[]> {
  const able = columns.flatMap(({ name, type }, index) =>
    block.names.includes(name) && !isRead(block, readings, name) && conversion(block, name, type).bad !== 'false'
      ? [index]
      : [],
  );
  if (able.length === 0) return [];
  const tests = able.map((index) => `coalesce(bool_or(f${index} AND c${index} IS NULL), false) AS b${index}`);
  const [row = {}] = await engine.query(`SELECT ${tests.join(', ')} FROM ${table.name}`);
  return able.filter((index) => row[`b${index}`] === true);
}
