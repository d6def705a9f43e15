/** A block of a source as a table of the engine, with the types found so far. */
import type { ColumnTyping } from './column-typing.ts';
import { cellOf, conversion, isTextIn } from './conversion.ts';
import type { Engine, EngineTable } from './engine.ts';
import type { HeldMemory } from './held-columns.ts';
import { readPlain } from './plain-cells.ts';
import type { SourceBlock } from './sources/part.ts';
import { type ColumnSpec, DATABASE_TYPES } from './sql.ts';

/** A block as a table: `line`, `c0`, `c1`, … typed. */
export interface LoadedBlock {
  readonly table: EngineTable;
  readonly columns: readonly ColumnSpec[];
  /** Indices of the columns with `u0`, `u1`, …: whether the source had a value that does not parse. */
  readonly flagged: readonly number[];
}

/** Loads a block with the types of now, or names the columns whose types it contradicts. */
export async function loadBlock(
  engine: Engine,
  block: SourceBlock,
  typing: ColumnTyping,
  memory: HeldMemory,
): Promise<LoadedBlock | string[]> {
  const { columns } = typing;
  const held = await holdPlain(engine, block, columns, memory);
  if (held !== undefined) return { table: held, columns, flagged: [] };
  const nameOf = (index: number): string => columns[index]?.name ?? '';
  const isFound = (name: string): boolean => isTextIn(block, name) && !typing.isKnown(name);
  const table = await engine.table(typedSql(block, typing, () => 'filled'));
  const lacking = await lackingColumns(engine, table, block, columns);
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
  const again = typedSql(block, typing, (index) => (flagged.includes(index) ? 'unparsed' : undefined));
  return { table: await engine.table(again), columns, flagged };
}

const LINE = { name: 'line', type: 'integer' } as const;

/** The block as a table in this process's memory; undefined where a cell is not spelled plainly. */
async function holdPlain(
  engine: Engine,
  { names, scanned }: SourceBlock,
  columns: readonly ColumnSpec[],
  memory: HeldMemory,
): Promise<EngineTable | undefined> {
  if (scanned?.pieces === undefined) return undefined;
  const { records: rows } = scanned;
  const specs = [LINE, ...columns.map(({ type }, index) => ({ name: `c${index}`, type }))];
  const { columns: held, release } = memory.take(
    specs.map(({ type }) => type),
    rows,
  );
  const [lines, ...cells] = held;
  const placed = cells.map((into, index) => {
    const place = names.indexOf(columns[index]?.name ?? '');
    return { into, place: place < 0 ? undefined : place };
  });
  const isPlain = lines !== undefined && (await readPlain(scanned.take(), placed, lines));
  if (!isPlain) {
    release();
    return undefined;
  }
  const table = engine.hold(
    held.map((column, at) => ({ ...column, name: specs[at]?.name ?? '' })),
    rows,
  );
  return {
    ...table,
    drop: async () => {
      await table.drop();
      release();
    },
  };
}

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
  flag: (index: number) => 'filled' | 'unparsed' | undefined,
): string {
  const fields = typing.columns.flatMap(({ name, type }, index) => {
    if (!block.names.includes(name)) return [`NULL::${DATABASE_TYPES[type]} AS c${index}`];
    const { value, bad } = conversion(block, name, type, !typing.isKnown(name));
    const typed = `(${value})::${DATABASE_TYPES[type]} AS c${index}`;
    const flagged = bad === 'false' ? undefined : flag(index);
    if (flagged === undefined) return [typed];
    if (flagged === 'unparsed') return [typed, `coalesce(${bad}, false) AS u${index}`];
    return [typed, `${cellOf(block, name)} IS NOT NULL AS f${index}`];
  });
  const selected = ['line', ...fields];
  return `SELECT ${selected.join(', ')} FROM (${block.relation}) UNION ALL SELECT ${selected.map(() => 'NULL').join(', ')} FROM ${NO_ROWS}`;
}

/** Indices of the columns in which a cell of the source holds something and the typed one does not. */
async function lackingColumns(
  engine: Engine,
  table: EngineTable,
  block: SourceBlock,
  columns: readonly ColumnSpec[],
): Promise<number[]> {
  const able = columns.flatMap(({ name, type }, index) =>
    block.names.includes(name) && conversion(block, name, type).bad !== 'false' ? [index] : [],
  );
  if (able.length === 0) return [];
  const tests = able.map((index) => `coalesce(bool_or(f${index} AND c${index} IS NULL), false) AS b${index}`);
  const [row = {}] = await engine.query(`SELECT ${tests.join(', ')} FROM ${table.name}`);
  return able.filter((index) => row[`b${index}`] === true);
}
