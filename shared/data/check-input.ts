/** Checks data against what a model needs of it: its columns and their types, its label, its time. */
import type { PublishedDefinition } from '../definition/published.ts';
import { InputMismatchError, type ResolvedInput, resolveInput } from '../definition/resolve.ts';
import { type ColumnTypes, resolveColumn } from '../features/check.ts';
import type { Column, ColumnBatch } from '../features/columns.ts';
import { compile } from '../features/compile.ts';
import { columnsRead, type Expression, ExpressionError } from '../features/expression.ts';
import { labelAdvice, missingColumnHint, type NeededColumn, neededPlaces, timeAdvice } from './column-advice.ts';
import { meantType, mixedTypes, tellDoubtful, tellNotation } from './doubtful-columns.ts';
import { doubtfulNumbers, tellInexact, tellInexactKeys } from './doubtful-numbers.ts';
import type { Engine } from './engine.ts';
import { type ProblemCode, ProblemLog } from './problems.ts';
import type { ReadDataset } from './read-dataset.ts';
import type { LabelClasses } from './rules/label-checks.ts';
import type { RuleResult } from './rules/result.ts';
import { type ColumnSpec, identifier, literal, parquetRows } from './sql.ts';
import { TOTALS, TOTALS_CELL } from './totals-line.ts';

/** What checking came to. */
export interface InputCheck {
  /** Undefined when the columns do not fit. */
  readonly input: ResolvedInput | undefined;
  readonly problems: ReturnType<ProblemLog['list']>;
  /** Rows of each class of the label, by name; null of a number, where it was not read, and where they are no classes. */
  readonly classes: LabelClasses | null;
  /** What warns of cells that are probably not what they were written as. */
  readonly warnings: readonly RuleResult[];
}

/**
 * The types that a delivery's columns are read with, given those of the data accepted before. Text stays text although
 * this delivery holds digits only, and cells of a column of times or truth values must be such. Numbers and dates are
 * found anew: a wider type of the same sort fits.
 */
export function expectedTypes(before: readonly PreviousColumn[]): ColumnSpec[] {
  return before
    .filter(({ type, empty }) => !empty && (type === 'string' || type === 'boolean' || type === 'timestamp'))
    .map(({ name, type }) => ({ name, type }));
}

/** A column of the data accepted before. `empty`: it held nothing, so its type says nothing. */
export interface PreviousColumn extends ColumnSpec {
  readonly empty: boolean;
}

/** Checks a dataset that could be read as rows. */
export async function checkInput(
  engine: Engine,
  dataset: ReadDataset,
  published: PublishedDefinition,
  before: readonly PreviousColumn[] = [],
): Promise<InputCheck> {
  const log = new ProblemLog();
  const types: ColumnTypes = Object.fromEntries(dataset.columns.map(({ name, type }) => [name, type]));
  const named = neededPlaces(published);
  for (const each of named) tellMissing(log, each, types);
  const needed = named.map(({ name }) => name);
  // Without a row nothing has a type.
  if (dataset.rows === 0) return { input: undefined, problems: log.list(), classes: null, warnings: [] };
  if (log.empty) await tellChangedTypes(log, dataset, before, needed, types);
  let input: ResolvedInput | undefined;
  try {
    input = resolveInput(published, dataset.columns);
  } catch (error) {
    if (!(error instanceof InputMismatchError)) throw error;
    if (log.empty) await tellMisfits(engine, log, dataset, published, error);
  }
  const classes =
    input !== undefined && dataset.parts.length > 0 ? await checkRows(engine, dataset, published, input, log) : null;
  const texts = before.filter(({ type, empty }) => type === 'string' && !empty).map(({ name }) => name);
  if (input !== undefined && dataset.parts.length > 0) {
    const told = log.list().flatMap(({ column }) => column ?? []);
    await tellDoubtful(engine, dataset, published, input, new Set([...texts, ...told]), log);
    await tellInexactKeys(engine, dataset, published, input, log);
  }
  const problems = log.list();
  // What is rejected is mended first.
  const warnings =
    input !== undefined && dataset.parts.length > 0 && problems.length === 0
      ? [
          ...(await doubtfulNumbers(engine, dataset, published, input)),
          ...(await mixedTypes(dataset, published, new Set(texts))),
        ]
      : [];
  return { input, problems, classes, warnings };
}

