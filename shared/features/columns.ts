/** The types a column can have; what a reader of data must be able to produce. */
export const COLUMN_TYPES = ['integer', 'number', 'string', 'boolean', 'timestamp', 'date'] as const;

/**
 * The type of a column or of an expression's value.
 *
 * - `integer`: a whole number of at most 2^53 - 1 in size, exactly.
 * - `number`: a finite IEEE double.
 * - `string`: unicode text.
 * - `boolean`.
 * - `timestamp`: microseconds since 1970-01-01T00:00:00Z, in the years 1 to 9999; beyond 2^53 of them (before 1685, after
 *   2254) a fraction of a second is exact to 32 microseconds.
 * - `date`: days since 1970-01-01, in the years 1 to 9999.
 */
export type ColumnType = (typeof COLUMN_TYPES)[number];

/** Types whose values lie in a `Float64Array`. */
export type NumericType = 'integer' | 'number' | 'timestamp' | 'date';

/** A column of numbers; see {@link ColumnType} for the unit. */
export interface NumericColumn {
  readonly type: NumericType;
  readonly values: Float64Array;
  /** 1 where the row has no value; what `values` holds there means nothing. Absent: no nulls. */
  readonly nulls?: Uint8Array | undefined;
}

/** A column of text. */
export interface StringColumn {
  readonly type: 'string';
  readonly values: readonly string[];
  readonly nulls?: Uint8Array | undefined;
  /** The same by code, where it is known. */
  readonly coded?: Coded | undefined;
}

/** Rows by code: a row holds what `column` holds at its code, null where that is null. Values may come more than once. */
export interface Coded {
  readonly codes: Int32Array;
  readonly column: Column;
}

/** A column of truth values, 0 or 1. */
export interface BooleanColumn {
  readonly type: 'boolean';
  readonly values: Uint8Array;
  readonly nulls?: Uint8Array | undefined;
}

/** The values of one column over the rows of a batch. Read-only: columns are shared between batches' consumers. */
export type Column = NumericColumn | StringColumn | BooleanColumn;

/** What an expression makes of a batch: one value, or none, per row. */
export type Vector = Column;

/** Rows, held column by column. */
export interface ColumnBatch {
  readonly rows: number;
  readonly columns: Readonly<Record<string, Column>>;
}

/** One value as people and JSON know it: timestamps and dates as ISO text. */
export type CellValue = number | string | boolean | null;
