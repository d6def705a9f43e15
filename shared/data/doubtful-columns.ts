/**
 * Columns that would be taken for categories although their sender means numbers or times: written in a notation that is
 * not read, or with a few cells that are not like the rest. Nothing else would tell: the model is trained, and is worse.
 */
import type { PublishedDefinition } from '../definition/published.ts';
import type { ResolvedInput } from '../definition/resolve.ts';
import type { ColumnType } from '../features/columns.ts';
import { howMany } from '../report/how-many.ts';
import { declareType } from './declaring.ts';
import type { Engine } from './engine.ts';
import { notationOf } from './notation.ts';
import { type Problem, ProblemLog } from './problems.ts';
import type { ReadDataset } from './read-dataset.ts';
import { columnsReadAsText } from './rules/plan.ts';
import { MAX_SAMPLES, type RuleResult } from './rules/result.ts';
import { literal, parquetRows } from './sql.ts';

/** What a text column was probably meant to be. A column may have the name of a method. */
export const meantType = ({ likely }: ReadDataset, column: string): ColumnType | undefined =>
  Object.hasOwn(likely, column) ? likely[column] : undefined;

/** A column has to have so many values before a few of them can be called unlike the rest. */
const LEAST_VALUES = 20;
/** So many in every hundred are a few. */
const FEW = 0.05;

/** Tells, into `log`, the features that are text only because of how they are written. `settled` are columns known to be text. */
export async function tellDoubtful(
  engine: Engine,
  dataset: ReadDataset,
  published: PublishedDefinition,
  input: ResolvedInput,
  settled: ReadonlySet<string>,
  log: ProblemLog,
): Promise<void> {
  for (const column of undeclaredText(published, input)) {
    if (settled.has(column)) continue;
    if (await tellFewUnlike(dataset, column, log)) continue;
    await tellNotation(engine, dataset, column, log);
  }
}

/** Features that are a column of text as it is, and of which the definition does not say that they are categories. */
function undeclaredText({ definition, expressions }: PublishedDefinition, input: ResolvedInput): string[] {
  const declared = new Set(columnsReadAsText(definition.data.rules));
  const categories = new Set(expressions.features?.filter(({ kind }) => kind === 'category').map(({ name }) => name));
  return input.features.flatMap(({ name, type, expression }) =>
    expression.op === 'column' && type === 'string' && !declared.has(expression.name) && !categories.has(name)
      ? input.inputColumns.filter((column) => column.toLowerCase() === expression.name.toLowerCase())
      : [],
  );
}

/** What keeps a text column from being what the rest of it is. */
interface FewUnlike {
  readonly meant: ColumnType;
  /** Cells that are not missing, and those of them that are unlike the rest. */
  readonly values: number;
  readonly count: number;
  readonly problems: readonly Problem[];
}

/** The few cells of a text column that are unlike the rest; undefined where there are none, or many. */
async function fewUnlike(dataset: ReadDataset, column: string): Promise<FewUnlike | undefined> {
  const meant = meantType(dataset, column);
  const profile = dataset.profile?.columns.find(({ name }) => name === column);
  const values = (dataset.rows ?? 0) - (profile?.nulls ?? 0);
  if (meant === undefined || values < LEAST_VALUES) return undefined;
  const unlike = new ProblemLog();
  await dataset.tellUnparsed(unlike, column, meant === 'integer' ? 'number' : meant);
  const problems = unlike.list();
  const count = problems.reduce((sum, problem) => sum + problem.count, 0);
  return count === 0 || count > FEW * values ? undefined : { meant, values, count, problems };
}

/** The cells of a text column that keep it from being what the rest of it is. True: they were told. */
async function tellFewUnlike(dataset: ReadDataset, column: string, log: ProblemLog): Promise<boolean> {
  const found = await fewUnlike(dataset, column);
  if (found === undefined) return false;
  for (const { code, message, count: times, ...place } of found.problems) {
    if (place.line === undefined) log.addUnlisted(code, times, place);
    else log.add(code, `${message}, as the rest of ${column} is; ${OTHERWISE(column)}`, place);
  }
  return true;
}

/** Of a table of thousands, so many columns are looked at. */
const MAX_MIXED = 200;

const MEANT: Readonly<Record<ColumnType, string>> = {
  integer: 'numbers',
  number: 'numbers',
  string: 'texts',
  boolean: 'truth values',
  timestamp: 'times',
  date: 'times',
};

/**
 * Warns of columns that a few cells make text, and that are no feature by themselves: an entity, a slice, what a feature
 * makes a number of, what nobody reads yet. `settled` are columns known to be text, or told already.
 */
export async function mixedTypes(
  dataset: ReadDataset,
  { definition, expressions }: PublishedDefinition,
  settled: ReadonlySet<string>,
): Promise<RuleResult[]> {
  const categories = (expressions.features ?? []).flatMap(({ kind, expression }) =>
    kind === 'category' && expression.op === 'column' ? expression.name : [],
  );
  const texts = new Set([...columnsReadAsText(definition.data.rules), ...categories].map((name) => name.toLowerCase()));
  const mixed = dataset.columns
    .map(({ name }) => name)
    .filter((name) => meantType(dataset, name) !== undefined && !settled.has(name) && !texts.has(name.toLowerCase()));
  const results: RuleResult[] = [];
  for (const column of mixed.slice(0, MAX_MIXED)) {
    const found = await fewUnlike(dataset, column);
    if (found === undefined) continue;
    const { meant, values, count, problems } = found;
    const samples = problems.flatMap(({ part, line }) =>
      line === undefined ? [] : [{ ...(part === undefined ? {} : { part }), line }],
    );
    results.push({
      rule: 'mixed_types',
      index: null,
      column,
      severity: 'warn',
      result: 'warn',
      value: count / values,
      threshold: null,
      evaluated: values,
      failed: count,
      samples: samples.slice(0, MAX_SAMPLES),
      message: `${column} is read as text, for ${count.toLocaleString('en-US')} of ${howMany(values, 'value')} ${count === 1 ? 'is' : 'are'} not like the rest, which are ${MEANT[meant]}; ${OTHERWISE(column)}`,
    });
  }
  return results;
}

/** How a column is written, if that is a notation that is not read. True: it was told. */
export async function tellNotation(
  engine: Engine,
  dataset: ReadDataset,
  column: string,
  log: ProblemLog,
): Promise<boolean> {
  const found = await notationOf(engine, parquetRows(dataset.parts.map(({ path }) => path)), column);
  if (found === undefined) return false;
  for (const [index, { path, told }] of dataset.parts.entries()) {
    const [row] = await engine.query(
      `SELECT min(file_row_number) AS first, count(*) AS cells FROM read_parquet(${literal(path)}, file_row_number = true) WHERE ${found.matches}`,
    );
    const cells = Number(row?.cells ?? 0);
    if (cells === 0) continue;
    const [line] = await dataset.lines(index, [Number(row?.first)]);
    log.add('notation', `${found.message}; ${OTHERWISE(column)}`, { part: told, line, column });
    log.addUnlisted('notation', cells - 1, { part: told, column });
    return true;
  }
  return false;
}

const OTHERWISE = (column: string): string =>
  `declare in data.source.columns how it is written; or if ${column} is text all the same, say so: ${declareType(column, 'string')}`;
