/** What a column can be called, whatever the format: people see its name, files hold it, and the engine has some for itself. */

/** Characters that are not shown, or break a line: two names that differ in them look the same. */
const UNSEEN = /\p{Cc}|[\u00ad\u200b\u2060\ufeff]/u;

/** The longest name a definition can speak of. */
const MAX_NAME = 255;

/** A Parquet file cannot be read with its rows' numbers when it has a column of that name (DuckDB, read_parquet). */
const ROW_NUMBER = 'file_row_number';

/** Why a column cannot have a name. */
export interface NameFault {
  readonly message: string;
  /** The name, where it can be shown. */
  readonly column?: string;
}

/**
 * Why a column cannot have this name; undefined when it can.
 *
 * @param place what has the name: `column 3`, `a key`
 */
export function nameFault(name: string, place: string): NameFault | undefined {
  const unseen = UNSEEN.exec(name)?.[0].charCodeAt(0);
  if (unseen !== undefined) {
    const shown = `U+${unseen.toString(16).toUpperCase().padStart(4, '0')}`;
    return { message: `the name of ${place} holds ${shown}, a character that cannot be seen` };
  }
  if (name.length > MAX_NAME)
    return { message: `the name of ${place} has ${name.length} characters, of ${MAX_NAME} at most` };
  if (name.toLowerCase() !== ROW_NUMBER) return undefined;
  return {
    message: `${place} is named ${name}, which is what the engine calls the number of a row; rename it`,
    column: name,
  };
}

/** Names that come to the same text are one name: case does not count, nor whether a letter is one character or two. */
export const asSeen = (name: string): string => name.normalize('NFC').toLowerCase();
