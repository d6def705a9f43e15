/** Column names that collide, cannot be seen, or mean something to a database, a spreadsheet or JavaScript. */
import { accepted, csv, goodRows, type HostileFile, rejected, renamed, withLines } from '../hostile-file.ts';

/** A name that must come through as it is: it is data, whatever it looks like. */
const asItIs = (name: string): HostileFile => ({
  name: `a column named ${JSON.stringify(name.length > 60 ? `${name.slice(0, 57)}...` : name)}`,
  bytes: () => renamed('place', `"${name.replaceAll('"', '""')}"`),
  expected: accepted({ [name]: 'string' }),
});

const invisible = (name: string, says: string): HostileFile => ({
  name: `a column name with ${says}`,
  bytes: () => renamed('place', name),
  expected: rejected({ code: 'header_name_invalid', line: 1 }, says),
});

export const named: readonly HostileFile[] = [
  {
    name: 'two columns of one name',
    bytes: () => withLines({ 1: 'id,amount,amount,late' }),
    expected: rejected({ code: 'column_duplicated', line: 1, column: 'amount' }),
  },
  {
    name: 'two columns whose names differ in case',
    bytes: () => withLines({ 1: 'id,amount,Amount,late' }),
    expected: rejected({ code: 'column_duplicated', line: 1 }),
  },
  {
    name: 'two columns whose names differ in blanks',
    bytes: () => withLines({ 1: 'id,amount, amount ,late' }),
    expected: rejected({ code: 'column_duplicated', line: 1 }),
  },
  {
    name: 'two columns whose names look alike, one composed and one not',
    bytes: () => withLines({ 1: 'id,caf\u00e9,cafe\u0301,late' }),
    expected: rejected({ code: 'column_duplicated', line: 1 }),
  },
  {
    name: 'the label twice',
    bytes: () => withLines({ 1: 'id,late,place,late' }),
    expected: rejected({ code: 'column_duplicated', line: 1, column: 'late' }),
  },
  {
    name: 'a column without a name',
    bytes: () => withLines({ 1: 'id,,place,late' }),
    expected: rejected({ code: 'header_name_empty', line: 1 }),
  },
  {
    name: 'the unnamed index column of pandas',
    bytes: () => csv(goodRows(3).map((row, i) => ({ '': String(i), ...row }))),
    expected: rejected({ code: 'header_name_empty', line: 1 }, 'index=False'),
  },
  {
    name: 'a column name of blanks',
    bytes: () => withLines({ 1: 'id,"  ",place,late' }),
    expected: rejected({ code: 'header_name_empty', line: 1 }),
  },
  {
    name: 'blanks around the names',
    bytes: () => withLines({ 1: ' id , amount , place , late ' }),
    expected: accepted({ amount: 'number' }),
  },
  {
    name: 'a label that differs in case',
    bytes: () => renamed('late', 'LATE'),
    expected: accepted({ LATE: 'integer' }),
  },
  {
    name: 'a label with a letter too much',
    bytes: () => renamed('late', 'latte'),
    expected: rejected({ code: 'column_missing', column: 'late' }, 'did you mean latte?'),
  },
  {
    name: 'a label with an underscore more',
    bytes: () => renamed('late', 'is_late'),
    expected: rejected({ code: 'column_missing', column: 'late' }, 'did you mean is_late?'),
  },
  {
    name: 'no label',
    bytes: () => csv(goodRows().map(({ id, amount, place }) => ({ id, amount, place }))),
    expected: rejected({ code: 'column_missing', column: 'late' }, 'the columns are id, amount, place'),
  },
  {
    name: 'a line end in a name',
    bytes: () => renamed('place', '"pla\nce"'),
    expected: rejected({ code: 'header_name_invalid', line: 1 }),
  },
  {
    name: 'a tab in a name',
    bytes: () => renamed('place', '"pla\tce"'),
    expected: rejected({ code: 'header_name_invalid', line: 1 }),
  },
  invisible('pla\u200bce', 'U+200B'),
  invisible('pla\u00adce', 'U+00AD'),
  {
    name: 'a name of 300 characters',
    bytes: () => renamed('place', 'p'.repeat(300)),
    expected: rejected({ code: 'header_name_invalid', line: 1 }, '255'),
  },
  {
    name: 'names in the last line instead of the first',
    bytes: () => csv().split('\n').slice(1, -1).concat('id,amount,place,late').join('\n'),
    expected: rejected({ code: 'header_missing', line: 1 }),
  },
  {
    name: 'a column named as the engine names its rows',
    bytes: () => renamed('place', 'file_row_number'),
    expected: rejected({ code: 'header_name_invalid', line: 1, column: 'file_row_number' }, 'rename it'),
  },
  ...['PARENT', 'PAR1', 'ARROW1', 'ORC', 'ORCID', 'FEA1', 'BZh9', 'Rar!'].map(
    (name): HostileFile => ({
      name: `a file that begins with a column named ${name}, as other formats begin`,
      bytes: () => renamed('id', name),
      definition: `problem: binary\ndata: { label: late, key: ['${name}'] }\n`,
      expected: accepted({ [name]: 'integer' }),
    }),
  ),
  ...[
    'x"; DROP TABLE dataset; --',
    "'); DELETE FROM profile; --",
    "read_csv('/etc/passwd')",
    '$1',
    '{c0}',
    'line',
    'c0',
    'rowid',
    'row',
    'select',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    "=cmd|' /C calc'!A0",
    '+1+1',
    '@SUM(A1:A9)',
    '<script>alert(1)</script>',
    '../../place',
    'a,b;c|d',
    'back\\slash',
    'per cent %',
    '🛫',
  ].map(asItIs),
];
