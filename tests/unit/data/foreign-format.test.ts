import { expect, it } from 'vitest';

import { foreignFormat } from '../../../shared/data/foreign-format.ts';

/** Beginnings of real files: https://www.rarlab.com/technote.htm, JFIF 1.02, the ELF specification, RTF 1.9.1, APPNOTE 4.3.16. */
it.each([
  ['a RAR archive', Buffer.from('Rar!\x1a\x07\x01\0\x33\x92\xb5\xe5', 'latin1')],
  ['a picture (JPEG)', Buffer.from('\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x02', 'latin1')],
  ['a program', Buffer.from('\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0', 'latin1')],
  ['a text document (RTF)', Buffer.from('{\\rtf1\\ansi\\deff0 {\\fonttbl {\\f0 Times;}}')],
  ['an empty ZIP archive', Buffer.concat([Buffer.from('PK\x05\x06'), Buffer.alloc(18)])],
])('knows %s by its first bytes', (what, bytes) => {
  expect(foreignFormat(bytes)).toEqual({
    code: 'not_a_table',
    message: `the file is ${what}, not a table of text`,
  });
});

it.each(['Rar!,price\n1,2\n', '{\\rt,price\n1,2\n', 'PK,price\n1,2\n', 'ELF,price\n1,2\n'])(
  'takes the header of %j for none of them',
  (text) => {
    expect(foreignFormat(Buffer.from(text))).toBeUndefined();
  },
);
