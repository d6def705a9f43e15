/**
 * The rows file beside a split's input: what evaluation needs of each row, in the order of the input. Columns:
 * `key` (the first 16 hex digits of the sha256 of the canonical key), `label` (text where it is a class), and where the
 * definition has them `time`, `weight`, `cluster`, `slice.<name>` and `protected.<name>`.
 */
import type { Column, ColumnBatch, ColumnType } from '../features/columns.ts';
import type { ColumnSpec } from './sql.ts';

/** Which columns of the data go into the rows file, besides key and label. */
export interface RowRoles {
  readonly time: string | null;
  readonly weight: string | null;
  /** What rows belong together: a column, or a block of time. */
  readonly cluster: { readonly column: string } | { readonly block: TimeBlock } | null;
  readonly slices: readonly string[];
  readonly protected: readonly string[];
}

/** Blocks of time in which rows may depend on each other. */
type TimeBlock = 'hour' | 'day' | 'week' | 'month';

/** The column of a rows file that says which rows move together. */
export const CLUSTER_COLUMN = 'cluster';

/** The column of a rows file that says what a row counts for. */
export const WEIGHT_COLUMN = 'weight';
/** The column of a rows file that says when a row was. */
export const TIME_COLUMN = 'time';

/** The name of a slice's column in a rows file. */
export const sliceColumn = (name: string): string => `slice.${name}`;

/** The name of a protected column in a rows file. */
export const protectedColumn = (name: string): string => `protected.${name}`;

/** The columns of the data that a rows file needs. */
export function columnsOfRoles(roles: RowRoles): string[] {
  const cluster = roles.cluster !== null && 'column' in roles.cluster ? roles.cluster.column : null;
  return [
    ...new Set(
      [roles.time, roles.weight, cluster, ...roles.slices, ...roles.protected].filter((name) => name !== null),
    ),
  ];
}

/** Makes the columns of a rows file. */
export interface RowsFile {
  readonly columns: readonly ColumnSpec[];
  /** The columns for a batch, given its rows' keys and labels. */
  of(batch: ColumnBatch, keys: readonly string[], label: Column): Column[];
}

/**
 * The rows file of a run.
 *
 * @param typeOf the type of a column of the data.
 */
export function rowsFile(
  roles: RowRoles,
  labelType: 'number' | 'string',
  typeOf: (column: string) => ColumnType,
): RowsFile {
  const made: (ColumnSpec & { readonly make: (batch: ColumnBatch) => Column })[] = [];
  const copy = (name: string, from: string): void => {
    made.push({ name, type: typeOf(from), make: (batch) => columnOf(batch, from) });
  };
  const { time, cluster } = roles;
  if (time !== null) copy(TIME_COLUMN, time);
  if (roles.weight !== null) copy(WEIGHT_COLUMN, roles.weight);
  if (cluster !== null && 'column' in cluster) copy(CLUSTER_COLUMN, cluster.column);
  if (cluster !== null && 'block' in cluster) {
    if (time === null) throw new RangeError('a block of time needs a time');
    made.push({
      name: CLUSTER_COLUMN,
      type: 'integer',
      make: (batch) => timeBlocks(columnOf(batch, time), cluster.block),
    });
  }
  for (const name of roles.slices) copy(sliceColumn(name), name);
  for (const name of roles.protected) copy(protectedColumn(name), name);
  return {
    columns: [
      { name: 'key', type: 'string' },
      { name: 'label', type: labelType },
      ...made.map(({ name, type }) => ({ name, type })),
    ],
    of: (batch, keys, label) => [{ type: 'string', values: keys }, label, ...made.map(({ make }) => make(batch))],
  };
}

function columnOf(batch: ColumnBatch, name: string): Column {
  const found = Object.hasOwn(batch.columns, name) ? batch.columns[name] : undefined;
  if (found === undefined) throw new RangeError(`the batch has no column ${name}`);
  return found;
}

const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;

/** The ordinal, counted from 1970, of the hour, day, week (from Monday) or month of each time. */
function timeBlocks(time: Column, block: TimeBlock): Column {
  const unit = time.type === 'date' ? DAY : 1;
  const values = new Float64Array(time.values.length);
  for (let row = 0; row < values.length; row += 1) values[row] = blockOf(Number(time.values[row]) * unit, block);
  return { type: 'integer', values, nulls: time.nulls };
}

function blockOf(microseconds: number, block: TimeBlock): number {
  if (block === 'hour') return Math.floor(microseconds / HOUR);
  const day = Math.floor(microseconds / DAY);
  if (block === 'day') return day;
  // 1 January 1970 was a Thursday.
  if (block === 'week') return Math.floor((day + 3) / 7);
  const date = new Date(day * 86_400_000);
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}
