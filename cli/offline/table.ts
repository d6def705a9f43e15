/** A file of rows from anywhere, CSV or Parquet, as the engine can read it without guessing. */
import { mkdtemp, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { type Engine, literal } from '../../shared/data/engine.ts';
import type { Problem } from '../../shared/data/problems.ts';
import { readDataset } from '../../shared/data/read-dataset.ts';
import type { ColumnSpec } from '../../shared/data/sql.ts';
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
  const read = await readDataset(engine, [{ name: basename(file), path: file }], {
    directory: into,
    expected: typesFor,
    problemCap: TOLD,
  });
  const { problems, parts, columns, rows } = read;
  const isText = read.format !== 'parquet';
  const refuse = (): never => {
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
  if (problems.length > 0 || rows === null || rows === 0) return refuse();
  return {
    file,
    columns,
    rows,
    relation: `read_parquet([${parts.map(({ path }) => literal(path)).join(', ')}])`,
    place: async (row) => {
      let first = 0;
      const part = parts.findIndex((each) => {
        if (row < first + each.rows) return true;
        first += each.rows;
        return false;
      });
      return `${isText ? 'line' : 'row'} ${(await read.lines(part, [row - first]))[0] ?? row + 1}`;
    },
  };
}
