/** What a header must be: a name for every column, each once, and none that people cannot see or a file cannot hold. */
import { howMany } from '../report/how-many.ts';
import { asSeen, nameFault } from './column-name.ts';
import type { ProblemCode } from './problems.ts';

/** What is wrong with a header. */
export interface HeaderFault {
  readonly code: ProblemCode;
  readonly message: string;
  readonly column?: string;
}

/** Number, date or time text: what a cell of data looks like and a column's name does not. */
const DATA_LIKE = /^[+-]?(\d+([.,]\d+)?|[.,]\d+)([eE][+-]?\d+)?$|^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$/;

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
    const fault = nameFault(name, place);
    if (fault !== undefined) return [{ code: 'header_name_invalid', ...fault }];
    const same = asSeen(name);
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
