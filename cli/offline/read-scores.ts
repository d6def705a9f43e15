import { type Engine, identifier } from '../../shared/data/engine.ts';
import type { Problem } from '../../shared/evaluation/metrics.ts';
import type { ScoresRead } from '../../shared/evaluation/scores.ts';
import { howMany } from '../../shared/report/how-many.ts';
import { InputProblem } from './input-problem.ts';
import { readTable, type Table } from './table.ts';

/** The column that rows are known by, where a file has one. */
export const KEY_COLUMN = 'key';

const CLASS_SCORE = 'score.';
const BATCH_ROWS = 65_536;

/** The scores of one model, read and not yet held against the rows. */
export interface ScoresFile {
  readonly table: Table;
  /** Multiclass: the classes the model has a score for, in the order of its columns. */
  readonly classes: readonly string[] | null;
  readonly scores: Extract<ScoresRead, { readonly outcome: 'read' }>;
}

/**
 * Reads the scores of one model, whoever made it: `score`, or `score.<class>` for each class, and, if it is there,
 * `key`. Other columns are not looked at.
 *
 * @throws InputProblem where columns are missing or a score is no finite number
 */
export async function readScoresFile(
  engine: Engine,
  file: string,
  directory: string,
  problem: Problem,
): Promise<ScoresFile> {
  const isScore = (name: string): boolean =>
    problem === 'multiclass' ? name.startsWith(CLASS_SCORE) : name === 'score';
  const table = await readTable(engine, file, directory, (names) => [
    ...names.filter(isScore).map((name) => ({ name, type: 'number' as const })),
    ...names.filter((name) => name === KEY_COLUMN).map((name) => ({ name, type: 'string' as const })),
  ]);
  const names = table.columns.map(({ name }) => name).filter(isScore);
  if (names.length < (problem === 'multiclass' ? 2 : 1)) {
    const found = table.columns.map(({ name }) => name).join(', ');
    throw new InputProblem(
      'wrong_columns',
      file,
      `the columns are ${found}`,
      problem === 'multiclass'
        ? 'a multiclass model has a column score.<class> for each class'
        : `a ${problem} model has one column, score`,
    );
  }
  const columns = names.map((name) => ({ name, values: new Float64Array(table.rows) }));
  const query = `SELECT ${names.map(identifier).join(', ')} FROM ${table.relation}`;
  let offset = 0;
  for await (const batch of engine.columns(query, BATCH_ROWS)) {
    for (const { name, values } of columns) {
      const found = batch.columns[name];
      if (found === undefined || found.type !== 'number') throw new RangeError(`${name} was not read as numbers`);
      const missing = found.nulls?.indexOf(1) ?? -1;
      if (missing >= 0) {
        const place = await table.place(offset + missing);
        throw new InputProblem('not_a_number', file, `${place}, column ${name}: no score`, 'each row needs a number');
      }
      values.set(found.values, offset);
    }
    offset += batch.rows;
  }
  return {
    table,
    classes: problem === 'multiclass' ? names.map((name) => name.slice(CLASS_SCORE.length)) : null,
    scores: { outcome: 'read', scores: { rows: table.rows, columns } },
  };
}

/**
 * Makes sure that scores are those of the rows, in their order: as many, and where the file names its rows, the same.
 *
 * @throws InputProblem where they are not
 */
export async function checkSameRows(engine: Engine, scores: Table, rows: Table): Promise<void> {
  const order = 'score every gate row once, in the order of the rows file';
  if (scores.rows !== rows.rows) {
    const code = scores.rows < rows.rows ? 'missing_rows' : 'extra_rows';
    throw new InputProblem(
      code,
      scores.file,
      `${howMany(scores.rows, 'score')} for the ${howMany(rows.rows, 'row')} of ${rows.file}`,
      order,
    );
  }
  const hasKey = ({ columns }: Table): boolean => columns.some(({ name }) => name === KEY_COLUMN);
  if (!hasKey(scores)) return;
  if (!hasKey(rows)) {
    const message = `it names its rows by ${KEY_COLUMN}, and ${rows.file} does not`;
    throw new InputProblem('gate_rows_differ', scores.file, message, `give ${rows.file} the same column ${KEY_COLUMN}`);
  }
  const [found] = await engine.query(
    `SELECT min(ordinal) AS ordinal FROM (SELECT row_number() OVER () - 1 AS ordinal, a.key AS ours, b.key AS theirs FROM (SELECT key FROM ${scores.relation}) a POSITIONAL JOIN (SELECT key FROM ${rows.relation}) b) WHERE ours IS DISTINCT FROM theirs`,
  );
  if (found === undefined || found.ordinal === null) return;
  const at = Number(found.ordinal);
  const message = `${await scores.place(at)} has another ${KEY_COLUMN} than ${await rows.place(at)} of ${rows.file}`;
  throw new InputProblem('gate_rows_differ', scores.file, message, order);
}