/** The columns a definition names, as it spells them. */
export const neededColumns = (published: PublishedDefinition): string[] =>
  neededPlaces(published).map(({ name }) => name);

function tellMissing(log: ProblemLog, { name, path }: NeededColumn, types: ColumnTypes): void {
  try {
    resolveColumn(name, types);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const hint = missingColumnHint(name, Object.keys(types), error.message);
    log.add('column_missing', `${path} needs the column ${name}: ${error.message}${hint}`, { column: name });
  }
}

const NUMERIC = new Set(['integer', 'number']);
const TIMES = new Set(['date', 'timestamp']);

async function tellChangedTypes(
  log: ProblemLog,
  dataset: ReadDataset,
  before: readonly PreviousColumn[],
  needed: readonly string[],
  types: ColumnTypes,
): Promise<void> {
  const used = new Set(needed.map((name) => resolveColumn(name, types)));
  for (const previous of before) {
    const type = types[previous.name];
    if (type === undefined || previous.empty || !used.has(previous.name) || type === previous.type) continue;
    if (NUMERIC.has(type) && NUMERIC.has(previous.type)) continue;
    if (TIMES.has(type) && TIMES.has(previous.type)) continue;
    const profile = dataset.profile?.columns.find(({ name }) => name === previous.name);
    if (profile !== undefined && profile.nulls === dataset.rows) continue;
    // Which cells make it text is more use than that it is text.
    if (type === 'string')
      await dataset.tellUnparsed(log, previous.name, previous.type === 'integer' ? 'number' : previous.type);
    else
      log.add(
        'column_type_mismatch',
        `${previous.name} is ${type} here, and was ${previous.type} in the data accepted before`,
        { column: previous.name },
      );
  }
}

/** Columns of the wrong type: where most cells of a text column are of another, the others are told one by one. */
async function tellMisfits(
  engine: Engine,
  log: ProblemLog,
  dataset: ReadDataset,
  { definition, expressions }: PublishedDefinition,
  error: InputMismatchError,
): Promise<void> {
  const types: ColumnTypes = Object.fromEntries(dataset.columns.map(({ name, type }) => [name, type]));
  const read = (expression: Expression) => columnsRead(expression).map((name) => resolveColumn(name, types));
  // Two settings may need the same column; its cells are told once.
  const told = new Set<string>();
  for (const problem of error.problems) {
    const feature = /^data\.features\[(\d+)\]$/.exec(problem.path)?.[1];
    const columns =
      problem.path === 'data.label'
        ? read(expressions.label)
        : problem.path === 'data.time' && definition.data.time !== null
          ? [resolveColumn(definition.data.time, types)]
          : feature === undefined
            ? []
            : (expressions.features ?? [])
                .slice(Number(feature), Number(feature) + 1)
                .flatMap(({ expression }) => read(expression));
    for (const column of columns) {
      if (told.has(column)) continue;
      told.add(column);
      const meant = meantType(dataset, column);
      if (meant !== undefined) await dataset.tellUnparsed(log, column, meant);
      else if (types[column] === 'string') await tellNotation(engine, dataset, column, log);
      else await tellInexact(engine, dataset, column, log);
    }
    const [only] = columns;
    const advice =
      only === undefined || columns.length > 1
        ? ''
        : problem.path === 'data.label'
          ? labelAdvice(dataset, only, definition.problem)
          : timeAdvice(dataset, only);
    log.add(
      'column_type_mismatch',
      `${problem.path}: ${problem.message}${advice}`,
      columns.length === 1 ? { column: only } : {},
    );
  }
}

const BATCH_ROWS = 16_384;
/** Lines of so many rows of a kind are looked up; the rest is counted. */
const LOCATED = 20;

type RowFault = { readonly code: ProblemCode; readonly message: string; readonly column: string };

/** A label of more values has no classes. */
const MAX_CLASSES = 1000;

