/** The little SQL that is put together here: names and texts quoted, and the types of typed columns. */
import type { ColumnType } from '../features/columns.ts';

/** A column of a table or file: its name and the type it has in typed columns. */
export interface ColumnSpec {
  readonly name: string;
  readonly type: ColumnType;
}

/** Quotes a name for SQL. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Quotes a text for SQL. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The database types of typed columns. */
export const DATABASE_TYPES = {
  integer: 'BIGINT',
  number: 'DOUBLE',
  string: 'VARCHAR',
  boolean: 'BOOLEAN',
  timestamp: 'TIMESTAMP',
  date: 'DATE',
} as const satisfies Record<ColumnType, string>;

const COLUMN_TYPES: Readonly<Record<string, ColumnType>> = {
  BIGINT: 'integer',
  DOUBLE: 'number',
  VARCHAR: 'string',
  BOOLEAN: 'boolean',
  TIMESTAMP: 'timestamp',
  DATE: 'date',
};

/** The typed column of a database type, or undefined when a cast has to come first. */
export const columnTypeOf = (databaseType: string): ColumnType | undefined => COLUMN_TYPES[databaseType];

/** The rows of one or several Parquet files whose columns have the same types, in the order given. */
export const parquetRows = (paths: readonly string[]): string =>
  `SELECT * FROM read_parquet([${paths.map(literal).join(', ')}])`;
