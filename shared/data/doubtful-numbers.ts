/**
 * Numbers that are probably not what their sender means. Whole numbers beyond 2^53 are identifiers, or nanoseconds, and a
 * double does not hold them: two of them may become one. 1.234 is one thousand two hundred and thirty-four where points
 * stand between thousands. And -999 is no number where it stands for no value. What identifies rows must not be rounded; of
 * what only describes them a person is told.
 */
import type { PublishedDefinition } from '../definition/published.ts';
import type { ResolvedInput } from '../definition/resolve.ts';
import { countsNanoseconds, declareEpoch, looksLikeNanoseconds } from './counted-times.ts';
import { declareType } from './declaring.ts';
import type { Engine } from './engine.ts';
import { pointedText, pointedThousands, wholeBesidePointed } from './pointed-thousands.ts';
import type { ProblemLog } from './problems.ts';
import type { ColumnProfile } from './profile/published.ts';
import type { ReadDataset } from './read-dataset.ts';
import { MAX_SAMPLES, type RulePlace, type RuleResult } from './rules/result.ts';
import { identifier, literal, parquetRows } from './sql.ts';
import { standInsOf, standInText } from './stand-ins.ts';

/** From here on not every whole number is a double. */
const EXACT = 2 ** 53;
/** A whole number of 64 bits, as identifiers are; what is greater was measured or counted. */
const LARGEST_IDENTIFIER = 2 ** 64;
/** Lines of so many rows are told; the rest is counted. */
const LOCATED = 20;
/** Numbers so large that not all of them are exact. */
const isBeyond = (column: string): string => `abs(${identifier(column)}) >= ${EXACT}`;

const mayBeBeyond = ({ type, min, max }: ColumnProfile): boolean =>
  type === 'number' && (Number(max) >= EXACT || Number(min) <= -EXACT);

/** Of which columns most values are whole numbers that a double does not hold: they are identifiers, and read as text. */
export async function roundedIdentifiers(
  engine: Engine,
  { parts, profile }: Pick<ReadDataset, 'parts' | 'profile'>,
): Promise<string[]> {
  const columns = (profile?.columns ?? []).filter(mayBeBeyond).map(({ name }) => name);
  if (columns.length === 0) return [];
  const counted = columns.map((column, at) => {
    const size = `abs(${identifier(column)})`;
    return `2 * count(*) FILTER (WHERE ${size} >= ${EXACT} AND ${size} < ${LARGEST_IDENTIFIER}) >= count(${identifier(column)}) AS most${at}`;
  });
  const [row = {}] = await engine.query(
    `SELECT ${counted.join(', ')} FROM (${parquetRows(parts.map(({ path }) => path))})`,
  );
  return columns.filter((_, at) => row[`most${at}`] === true);
}

/** Rows of a column that are so: how many, and where the first of them are. */
async function found(
  engine: Engine,
  { parts, lines }: ReadDataset,
  condition: string,
  limit: number,
  each: (told: string | undefined, lines: readonly number[], more: number) => void,
): Promise<void> {
  for (const [index, { path, told }] of parts.entries()) {
    const from = `FROM read_parquet(${literal(path)}, file_row_number = true) WHERE ${condition}`;
    const [row] = await engine.query(`SELECT count(*) AS n ${from}`);
    const n = Number(row?.n ?? 0);
    if (n === 0) continue;
    const rows = await engine.query(`SELECT file_row_number AS row ${from} ORDER BY 1 LIMIT ${limit}`);
    const at = await lines(
      index,
      rows.map(({ row: ordinal }) => Number(ordinal)),
    );
    each(told, at, n - at.length);
  }
}

/** Columns by which rows, or what they are about, are told apart: as the data spells them. */
function identifying({ definition }: PublishedDefinition, input: ResolvedInput): Set<string> {
  // Where no key is declared it is all columns, and rows are told apart by all they hold.
  const key = definition.data.key === null ? [] : input.key;
  return new Set([...key, ...(input.entity === null ? [] : [input.entity])]);
}

