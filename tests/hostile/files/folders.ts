/** Folders whose parts do not belong together. */
import { gzipSync } from 'node:zlib';
import { accepted, csv, goodRows, type HostileFile, rejected } from '../hostile-file.ts';

const part = (from: number): string => csv(goodRows(from + 20).slice(from));

export const folders: readonly HostileFile[] = [
  { name: 'two parts', bytes: () => ({ 'a.csv': part(0), 'b.csv': part(20) }), expected: accepted() },
  {
    name: 'parts with their columns in another order',
    bytes: () => ({ 'a.csv': part(0), 'b.csv': csv(goodRows(20).map(({ id, ...rest }) => ({ ...rest, id }))) }),
    expected: accepted(),
  },
  {
    name: 'parts of which one is compressed',
    bytes: () => ({ 'a.csv': part(0), 'b.csv.gz': gzipSync(part(20)) }),
    expected: accepted(),
  },
  {
    name: 'parts with other delimiters',
    bytes: () => ({ 'a.csv': part(0), 'b.csv': part(20).replaceAll(',', ';') }),
    expected: accepted(),
  },
  {
    name: 'parts of which one lacks a column',
    bytes: () => ({
      'a.csv': part(0),
      'b.csv': csv(goodRows(5).map(({ id, late, amount }) => ({ id, late, amount }))),
    }),
    expected: rejected({ code: 'part_schema_differs', part: 'b.csv' }, 'place'),
  },
  {
    name: 'parts of which one has a column more',
    bytes: () => ({ 'a.csv': part(0), 'b.csv': csv(goodRows(5).map((row) => ({ ...row, weight: '1' }))) }),
    expected: rejected({ code: 'part_schema_differs', part: 'b.csv' }, 'weight'),
  },
  {
    name: 'parts of which one has no byte',
    bytes: () => ({ 'a.csv': part(0), 'b.csv': '' }),
    expected: rejected({ code: 'empty_file', part: 'b.csv' }),
  },
  {
    name: 'parts of which one has a header alone',
    bytes: () => ({ 'a.csv': csv(), 'b.csv': 'id,amount,place,late\n' }),
    expected: accepted(),
  },
  {
    name: 'parts that are all empty of rows',
    bytes: () => ({ 'a.csv': 'id,late\n', 'b.csv': 'id,late\n' }),
    expected: rejected({ code: 'no_rows' }),
  },
  {
    name: 'parts of which only the first has a header',
    bytes: () => ({ 'a.csv': part(0), 'b.csv': part(20).slice(part(20).indexOf('\n') + 1) }),
    expected: rejected({ code: 'header_missing', part: 'b.csv', line: 1 }),
  },
  {
    name: 'parts of which one is cut',
    bytes: () => ({ 'a.csv': part(0), 'b.csv.gz': gzipSync(part(20)).subarray(0, 90) }),
    expected: rejected({ code: 'gzip_corrupt', part: 'b.csv.gz' }),
  },
  {
    name: 'parts of which one has a bad cell',
    bytes: () => ({ 'a.csv': part(0), 'b.csv': part(20).replace('21,', '21,x') }),
    expected: rejected({ code: 'cell_not_parsed', part: 'b.csv', line: 2, column: 'amount' }),
  },
  { name: 'a folder without parts', bytes: () => ({}), expected: rejected({ code: 'no_rows' }) },
];