/** Looks at the label and the time of every row, and counts the label's classes. */
async function checkRows(
  engine: Engine,
  dataset: ReadDataset,
  { definition }: PublishedDefinition,
  input: ResolvedInput,
  log: ProblemLog,
): Promise<LabelClasses | null> {
  const classes = new Map<string | number, number>();
  const hasClasses = definition.problem !== 'regression';
  const label = compile([input.label.expression], input.columnTypes);
  const columns = [...new Set([...input.labelColumns, ...(input.time === null ? [] : [input.time])])];
  const faults: Record<'label_missing' | 'label_invalid' | 'time_missing', RowFault> = {
    label_missing: {
      code: 'label_missing',
      message: `the label ${input.label.name} has no value`,
      column: input.label.name,
    },
    label_invalid: {
      code: 'label_invalid',
      message: `the label ${input.label.name} is neither 0 nor 1`,
      column: input.label.name,
    },
    time_missing: { code: 'time_missing', message: 'the row has no time', column: input.time ?? '' },
  };
  for (const [index, part] of dataset.parts.entries()) {
    const found = new Map<RowFault, { rows: number[]; more: number }>();
    const note = (fault: RowFault, row: number): void => {
      const seen = found.get(fault) ?? { rows: [], more: 0 };
      if (seen.rows.length < LOCATED) seen.rows.push(row);
      else seen.more += 1;
      found.set(fault, seen);
    };
    let first = 0;
    for await (const batch of partColumns(engine, part.path, columns)) {
      const [values] = label(batch);
      const time = input.time === null ? undefined : batch.columns[input.time];
      for (let row = 0; row < batch.rows; row += 1) {
        const given = values?.nulls?.[row] === 1 ? undefined : values?.values[row];
        if (hasClasses && given !== undefined && (classes.size <= MAX_CLASSES || classes.has(given)))
          classes.set(given, (classes.get(given) ?? 0) + 1);
        if (values?.nulls?.[row] === 1) note(faults.label_missing, first + row);
        else if (values !== undefined && definition.problem === 'binary' && !isBinary(values, row))
          note(faults.label_invalid, first + row);
        if (time?.nulls?.[row] === 1) note(faults.time_missing, first + row);
      }
      first += batch.rows;
    }
    const { told } = part;
    for (const [{ code, message, column }, { rows, more }] of found) {
      const place = { part: told, column };
      const last = first - 1;
      const endsInTotals = rows.includes(last) && (await isLineOfTotals(engine, part.path, last, dataset.columns));
      for (const [at, line] of (await dataset.lines(index, rows)).entries())
        log.add(code, endsInTotals && rows[at] === last ? `${message}; ${TOTALS}` : message, { ...place, line });
      log.addUnlisted(code, more, place);
    }
  }
  if (!hasClasses || classes.size > MAX_CLASSES) return null;
  return [...classes]
    .map(([name, rows]): [string, number] => [String(name), rows])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Whether a word for totals stands in any of a row's texts. */
async function isLineOfTotals(
  engine: Engine,
  path: string,
  row: number,
  columns: readonly ColumnSpec[],
): Promise<boolean> {
  const texts = columns.filter(({ type }) => type === 'string').map(({ name }) => identifier(name));
  if (texts.length === 0) return false;
  const tests = texts.map((text) => `coalesce(regexp_full_match(trim(${text}), ${literal(TOTALS_CELL)}), false)`);
  const [found] = await engine.query(
    `SELECT ${tests.join(' OR ')} AS totals FROM read_parquet(${literal(path)}, file_row_number = true) WHERE file_row_number = ${row}`,
  );
  return found?.totals === true;
}

const isBinary = (values: Column, row: number): boolean => values.values[row] === 0 || values.values[row] === 1;

/** Some columns of a typed part; a constant where none is needed, so that rows are still counted. */
function partColumns(engine: Engine, path: string, columns: readonly string[]): AsyncGenerator<ColumnBatch> {
  const selected = columns.length === 0 ? 'true AS "row"' : columns.map(identifier).join(', ');
  return engine.columns(`SELECT ${selected} FROM (${parquetRows([path])})`, BATCH_ROWS);
}
