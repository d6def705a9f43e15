/** The types of Parquet files, as the engine names them, and what they are as typed columns. */
import type { ColumnType } from '../features/columns.ts';

const PARQUET_TYPES: Readonly<Record<string, ColumnType>> = {
  TINYINT: 'integer',
  SMALLINT: 'integer',
  INTEGER: 'integer',
  BIGINT: 'integer',
  UTINYINT: 'integer',
  USMALLINT: 'integer',
  UINTEGER: 'integer',
  UBIGINT: 'integer',
  HUGEINT: 'integer',
  FLOAT: 'number',
  DOUBLE: 'number',
  VARCHAR: 'string',
  JSON: 'string',
  UUID: 'string',
  BOOLEAN: 'boolean',
  DATE: 'date',
  TIMESTAMP: 'timestamp',
  TIMESTAMP_S: 'timestamp',
  TIMESTAMP_MS: 'timestamp',
  TIMESTAMP_NS: 'timestamp',
  'TIMESTAMP WITH TIME ZONE': 'timestamp',
};

/** The typed column of a Parquet column; undefined for what typed columns cannot hold. */
export function typeOfParquet(databaseType: string): ColumnType | undefined {
  if (databaseType.startsWith('DECIMAL(')) return 'number';
  if (databaseType.startsWith('ENUM(')) return 'string';
  return PARQUET_TYPES[databaseType];
}

/** A Parquet column in a form the rest of this module knows; blank text and NaN are missing, as in CSV. */
export function plainParquet(column: string, databaseType: string): string {
  const type = typeOfParquet(databaseType);
  if (databaseType === 'TIMESTAMP WITH TIME ZONE') return `${column} AT TIME ZONE 'UTC'`;
  if (type === 'timestamp') return `${column}::TIMESTAMP`;
  if (type === 'string') return `${column}::VARCHAR`;
  if (type === 'number') return `CASE WHEN isnan(${column}::DOUBLE) THEN NULL ELSE ${column}::DOUBLE END`;
  return column;
}
