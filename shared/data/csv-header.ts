/** What a header must be: a name for every column, each once, and none that people cannot see or a file cannot hold. */
import { howMany } from '../report/how-many.ts';
import type { ProblemCode } from './problems.ts';

/** What is wrong with a header. */
export interface HeaderFault {
  readonly code: ProblemCode;
  readonly message: string;
  readonly column?: string;
}

/** Number, date or time text: what a cell of data looks like and a column's name does not. */
const DATA_LIKE = /^[+-]?(\d+([.,]\d+)?|[.,]\d+)([eE][+-]?\d+)?$|^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$/;

/** Characters that are not shown, or break a line: two names that differ in them look the same. */
const UNSEEN = /\p{Cc}|[\u00ad\u200b\u2060\ufeff]/u;

/** The longest name a definition can speak of. */
const MAX_NAME = 255;

/** A Parquet file cannot be read with its rows' numbers when it has a column of that name (DuckDB, read_parquet). */
const ROW_NUMBER = 'file_row_number';

/** Why a column cannot have this name, whatever the format; undefined when it can. */
export function reservedName(name: string, place: string): string | undefined {
  if (name.toLowerCase() !== ROW_NUMBER) return undefined;
  return `${place} is named ${name}, which is what the engine calls the number of a row; rename it`;
}

/** Everything wrong with a header; with any fault, the columns of the file are not known. */
export function headerFaults(names: readonly string[], maxColumns: number): HeaderFault[] {
  if (names.length > maxColumns) {
    return [
      { code: 'too_many_columns', message: `${howMany(names.length, 'column')}; at most ${maxColumns} are read` },
    ];
  }
  const filled = names.filter((name) => name !== '');
  const dataLike = filled.filter((name) => DATA_LIKE.test(name)).length;
  if (filled.length > 0 && dataLike * 2 >= filled.length) {
    const message = `${dataLike} of ${filled.length} names on the first line are numbers or dates: the header seems to be missing`;
    return [{ code: 'header_missing', message }];
  }
  const seen = new Map<string, string>();
  return names.flatMap((name, index): HeaderFault[] => {
    const place = `column ${index + 1}`;
    if (name === '') return [{ code: 'header_name_empty', message: `${place} has no name${emptyHint(index)}` }];
    const unseen = UNSEEN.exec(name)?.[0].charCodeAt(0);
    if (unseen !== undefined) {
      const shown = `U+${unseen.toString(16).toUpperCase().padStart(4, '0')}`;
      return [
        {
          code: 'header_name_invalid',
          message: `the name of ${place} holds ${shown}, a character that cannot be seen`,
        },
      ];
    }
    if (name.length > MAX_NAME) {
      return [
        {
          code: 'header_name_invalid',
          message: `the name of ${place} has ${name.length} characters, of ${MAX_NAME} at most`,
        },
      ];
    }
    const reserved = reservedName(name, place);
    if (reserved !== undefined) return [{ code: 'header_name_invalid', message: reserved, column: name }];
    // One letter can be written as one character or as two; people see one name.
    const same = name.normalize('NFC').toLowerCase();
    const before = seen.get(same);
    if (before === undefined) {
      seen.set(same, name);
      return [];
    }
    const told =
      before === name
        ? `two columns are named ${name}`
        : `two columns are named ${before} and ${name} (case does not count)`;
    return [{ code: 'column_duplicated', message: told, column: name }];
  });
}

function emptyHint(index: number): string {
  // https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.to_csv.html
  return index === 0 ? '; pandas writes its index so, unless told to_csv(…, index=False)' : '';
}
