/** The columns of several datasets as one: what a run over all of them reads. */
import type { ColumnType } from '../features/columns.ts';
import { type ColumnSpec, DATABASE_TYPES, identifier, parquetRows } from './sql.ts';

/** A dataset's columns as its profile has them. */
export interface ProfiledColumns {
  readonly rows: number;
  readonly columns: readonly { readonly name: string; readonly type: ColumnType; readonly nulls: number }[];
}

/**
 * The columns that all datasets have, each with the narrowest type that holds what they hold: numbers where there are
 * whole ones and others, timestamps where there are dates too, otherwise text. A column that holds nothing in a dataset
 * has no say there.
 */
export function mergedColumns(datasets: readonly ProfiledColumns[]): ColumnSpec[] {
  const [first, ...others] = datasets;
  if (first === undefined) return [];
  return first.columns.flatMap(({ name }) => {
    const all = [first, ...others].map(({ rows, columns }) => {
      const column = columns.find((each) => each.name === name);
      return column && { type: column.type, empty: column.nulls === rows };
    });
    const found = all.filter((column) => column !== undefined);
    if (found.length < datasets.length) return [];
    const said = found.filter(({ empty }) => !empty);
    const types = new Set((said.length > 0 ? said : found.slice(0, 1)).map(({ type }) => type));
    return [{ name, type: widestType(types) }];
  });
}

/** The narrowest type that holds the values of all of these. @throws RangeError without any. */
export function widestType(types: ReadonlySet<ColumnType>): ColumnType {
  const [only] = types;
  if (only === undefined) throw new RangeError('no type');
  if (types.size === 1) return only;
  if ([...types].every((type) => type === 'integer' || type === 'number')) return 'number';
  if ([...types].every((type) => type === 'date' || type === 'timestamp')) return 'timestamp';
  return 'string';
}

/**
 * The rows of one typed copy, with some of the columns as these types. One copy at a time: given several files, the
 * engine takes the types of the first for all of them, and rounds what does not fit.
 */
export function typedRows(path: string, columns: readonly ColumnSpec[]): string {
  // A row has to be there even where no column is wanted.
  const fields = columns.map(({ name, type }) => `${identifier(name)}::${DATABASE_TYPES[type]} AS ${identifier(name)}`);
  return `SELECT ${fields.length === 0 ? 'true AS "row"' : fields.join(', ')} FROM (${parquetRows([path])})`;
}
