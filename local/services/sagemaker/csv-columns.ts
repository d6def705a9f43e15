import { notImplemented } from './errors.ts';

/** Data that a filter cannot be applied to; the job fails over it. */
export class FilterError extends Error {
  override readonly name = 'FilterError';
}

/** Chooses columns of a row. @throws FilterError for an index the row does not have. */
export type ColumnFilter = (columns: readonly string[]) => readonly string[];

const at = (columns: readonly string[], index: number, filter: string) => {
  const place = index < 0 ? columns.length + index : index;
  const value = columns[place];
  // "If you specify indexes that aren't within the dimension size of the joined dataset, you get an error":
  // API_DataProcessing (documented).
  if (value === undefined) throw new FilterError(`The filter ${filter} asks for column ${index} of ${columns.length}`);
  return value;
};

/**
 * Reads a JSONPath of the kinds that make sense for CSV: `$`, `$[1:]`, `$[:3]`, `$[0,5:]`, `$[0,-1]`.
 *
 * @throws ServiceError `NotImplemented` for any other: names of members need JSON.
 */
export const columnFilter = (member: string, path: string): ColumnFilter => {
  if (path === '' || path === '$') return (columns) => columns;
  const inner = /^\$\[([\d,:\s-]+)\]$/.exec(path)?.[1];
  if (inner === undefined) throw notImplemented(`The JSONPath ${path} of ${member}`);
  const parts = inner.split(',').map((part): ColumnFilter => {
    const [, single, start, end] = /^\s*(?:(-?\d+)|(-?\d+)?\s*:\s*(-?\d+)?)\s*$/.exec(part) ?? [];
    if (single !== undefined) return (columns) => [at(columns, Number(single), path)];
    if (!part.includes(':') || part.split(':').length > 2) throw notImplemented(`The JSONPath ${path} of ${member}`);
    return (columns) => {
      if (start !== undefined) at(columns, Number(start), path);
      return columns.slice(start === undefined ? 0 : Number(start), end === undefined ? undefined : Number(end));
    };
  });
  return (columns) => parts.flatMap((part) => part(columns));
};

/** A CSV row's columns, each as it was written: quoted columns keep their quotes. */
export const splitColumns = (row: string): string[] => {
  const columns: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < row.length; i++) {
    const character = row[i];
    if (character === '"') quoted = !quoted;
    else if (character === ',' && !quoted) {
      columns.push(row.slice(start, i));
      start = i + 1;
    }
  }
  columns.push(row.slice(start));
  return columns;
};

/** A row of these columns. */
export const joinColumns = (columns: readonly string[]): string => columns.join(',');
