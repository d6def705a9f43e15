/** What to write into a definition, in sentences that say what to do about a column. */

/** Names that YAML takes for themselves wherever they stand. */
const PLAIN = /^[A-Za-z_][A-Za-z0-9_ .-]*$/;
/** Words that YAML takes for something else (https://yaml.org/spec/1.2.2/#1032-tag-resolution, and those of 1.1). */
const TAKEN = /^(?:null|true|false|yes|no|on|off|y|n)$/i;

/** A column's name as it stands in a definition. */
export const named = (column: string): string =>
  PLAIN.test(column) && column.trim() === column && !TAKEN.test(column) ? column : JSON.stringify(column);

/** Declares how a column is written; `how` is what stands between the braces, such as `epoch: seconds`. */
export const declareWritten = (column: string, how: string): string =>
  `declare data.source.columns: { ${named(column)}: { ${how} } }`;

/** Declares what a column is. */
export const declareType = (column: string, type: 'string' | 'number'): string =>
  `data.rules: [{ rule: column_type, column: ${named(column)}, type: ${type} }]`;
