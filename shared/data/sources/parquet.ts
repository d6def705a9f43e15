/** Parquet: the engine needs to seek in it, so it lies on local disk; it is read in ranges of rows. */
import { howMany } from '../../report/how-many.ts';
import { asSeen, nameFault } from '../column-name.ts';
import type { Engine } from '../engine.ts';
import { EngineError } from '../engine-error.ts';
import { plainParquet, typeOfParquet } from '../parquet-types.ts';
import type { ProblemCode, ProblemLog } from '../problems.ts';
import { identifier, literal } from '../sql.ts';
import type { PartContext } from './part.ts';

/** Reads a Parquet file of so many bytes in blocks of so many rows. Returns the number of rows, or undefined when it cannot be read. */
export async function readParquet(
  engine: Engine,
  path: string,
  blockRows: number,
  sizeBytes: number,
  context: PartContext,
): Promise<number | undefined> {
  const { name, told, log, maxColumns } = context;
  const file = literal(path);
  const read = await ofInput(path, name, told, log, async () => ({
    columns: await engine.describe(`SELECT * FROM read_parquet(${file})`),
    schema: await engine.query(`SELECT name, num_children FROM parquet_schema(${file})`),
    counted: await engine.query(`SELECT count(*) AS n FROM read_parquet(${file})`),
  }));
  if (read === undefined) return undefined;
  const { columns, schema, counted } = read;
  if (columns.length > maxColumns) {
    log.add('too_many_columns', `${howMany(columns.length, 'column')}; at most ${maxColumns} are read`, { part: told });
    return undefined;
  }
  if (!isUsable(columns, schema.slice(1), told, log)) return undefined;
  // As in a header or a key: blanks around a name are no part of it.
  const names = columns.map((column) => column.name.trim());
  if (!context.agrees(names)) return undefined;
  const rows = Number(counted[0]?.n ?? 0);
  const projected = columns.map(
    ({ name: column, databaseType }, index) => `${plainParquet(identifier(column), databaseType)} AS c${index}`,
  );
  const types = columns.map(({ databaseType }) => databaseType);
  for (let from = 0; from < rows; from += blockRows) {
    context.read((sizeBytes * from) / rows);
    const to = Math.min(rows, from + blockRows);
    const range = `file_row_number >= ${from} AND file_row_number < ${to}`;
    const relation = `SELECT file_row_number + 1 AS line, ${projected.join(', ')} FROM read_parquet(${file}, file_row_number = true) WHERE ${range}`;
    const block = {
      part: name,
      told,
      kind: 'parquet',
      names,
      types,
      marked: new Set<string>(),
      relation,
      path,
      rows: to - from,
    } as const;
    if (!(await context.emit(block))) return undefined;
  }
  return rows;
}

/** Whether typed columns can hold what a Parquet file holds; if not, the log is told of each column. */
function isUsable(
  columns: readonly { readonly name: string; readonly databaseType: string }[],
  schema: readonly Readonly<Record<string, unknown>>[],
  told: string | undefined,
  log: ProblemLog,
): boolean {
  let usable = true;
  const refuse = (code: ProblemCode, message: string, column: string | undefined): void => {
    log.add(code, message, { part: told, column });
    usable = false;
  };
  for (const { name, databaseType } of columns) {
    if (typeOfParquet(databaseType) === undefined) {
      refuse(
        'column_type_unsupported',
        `${databaseType} is not supported; columns hold numbers, text, truth values, dates or timestamps`,
        name,
      );
    }
  }
  // The engine renames columns of the same name without a word, so the file itself is asked.
  const flat = schema.every((row) => Number(row.num_children ?? 0) === 0);
  const seen = new Set<string>();
  for (const name of flat ? schema.map((row) => String(row.name).trim()) : []) {
    const fault = nameFault(name, 'a column');
    if (fault !== undefined) refuse('header_name_invalid', fault.message, fault.column);
    if (name === '') refuse('header_name_empty', 'a column has no name', undefined);
    if (seen.has(asSeen(name)))
      refuse('column_duplicated', `two columns are named ${name} (case does not count)`, name);
    seen.add(asSeen(name));
  }
  return usable;
}

/** Runs what reads an uploaded Parquet file: what the engine cannot read is the file's fault, unless memory or disk ran out. */
export async function ofInput<T>(
  path: string,
  name: string,
  told: string | undefined,
  log: ProblemLog,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof EngineError) || error.fault !== 'input') throw error;
    // The engine names our temporary file, which means nothing to the sender.
    const reason = error.message.replaceAll(path, name).split('\n')[0] ?? '';
    log.add('parquet_corrupt', `the Parquet file cannot be read: ${reason.slice(0, 300)}`, { part: told });
    return undefined;
  }
}
