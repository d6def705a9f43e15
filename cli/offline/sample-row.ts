/** One row of a file as a record to predict: what its reader can check the answer against. */
import { identifier } from '../../shared/data/engine.ts';
import type { ColumnType } from '../../shared/features/columns.ts';
import type { Seen } from './seen.ts';

/** A record's value of each column. */
export type SampleRow = Readonly<Record<string, string | number | boolean | null>>;

/** How a value of each type is written in a record. */
const AS_JSON: Readonly<Record<ColumnType, (name: string) => string>> = {
  integer: (name) => `${name}::DOUBLE`,
  number: (name) => name,
  string: (name) => name,
  boolean: (name) => name,
  timestamp: (name) => `strftime(${name}, '%Y-%m-%dT%H:%M:%SZ')`,
  date: (name) => `strftime(${name}, '%Y-%m-%d')`,
};

/** Among so many rows the one with the fewest gaps is looked for. */
const LOOKED_AT = 100;

/** The fullest of the last rows: the newest ones, where rows are in the order of their times. */
export async function sampleRow({ engine, relation, columns, rows }: Seen): Promise<SampleRow> {
  // By position: a column of the data may be named like an alias.
  const values = columns.map(({ name, type }, index) => `${AS_JSON[type](identifier(name))} AS v${index}`);
  const found = await engine.query(
    `SELECT ${values.join(', ')} FROM (${relation}) LIMIT ${LOOKED_AT} OFFSET ${Math.max(0, rows - LOOKED_AT)}`,
  );
  const gaps = (row: (typeof found)[number]): number => Object.values(row).filter((value) => value === null).length;
  const [best] = found.toSorted((a, b) => gaps(a) - gaps(b));
  return Object.fromEntries(
    columns.map(({ name }, index) => {
      const value = best?.[`v${index}`] ?? null;
      return [name, typeof value === 'bigint' ? Number(value) : value];
    }),
  );
}
