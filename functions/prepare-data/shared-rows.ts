/**
 * Rows that stand on both sides of a split: equal in everything but what names them. A model may know those that judge
 * by heart.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { type Engine, identifier } from '../../shared/data/engine.ts';
import { typedRows } from '../../shared/data/merge-columns.ts';
import { SIDES } from '../../shared/data/split.ts';
import { parquetRows } from '../../shared/data/sql.ts';
import { columnsResolved } from '../../shared/features/check.ts';
import type { SplitMethod } from '../../shared/ledger/facts.ts';
import type { AssignRows } from './assign-rows.ts';
import { columnOf, type RunRows } from './run-rows.ts';
import { UnpreparableError } from './unpreparable.ts';

const BATCH_ROWS = 16_384;

/** A column that has another value in most rows names them; one with fewer says what kind they are. *assumed* */
const NAMES_ABOVE = 0.5;

/**
 * The columns of a declared key that do nothing but name a row: no feature and no label reads them, they are no times, and
 * most rows have a value of their own. Equal rows of other names are split as if they were different; rows of another day or
 * place are. None where equal rows stay together whatever they are called: with a time, which is part of the row; with
 * an entity; without a declared key.
 *
 * @param declared `data.key` of the definition
 */
export async function namingColumns(
  { engine, paths, input }: RunRows,
  split: SplitMethod,
  declared: readonly string[] | null,
): Promise<string[]> {
  const { key, entity, features, labelColumns, columnTypes } = input;
  if (split.by === 'time' || entity !== null || declared === null) return [];
  const read = new Set([
    ...labelColumns,
    ...features.flatMap(({ expression }) => columnsResolved(expression, columnTypes)),
  ]);
  const names = key.filter((name) => !read.has(name) && !['date', 'timestamp'].includes(columnTypes[name] ?? ''));
  if (names.length === 0) return [];
  // A name may come again in another dataset, as a later version of its row, so each is asked by itself.
  const isName = new Set(names);
  for (const path of paths) {
    const counts = names.map((name, at) => `approx_count_distinct(${identifier(name)}) AS "${at}"`).join(', ');
    const [row] = await engine.query(`SELECT count(*) AS "rows", ${counts} FROM (${parquetRows([path])})`);
    names.forEach((name, at) => {
      if (Number(row?.[at] ?? 0) <= NAMES_ABOVE * Number(row?.rows ?? 0)) isName.delete(name);
    });
  }
  return names.filter((name) => isName.has(name));
}

/** Where to look for rows that stand on both sides, and what assigning reads. */
export interface SharedRowsSought {
  readonly rows: RunRows;
  /** Columns in which rows may differ and are equal all the same. */
  readonly naming: readonly string[];
  /** How rows are assigned for each model that judges: one; with folds as many. */
  readonly assigns: readonly AssignRows[];
  readonly readBy: readonly string[];
  /** For what is written meanwhile; it is not there yet. */
  readonly directory: string;
}

/**
 * How many rows judge a model that was trained on, or stopped by, a row equal to them. Rows are compared by a 64-bit hash
 * of their contents: of 10 million different rows two are taken for equal once in 300,000 times.
 *
 * What grows with the rows (the hashes) lies on disk or in the engine, which spills it; the rows themselves are read again
 * only where some are equal.
 */
export async function countSharedRows({ rows, naming, assigns, readBy, directory }: SharedRowsSought): Promise<number> {
  const { engine, paths, input } = rows;
  const specs = Object.entries(input.columnTypes).map(([name, type]) => ({ name, type }));
  const contents = specs.filter(({ name }) => !naming.includes(name));
  if (contents.length === 0) return 0;
  const content = unusedName(Object.keys(input.columnTypes));
  const column = identifier(content);
  const hash = `hash(${contents.map(({ name }) => identifier(name)).join(', ')}) AS ${column}`;
  const hashed = (path: string, beside: readonly string[]): string =>
    `SELECT ${[hash, ...beside.map(identifier)].join(', ')} FROM (${typedRows(path, specs)})`;
  mkdirSync(directory);
  // One of the run's typed copies after the other, each into a file beside it: see `typedRows`.
  const written = async (name: string, sql: (path: string) => string): Promise<string[]> => {
    const files = paths.map((_, at) => join(directory, `${name}-${at}.parquet`));
    for (const [at, path] of paths.entries()) await engine.copyToParquet(sql(path), files[at] ?? '');
    return files;
  };

  const all = await written('hashes', (path) => hashed(path, []));
  const twice = join(directory, 'twice.parquet');
  const found = await engine.copyToParquet(
    `SELECT ${column} FROM (${parquetRows(all)}) GROUP BY ${column} HAVING count(*) > 1`,
    twice,
  );
  if (found === 0) return 0;
  const columns = [...new Set(readBy)];
  const equal = await written(
    'equal',
    (path) =>
      `SELECT * FROM (${hashed(path, columns)}) WHERE ${column} IN (SELECT ${column} FROM (${parquetRows([twice])}))`,
  );
  // As text: a batch has no numbers of 64 bits.
  const ordered = `SELECT * REPLACE (${column}::VARCHAR AS ${column}) FROM (${parquetRows(equal)}) ORDER BY ${column}`;
  return sharedIn(engine.columns(ordered, BATCH_ROWS), content, assigns);
}

/** Counts group by group: rows come ordered by their contents. */
async function sharedIn(
  ordered: ReturnType<Engine['columns']>,
  content: string,
  assigns: readonly AssignRows[],
): Promise<number> {
  const learned = new Uint8Array(assigns.length);
  const judged = new Float64Array(assigns.length);
  let shared = 0;
  let current: string | number | undefined;
  const settle = (): void => {
    judged.forEach((rows, model) => {
      if (learned[model] === 1) shared += rows;
    });
    learned.fill(0);
    judged.fill(0);
  };
  for await (const batch of ordered) {
    const sides = assigns.map((assign) => assign(batch).sides);
    const { values } = columnOf(batch, content);
    for (let row = 0; row < batch.rows; row += 1) {
      if (values[row] !== current) settle();
      current = values[row];
      for (let model = 0; model < sides.length; model += 1) {
        const side = sides[model]?.[row];
        if (side === SIDES.gate) judged[model] = (judged[model] ?? 0) + 1;
        else if (side === SIDES.train || side === SIDES.validation) learned[model] = 1;
      }
    }
  }
  settle();
  return shared;
}

/** @throws UnpreparableError where a greater share of the rows that judge was learned from than may be. */
export function refuseSharedRows(shared: number, judging: number, naming: readonly string[], most: number): void {
  if (shared <= most * judging) return;
  const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;
  throw new UnpreparableError(
    `${shared} of the ${judging} rows to judge on (${percent(shared / judging)}) equal, in all but ${naming.join(', ')}, a row the model was trained on, and at most ${percent(most)} may: it could know them by heart. Take copies out of the data; or let equal rows stay on one side, by a data.key of columns that they share, or by data.entity; or, where they are cases of their own that happen to look alike, allow them with data.split.max_shared`,
  );
}

/** A name that no column has, whatever the case. */
function unusedName(names: readonly string[]): string {
  const taken = new Set(names.map((name) => name.toLowerCase()));
  let name = 'content';
  while (taken.has(name)) name += '_';
  return name;
}
