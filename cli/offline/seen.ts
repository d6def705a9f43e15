/** Reads a delivery without knowing what it is for: types, profile and typed copies, as `validate-data` reads it. */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { countsNanoseconds } from '../../shared/data/counted-times.ts';
import { roundedIdentifiers } from '../../shared/data/doubtful-numbers.ts';
import { type Engine, identifier } from '../../shared/data/engine.ts';
import { notationOf } from '../../shared/data/notation.ts';
import { type ReadDataset, readDataset } from '../../shared/data/read-dataset.ts';
import type { ColumnSpec } from '../../shared/data/sql.ts';
import { parquetRows } from '../../shared/data/sql.ts';
import type { SourceFormat } from '../../shared/definition/source.ts';
import type { ColumnType } from '../../shared/features/columns.ts';
import type { Delivery } from './delivery.ts';
import { InputProblem } from './input-problem.ts';
import { problemLines, whatToDo } from './problems-text.ts';
import { openOffline } from './steps.ts';

/** A column, as far as a definition depends on it. */
export interface SeenColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly nulls: number;
  /** Different values; null where there are too many to count. */
  readonly distinct: number | null;
  /** The UTC days with rows, `yyyy-mm-dd` in order, of a column of times; none of others. */
  readonly days: readonly string[];
  /** Why text of a column is not what it was probably meant to be: numbers or times that cannot be read as such. */
  readonly unread: string | null;
  /** It is digits, and read as text: a number would not hold them. */
  readonly isDigits: boolean;
}

/** A value and how many rows have it, the most frequent first. */
export type ValueCount = readonly [value: string, rows: number];

/** What was read. The engine is open until `close`. */
export interface Seen {
  readonly delivery: Delivery;
  /** What was declared of it. */
  readonly source: SourceFormat;
  readonly dataset: ReadDataset;
  readonly rows: number;
  readonly columns: readonly SeenColumn[];
  readonly engine: Engine;
  /** SQL of all rows, typed. */
  readonly relation: string;
  /** Rows by value, at most `limit` values; null stands for no value. */
  readonly countBy: (column: string, limit: number) => Promise<ValueCount[]>;
  readonly close: () => void;
}

type ProfiledColumn = NonNullable<ReadDataset['profile']>['columns'][number];

/** Whether every cell is made of digits alone: leading zeros make it text, and rightly. */
async function isCode(engine: Engine, relation: string, name: string): Promise<boolean> {
  const cell = `trim(${identifier(name)})`;
  const [row] = await engine.query(
    `SELECT bool_and(regexp_full_match(${cell}, '[0-9]+')) AS code FROM (${relation}) WHERE ${cell} <> ''`,
  );
  return row?.code === true;
}

/** What a text column was probably meant to be, where that is not text. */
async function unreadOf(engine: Engine, dataset: ReadDataset, relation: string, name: string): Promise<string | null> {
  const meant = Object.hasOwn(dataset.likely, name) ? dataset.likely[name] : undefined;
  if (meant !== undefined)
    return (await isCode(engine, relation, name))
      ? null
      : `most of its cells are of type ${meant}, and some are not: mend those, or declare in data.source.columns how they are written`;
  return (await notationOf(engine, relation, name))?.message ?? null;
}

async function seenColumn(
  { name, type, nulls, distinct, days = [] }: ProfiledColumn,
  isDigits: boolean,
  unread: (name: string) => Promise<string | null>,
): Promise<SeenColumn> {
  return {
    name,
    type,
    nulls,
    distinct,
    days: days.map(([day]) => day),
    unread: type === 'string' && !isDigits ? await unread(name) : null,
    isDigits,
  };
}

/** How many problems of a file are told. */
const TOLD = 5;

/**
 * Reads a delivery.
 *
 * @param directory for typed copies; the caller removes it
 */
export async function readSeen(delivery: Delivery, directory: string, source: SourceFormat): Promise<Seen> {
  const engine = await openOffline(directory);
  try {
    const read = async (expected: readonly ColumnSpec[]): Promise<ReadDataset> => {
      const parts = delivery.parts.map(({ name, path }) => ({ name, path }));
      return readDataset(engine, parts, { directory: await mkdtemp(join(directory, 'read-')), source, expected });
    };
    const first = await read([]);
    const beyond = await roundedIdentifiers(engine, first);
    const times = await countsNanoseconds(engine, first, beyond);
    const digits = new Set(beyond.filter((name) => !times.includes(name)));
    const dataset = digits.size === 0 ? first : await read([...digits].map((name) => ({ name, type: 'string' })));
    const relation = parquetRows(dataset.parts.map(({ path }) => path));
    const columns: SeenColumn[] = [];
    for (const column of dataset.profile?.columns ?? [])
      columns.push(
        await seenColumn(column, digits.has(column.name), (name) => unreadOf(engine, dataset, relation, name)),
      );
    return {
      delivery,
      source,
      dataset,
      rows: dataset.rows ?? 0,
      columns,
      engine,
      relation,
      countBy: async (column, limit) => {
        const name = identifier(column);
        const rows = await engine.query(
          `SELECT ${name}::VARCHAR AS v, count(*) AS n FROM (${relation}) WHERE ${name} IS NOT NULL GROUP BY ${name} ORDER BY 2 DESC, 1 LIMIT ${limit}`,
        );
        return rows.map((row) => [String(row.v), Number(row.n)] as const);
      },
      close: () => engine.close(),
    };
  } catch (error) {
    engine.close();
    throw error;
  }
}

/** Everything in a file is to be read before something is made of it. @throws InputProblem with the first problems */
export function refuseProblems({ delivery, dataset, rows }: Seen): void {
  const { problems } = dataset;
  const [first] = problems;
  if (first === undefined && rows > 0) return;
  throw new InputProblem(
    first?.code ?? 'no_rows',
    delivery.given,
    first === undefined
      ? 'there is no row in it'
      : `it cannot be read as a table:\n  ${problemLines(problems, delivery.name, TOLD).join('\n  ')}`,
    whatToDo(problems),
  );
}
