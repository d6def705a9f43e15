/** A file of rows from anywhere, CSV or Parquet, as the engine can read it without guessing. */
import { mkdtemp, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { type Engine, literal } from '../../shared/data/engine.ts';
import { type Problem, ProblemLog } from '../../shared/data/problems.ts';
import { openPart } from '../../shared/data/source-part.ts';
import type { ColumnSpec } from '../../shared/data/sql.ts';
import { TypedDataset } from '../../shared/data/typed-copy.ts';
import type { ColumnType } from '../../shared/features/columns.ts';
import { InputProblem } from './input-problem.ts';

/** A file's columns, typed, and its rows in their order. */
export interface Table {
  /** As it was given. */
  readonly file: string;
  readonly columns: readonly ColumnSpec[];
  readonly rows: number;
  /** What the engine reads it from. */
  readonly relation: string;
  /** Where a row stands: `line 7` of a text file, `row 6` of a Parquet file. The first row is 0. */
  readonly place: (row: number) => Promise<string>;
}

const placed = ({ line, column, message }: Problem, isText: boolean): string =>
  [
    ...(line === undefined ? [] : [`${isText ? 'line' : 'row'} ${line}`]),
    ...(column === undefined ? [] : [`column ${column}`]),
  ].join(', ') + (line === undefined && column === undefined ? message : `: ${message}`);

/** How many problems of a file are told one by one. */
const TOLD = 3;

/**
 * Reads a file.
 *
 * @param directory for typed copies; the caller removes it
 * @param typesFor the types that some of the file's columns have to have; all others get the narrowest that fits
 * @throws InputProblem where the file is none, or a cell is not of its column's type
 */
export async function readTable(
  engine: Engine,
  file: string,
  directory: string,
  typesFor: (names: readonly string[]) => readonly { readonly name: string; readonly type: ColumnType }[],
): Promise<Table> {
  if (!(await stat(file).catch(() => undefined))?.isFile()) {
    throw new InputProblem('no_such_file', file, 'there is no such file', 'name a CSV file with a header, or Parquet');
  }
  const into = await mkdtemp(join(directory, 'table-'));
  const log = new ProblemLog(TOLD);
  const source = await openPart(engine, { name: basename(file), path: file }, undefined, 0, { directory: into }, log);
  const isText = source?.kind !== 'parquet';
  const refuse = (): never => {
    const problems = log.list();
    const [first] = problems;
    throw new InputProblem(
      first?.code === 'cell_not_parsed' ? 'not_a_number' : (first?.code ?? 'no_rows'),
      file,
      problems.length === 0
        ? 'there is a header, and no row below it'
        : problems.map((of) => placed(of, isText)).join('; '),
      'a table is asked for: CSV with a header and one row per line, or Parquet, with a number in every cell that is to be one',
    );
  };
  if (source === undefined || !log.empty || source.rows === 0) return refuse();
  const dataset = new TypedDataset(
    engine,
    [source],
    { directory: into, expected: typesFor(source.names), problemCap: TOLD },
    log,
  );
  await dataset.type();
  const [typed] = dataset.typed;
  if (typed === undefined || !log.empty) return refuse();
  return {
    file,
    columns: dataset.columns,
    rows: typed.rows,
    relation: `read_parquet(${literal(typed.path)})`,
    place: async (row) => `${isText ? 'line' : 'row'} ${(await dataset.lines(0, [row]))[0] ?? row + 1}`,
  };
}
