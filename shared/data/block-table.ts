/** A block of a source as a table of the engine, with the types found so far. */
import type { ColumnTyping } from './column-typing.ts';
import { cellOf, conversion, isTextIn } from './conversion.ts';
import type { Engine, EngineTable } from './engine.ts';
import { type HeldColumn, type HeldMemory, heldBytes } from './held-columns.ts';
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
  const held =
    block.rows === undefined
      ? await holdPlain(engine, block, columns, memory)
      : await holdTyped(engine, block, block.rows, typing, memory);
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
  const specs = specsOf(columns);
  const types = specs.map(({ type }) => type);
  const taken = { specs, ...memory.take(types, rows) };
  const [lines, ...cells] = taken.columns;
  const placed = cells.map((into, index) => {
    const place = names.indexOf(columns[index]?.name ?? '');
    return { into, place: place < 0 ? undefined : place };
  });
  const isPlain = lines !== undefined && (await readPlain(scanned.take(), placed, lines));
  return heldTable(engine, taken, rows, isPlain);
}

/** The most memory of a block of Parquet without its long texts: wide ones are the engine's, which can spill. */
const MOST_HELD_BYTES = 64 * 1024 * 1024;

/**
 * A block of Parquet as a table in this process's memory; undefined where a cell is not of its column's type, or the block is
 * too large.
 */
async function holdTyped(
  engine: Engine,
  block: SourceBlock,
  rows: number,
  typing: ColumnTyping,
  memory: HeldMemory,
): Promise<EngineTable | undefined> {
  const specs = specsOf(typing.columns);
  const types = specs.map(({ type }) => type);
  if (heldBytes(types, rows) > MOST_HELD_BYTES) return undefined;
  const { fields, flags } = typedFields(block, typing, () => 'filled');
  const taken = { specs, ...memory.take(types, rows) };
  const places = fields.map((_, index) => {
    const flag = flags.findIndex(({ column }) => column === index);
    return flag < 0 ? undefined : 1 + fields.length + flag;
  });
  const selected = ['line', ...fields, ...flags.map(({ sql }) => sql)];
  let found: number | undefined;
  try {
    found = await engine.fill(`SELECT ${selected.join(', ')} FROM (${block.relation})`, taken.columns, [
      undefined,
      ...places,
    ]);
  } catch (error) {
    taken.release();
    throw error;
  }
  return heldTable(engine, taken, rows, found === rows);
}

interface Taken {
  readonly columns: HeldColumn[];
  readonly specs: readonly ColumnSpec[];
  readonly release: () => void;
}

const specsOf = (columns: readonly ColumnSpec[]): ColumnSpec[] => [
  LINE,
  ...columns.map(({ type }, index) => ({ name: `c${index}`, type })),
];

/** The memory as a table; given back where it is not to be one. */
function heldTable(
  engine: Engine,
  { columns, specs, release }: Taken,
  rows: number,
  isWhole: boolean,
): EngineTable | undefined {
  if (!isWhole) {
    release();
    return undefined;
  }
  const table = engine.hold(
    columns.map((column, at) => ({ ...column, name: specs[at]?.name ?? '' })),
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

type Flag = (index: number) => 'filled' | 'unparsed' | undefined;

interface TypedFields {
  readonly fields: readonly string[];
  readonly flags: readonly { readonly column: number; readonly sql: string }[];
}

/** A block's typed cells in SQL, and flags: `f` where a cell of the source is not null, `u` where it does not parse. */
function typedFields(block: SourceBlock, typing: ColumnTyping, flag: Flag): TypedFields {
  const flags: { column: number; sql: string }[] = [];
  const fields = typing.columns.map(({ name, type }, column) => {
    if (!block.names.includes(name)) return `NULL::${DATABASE_TYPES[type]} AS c${column}`;
    const { value, bad } = conversion(block, name, type, !typing.isKnown(name));
    const flagged = bad === 'false' ? undefined : flag(column);
    if (flagged === 'unparsed') flags.push({ column, sql: `coalesce(${bad}, false) AS u${column}` });
    else if (flagged !== undefined) flags.push({ column, sql: `${cellOf(block, name)} IS NOT NULL AS f${column}` });
    return `(${value})::${DATABASE_TYPES[type]} AS c${column}`;
  });
  return { fields, flags };
}

/** A query of {@link typedFields}, to make a table of. */
function typedSql(block: SourceBlock, typing: ColumnTyping, flag: Flag): string {
  const { fields, flags } = typedFields(block, typing, flag);
  const selected = ['line', ...fields, ...flags.map(({ sql }) => sql)];
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