/** Tells, into `log`, the values of identifying columns that a number does not hold. */
export async function tellInexactKeys(
  engine: Engine,
  dataset: ReadDataset,
  published: PublishedDefinition,
  input: ResolvedInput,
  log: ProblemLog,
): Promise<void> {
  for (const column of identifying(published, input)) await tellInexact(engine, dataset, column, log);
}

/** Tells, into `log`, the values of a column that a number does not hold. */
export async function tellInexact(
  engine: Engine,
  dataset: ReadDataset,
  column: string,
  log: ProblemLog,
): Promise<void> {
  const profile = dataset.profile?.columns.find(({ name }) => name === column);
  if (profile === undefined || !mayBeBeyond(profile)) return;
  const toDo = looksLikeNanoseconds(profile)
    ? `if it counts nanoseconds from 1970, ${declareEpoch(column, 'nanoseconds')}; if it is a name, say that ${column} is text: ${declareType(column, 'string')}`
    : `say that ${column} is text: ${declareType(column, 'string')}`;
  const message = `a whole number beyond 2^53, where neighbours are not told apart; ${toDo}`;
  await found(engine, dataset, isBeyond(column), LOCATED, (part, lines, more) => {
    for (const line of lines) log.add('number_inexact', message, { part, line, column });
    log.addUnlisted('number_inexact', more, { part, column });
  });
}

/**
 * Warns of numbers that only describe a row, and are probably not what they were written as: where the first are, and how
 * to say what they are. Columns that a rule declares numbers are none.
 */
export async function doubtfulNumbers(
  engine: Engine,
  dataset: ReadDataset,
  published: PublishedDefinition,
  input: ResolvedInput,
): Promise<RuleResult[]> {
  const known = identifying(published, input);
  for (const rule of published.definition.data.rules)
    if (rule.rule === 'column_type' && rule.type === 'number') known.add(rule.column);
  const columns = new Set([...input.inputColumns, ...input.labelColumns].filter((column) => !known.has(column)));
  const warn = async (rule: string, column: string, condition: string, message: string): Promise<RuleResult> => {
    const samples: RulePlace[] = [];
    let failed = 0;
    await found(engine, dataset, condition, MAX_SAMPLES, (part, lines, more) => {
      failed += lines.length + more;
      samples.push(...lines.map((line) => ({ ...(part === undefined ? {} : { part }), line })));
    });
    return {
      rule,
      index: null,
      column,
      severity: 'warn',
      result: 'warn',
      value: null,
      threshold: null,
      evaluated: dataset.rows ?? 0,
      failed,
      samples: samples.slice(0, MAX_SAMPLES),
      message: `${message} say that it is: ${declareType(column, 'number')}`,
    };
  };
  const results: RuleResult[] = [];
  const rounded = (await roundedIdentifiers(engine, dataset)).filter((column) => columns.has(column));
  const nanoseconds = new Set(await countsNanoseconds(engine, dataset, rounded));
  for (const column of rounded) {
    const what = nanoseconds.has(column)
      ? `${column} looks like times, counted in nanoseconds from 1970, which a number does not tell apart: ${declareEpoch(column, 'nanoseconds')}; if it is a number all the same,`
      : `${column} holds whole numbers beyond 2^53, where neighbours are not told apart: if it says which one a row is about, take it out of the features, or say that it is text; if it is a number,`;
    results.push(await warn('exact_integers', column, isBeyond(column), what));
  }
  for (const pointed of await pointedThousands(engine, dataset, columns)) {
    const { column } = pointed;
    results.push(
      await warn('decimal_point', column, wholeBesidePointed(column), `${pointedText(pointed)}; if they are decimals,`),
    );
  }
  for (const standIn of await standInsOf(engine, dataset, columns)) {
    const { column, code } = standIn;
    const message = `${standInText(standIn)}; if it is a number,`;
    results.push(await warn('stand_in_value', column, `${identifier(column)} = ${code}`, message));
  }
  return results;
}
