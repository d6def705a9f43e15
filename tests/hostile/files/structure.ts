/** Text that is not one header and as many fields on every line. */
import {
  accepted,
  csv,
  DEFINITION,
  deferred,
  goodRows,
  type HostileFile,
  rejected,
  withCell,
  withLines,
} from '../hostile-file.ts';

const MIB = 1024 * 1024;
const wide = (columns: number, before = ''): string => {
  const names = Array.from({ length: columns }, (_, i) => `c${i}`);
  const row = (n: number) => names.map((_, i) => `${before}${n + i}`).join(',');
  return `late,id,${names.join(',')}\n0,1,${row(1)}\n1,2,${row(2)}\n`;
};
const lineEnds = (end: string): string => csv().replaceAll('\n', end);
const foreign = (name: string, bytes: () => Uint8Array | string, says: string, file = 'orders.csv'): HostileFile => ({
  name,
  file,
  bytes,
  expected: rejected({ code: 'not_a_table' }, says),
});

export const structured: readonly HostileFile[] = [
  { name: 'no byte', bytes: () => '', expected: rejected({ code: 'empty_file' }) },
  { name: 'line ends and nothing else', bytes: () => '\r\n\r\n\n', expected: rejected({ code: 'empty_file' }) },
  { name: 'a byte order mark and nothing else', bytes: () => '\ufeff', expected: rejected({ code: 'empty_file' }) },
  {
    name: 'blanks and nothing else',
    bytes: () => '   \n  \n',
    expected: rejected({ code: 'header_name_empty', line: 1 }),
  },
  {
    name: 'a header and nothing below it',
    bytes: () => csv().split('\n')[0] ?? '',
    expected: rejected({ code: 'no_rows' }),
  },
  {
    name: 'a header and blank lines below it',
    bytes: () => 'id,late\n\n\r\n\n',
    expected: rejected({ code: 'no_rows' }),
  },
  {
    name: 'no header',
    bytes: () => csv().slice(csv().indexOf('\n') + 1),
    expected: rejected({ code: 'header_missing', line: 1 }),
  },
  {
    name: 'no header, and nothing that looks like a number',
    bytes: () => 'Anna,Zug,yes\nBert,Bern,no\n',
    expected: rejected({ code: 'column_missing', column: 'late' }, 'Anna, Zug, yes'),
  },
  {
    name: 'the header twice',
    bytes: () => withLines({ 1: 'id,amount,place,late\nid,amount,place,late' }),
    expected: rejected({ code: 'header_repeated', line: 2 }),
  },
  {
    name: 'the header again in the middle',
    bytes: () => withLines({ 20: 'id,amount,place,late' }),
    expected: rejected({ code: 'header_repeated', line: 20 }),
  },
  {
    name: 'the header again with Windows line ends',
    bytes: () => lineEnds('\r\n') + lineEnds('\r\n'),
    expected: rejected({ code: 'header_repeated', line: 42 }),
  },
  {
    name: 'a title above the header',
    bytes: () => `Orders of March\n${csv(goodRows(3))}`,
    expected: rejected({ code: 'ragged_row', line: 2 }, 'a title above it: take such lines away', 'column_missing'),
  },
  {
    name: 'comments above the header',
    bytes: () => `# made by export 2.1\n${csv(goodRows(3))}`,
    expected: rejected({ code: 'ragged_row', line: 2 }, 'declare data.source.comment: "#"', 'column_missing'),
  },
  {
    name: 'two lines of comments above the header',
    bytes: () => `# made by export 2.1\n# of March\n${csv(goodRows(3))}`,
    expected: rejected({ code: 'ragged_row', line: 3 }, 'declare data.source.comment: "#"', 'column_missing'),
  },
  {
    name: 'comments that are declared, above the header, between the rows and at the end',
    bytes: () => `# made by export 2.1\n#\n${withLines({ 9: '#8,1.5,LAS,1\n8,1.5,LAS,1' })}# end`,
    definition: `${DEFINITION.replace(' }', ', source: { comment: "#" } }')}`,
    expected: accepted({ amount: 'number', id: 'integer' }),
  },
  {
    name: 'a comment between the rows',
    bytes: () => withLines({ 9: '# 8 was left out' }),
    expected: rejected({ code: 'ragged_row', line: 9 }, 'declare data.source.comment: "#"'),
  },
  {
    name: 'a sum below the rows',
    bytes: () => `${csv()}Total,1990\n`,
    expected: rejected(
      { code: 'ragged_row', line: 42 },
      '2 values where the header names 4 columns; it looks like a line of totals',
    ),
  },
  {
    name: 'a sum below the rows, with as many fields',
    bytes: () => `${csv()}Total,1990.5,,\n`,
    expected: rejected({ code: 'label_missing', line: 42, column: 'late' }, 'it looks like a line of totals'),
  },
  {
    name: 'a sum below the rows, with a word where numbers are',
    bytes: () => csv(goodRows().map((row, i) => (i === 39 ? { ...row, amount: 'Summe:' } : row))),
    expected: rejected({ code: 'cell_not_parsed', line: 41, column: 'amount' }, 'it looks like a line of totals'),
  },
  {
    name: 'the line Excel writes to name its delimiter',
    bytes: () => `sep=;\n${csv(goodRows(), ';')}`,
    expected: accepted({ amount: 'number' }),
  },
  {
    name: 'that line, with another delimiter than the rows have',
    bytes: () => `sep=;\n${csv()}`,
    expected: rejected({ code: 'column_missing' }),
  },
  {
    name: 'a line that is too short',
    bytes: () => withLines({ 9: '8,1.5,LAS' }),
    expected: rejected({ code: 'ragged_row', line: 9 }),
  },
  {
    name: 'a line that is too long',
    bytes: () => withLines({ 9: '8,1.5,LAS,1,extra' }),
    expected: rejected({ code: 'ragged_row', line: 9 }),
  },
  {
    name: 'every line ending with a delimiter',
    bytes: () => csv(goodRows(3)).replaceAll(/(\d)\n/g, '$1,\n'),
    expected: rejected({ code: 'ragged_row', line: 2 }),
  },
  {
    name: 'columns at the end with neither a name nor a value',
    bytes: () => csv().replaceAll('\n', ',, ,""\n'),
    expected: accepted({ late: 'integer' }, 40, ['unnamed_columns']),
  },
  {
    name: 'columns at the end without a name, which some lines leave out',
    bytes: () => csv().replace('\n', ',,\n').replaceAll('LAS,1\n', 'LAS,1,,\n'),
    expected: accepted({ late: 'integer' }, 40, ['unnamed_columns']),
  },
  {
    name: 'columns at the end without a name, and quotes within a field',
    bytes: () => withCell('place', 6, '5" pipe').replaceAll('\n', ',,\n'),
    expected: accepted({ late: 'integer', place: 'string' }, 40, ['unnamed_columns']),
  },
  {
    name: 'a column at the end without a name, and a value in it',
    bytes: () =>
      withLines({ 9: '8,1.5,LAS,1,x' })
        .replaceAll(/(\d)\n/g, '$1,\n')
        .replace('late\n', 'late,\n'),
    expected: rejected({ code: 'header_name_empty', line: 9 }, 'name its column'),
  },
  {
    name: 'a column in the middle without a name',
    bytes: () => csv().replace('amount', ''),
    expected: rejected({ code: 'header_name_empty', line: 1 }, 'column 2'),
  },
  {
    name: 'a decimal comma between commas',
    bytes: () => withLines({ 5: '4,11,5,PHL,1' }),
    expected: rejected({ code: 'ragged_row', line: 5 }),
  },
  {
    name: 'another delimiter from the middle on',
    bytes: () => withLines({ 30: '29;1.5;LAS;0' }),
    expected: rejected({ code: 'ragged_row', line: 30 }),
  },
  {
    name: 'a line cut by the end of the file',
    bytes: () => csv().slice(0, -8),
    expected: rejected({ code: 'ragged_row', line: 41 }),
  },
  { name: 'no line end after the last line', bytes: () => csv().slice(0, -1), expected: accepted() },
  {
    name: 'a quote that is never closed',
    bytes: () => withCell('place', 13, '"LAS'),
    expected: rejected({ code: 'quote_unclosed', line: 13 }),
  },
  {
    name: 'a quote in the header that is never closed',
    bytes: () => withLines({ 1: 'id,amount,"place,late' }),
    expected: rejected({ code: 'quote_unclosed', line: 1 }),
  },
  {
    name: 'a quote that opens at the very end',
    bytes: () => `${csv()}41,1.5,LAS,"`,
    expected: rejected({ code: 'quote_unclosed', line: 42 }),
  },
  {
    name: 'text after a closing quote',
    bytes: () => withCell('place', 6, '"LAS" airport'),
    expected: rejected({ code: 'quote_misplaced', line: 6 }),
  },
  {
    name: 'a quote escaped by a backslash',
    bytes: () => withCell('place', 6, '"5\\" pipe"'),
    expected: rejected({ code: 'quote_misplaced', line: 6 }),
  },
  { name: 'a quote in the middle of a field', bytes: () => withCell('place', 6, '5" pipe'), expected: accepted() },
  {
    name: 'fields in single quotes',
    bytes: () => withCell('place', 6, "'Las Vegas, Nevada'"),
    expected: rejected({ code: 'ragged_row', line: 6 }),
  },
  { name: 'line ends within quotes', bytes: () => withCell('place', 6, '"Las\r\nVegas\n"'), expected: accepted() },
  {
    name: 'every field in quotes',
    bytes: () => csv().replaceAll(/[^,\n]+/g, '"$&"'),
    expected: accepted({ amount: 'number', id: 'integer' }),
  },
  { name: 'line ends of Windows', bytes: () => lineEnds('\r\n'), expected: accepted({ late: 'integer' }) },
  {
    name: 'line ends of Windows and of Unix',
    bytes: () => csv().replaceAll(/LAS,(\d)\n/g, 'LAS,$1\r\n'),
    expected: accepted({ late: 'integer' }),
  },
  {
    name: 'line ends of the classic Mac',
    bytes: () => lineEnds('\r'),
    expected: rejected({ code: 'carriage_return', line: 1 }, 'line feed'),
  },
  {
    name: 'a carriage return within a line',
    bytes: () => withCell('place', 6, 'LA\rS'),
    expected: rejected({ code: 'carriage_return', line: 6 }),
  },
  {
    name: 'two carriage returns before a line feed',
    bytes: () => lineEnds('\r\r\n'),
    expected: rejected({ code: 'carriage_return', line: 1 }),
  },
  { name: 'blank lines between the rows', bytes: () => lineEnds('\n\n'), expected: accepted() },
  {
    name: 'a line of blanks between the rows',
    bytes: () => withLines({ 20: '   ' }),
    expected: rejected({ code: 'ragged_row', line: 20 }),
  },
  {
    name: 'a line of delimiters',
    bytes: () => withLines({ 20: ',,,' }),
    expected: rejected({ code: 'label_missing', line: 20, column: 'late' }),
  },
  { name: 'tabs', bytes: () => csv(goodRows(), '\t'), expected: accepted({ amount: 'number' }) },
  {
    name: 'semicolons and decimal points',
    bytes: () => csv(goodRows(), ';'),
    expected: accepted({ amount: 'number' }),
  },
  { name: 'bars', bytes: () => csv(goodRows(), '|'), expected: accepted({ amount: 'number' }) },
  {
    name: 'a delimiter nobody expects',
    bytes: () => csv(goodRows(), '\u00a6'),
    expected: rejected({ code: 'column_missing' }, 'delimiter'),
  },
  { name: 'one column', bytes: () => 'late\n0\n1\n', expected: rejected({ code: 'column_missing', column: 'id' }) },
  {
    name: 'a field of 5 MB',
    bytes: () => withCell('place', 6, 'x'.repeat(5 * MIB)),
    memoryMiB: 120,
    expected: accepted({ place: 'string' }),
  },
  {
    name: 'a field of 17 MB',
    bytes: () => withCell('place', 6, 'x'.repeat(17 * MIB)),
    memoryMiB: 120,
    expected: rejected({ code: 'record_too_long', line: 6 }),
  },
  {
    name: 'a quoted field of 17 MB',
    bytes: () => withCell('place', 6, `"${'x\n'.repeat(9 * MIB)}"`),
    memoryMiB: 120,
    expected: rejected({ code: 'quote_unclosed', line: 6 }),
  },
  {
    name: 'a header of 17 MB',
    bytes: () => `id,${'x'.repeat(17 * MIB)},late\n1,2,3\n`,
    memoryMiB: 120,
    expected: rejected({ code: 'record_too_long', line: 1 }),
  },
  {
    name: 'a line of two million delimiters',
    bytes: () => withLines({ 6: ','.repeat(2_000_000) }),
    memoryMiB: 120,
    expected: rejected({ code: 'ragged_row', line: 6 }),
  },
  { name: '300 columns', bytes: () => wide(298), memoryMiB: 150, expected: accepted({ c0: 'integer' }, 2) },
  {
    // In a quarter of a gigabyte, as the test's engine has: 1 MB for each would be too much.
    name: '250 columns of text',
    bytes: () => wide(248, 'v'),
    memoryMiB: 250,
    expected: accepted({ c0: 'string' }, 2),
  },
  {
    name: '20,000 columns',
    bytes: () => wide(20_000),
    memoryMiB: 120,
    expected: deferred({ code: 'too_many_columns', line: 1 }),
  },
  {
    name: 'more bytes than may be read',
    bytes: () => csv(),
    maxBytes: 200,
    expected: deferred({ code: 'too_large' }),
  },
  {
    name: '300,000 ragged lines',
    bytes: () => `${csv().split('\n')[0]}\n${'1\n'.repeat(300_000)}`,
    memoryMiB: 120,
    expected: rejected({ code: 'ragged_row', line: 2 }),
  },
  foreign('a workbook', () => 'PK\u0003\u0004\u0014\u0000', 'Excel'),
  foreign('an old workbook', () => Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]), 'Excel'),
  foreign('a web page', () => '<!DOCTYPE html>\n<html><body>Please sign in</body></html>\n', 'HTML'),
  foreign('a web page after blank lines', () => '\n \n<html lang="en"><head></head></html>\n', 'HTML'),
  foreign(
    'what S3 says when access is denied',
    () => '<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>\n',
    'XML',
  ),
  foreign('a PDF', () => '%PDF-1.7\n1 0 obj\n', 'PDF'),
  foreign('a picture', () => Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), 'PNG'),
  foreign('a SQLite database', () => 'SQLite format 3\0', 'SQLite'),
  foreign('a NumPy array', () => Buffer.from('\u0093NUMPY\u0001\u0000', 'latin1'), 'NumPy'),
  foreign('a pickled data frame', () => Buffer.from([0x80, 0x05, 0x95, 0x10, 0, 0, 0, 0]), 'pickle'),
  foreign('an HDF5 file', () => Buffer.from('\u0089HDF\r\n\u001a\n', 'latin1'), 'HDF5'),
  foreign(
    'a pointer of Git LFS',
    () => 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n',
    'Git LFS',
  ),
  foreign('an ARFF file', () => '@relation orders\n@attribute id numeric\n@data\n1\n', 'ARFF'),
  foreign(
    'a tar archive',
    () => Buffer.concat([Buffer.from('orders.csv'), Buffer.alloc(247), Buffer.from('ustar\0'), Buffer.alloc(249)]),
    'tar',
  ),
  foreign('a 7z archive', () => Buffer.from([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]), '7z'),
  foreign('one JSON document', () => '[\n  { "id": 1, "late": 0 },\n  { "id": 2, "late": 1 }\n]\n', 'JSON'),
  { name: 'Arrow', bytes: () => 'ARROW1\0\0', expected: rejected({ code: 'format_unsupported' }, 'Arrow') },
  { name: 'Feather', bytes: () => 'FEA1\0\0\0\0', expected: rejected({ code: 'format_unsupported' }, 'Feather') },
  { name: 'ORC', bytes: () => 'ORC\n\u0003\u0010', expected: rejected({ code: 'format_unsupported' }, 'ORC') },
  { name: 'Avro', bytes: () => 'Obj\u0001\u0004', expected: rejected({ code: 'format_unsupported' }, 'Avro') },
];
