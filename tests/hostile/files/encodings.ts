/** Bytes that are not the UTF-8 text they are taken for. */
import {
  accepted,
  csv,
  type HostileFile,
  rejected,
  renamed,
  withCell,
  withColumn,
  withLines,
} from '../hostile-file.ts';

const utf16 = (text: string, mark = '\ufeff') => Buffer.from(mark + text, 'utf16le');
const bigEndian = (text: string) => utf16(text).swap16();
const utf32 = (text: string) =>
  Buffer.concat(
    [...`\ufeff${text}`].map((character) => {
      const unit = Buffer.alloc(4);
      unit.writeUInt32LE(character.codePointAt(0) ?? 0);
      return unit;
    }),
  );

/** A good delivery in which the bytes of a place on line 5 are replaced. */
const withBytes = (...bytes: number[]): Buffer => {
  const [before = '', after = ''] = withCell('place', 5, '\u2603').split('\u2603');
  return Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
};

const notUtf8 = rejected({ code: 'encoding', line: 5 });
const LATIN = 'problem: binary\ndata: { label: late, key: [id], source: { encoding: latin-1 } }\n';

export const encoded: readonly HostileFile[] = [
  { name: 'UTF-8 with a byte order mark', bytes: () => `\ufeff${csv()}`, expected: accepted({ id: 'integer' }) },
  {
    name: 'UTF-8 with two byte order marks',
    bytes: () => `\ufeff\ufeff${csv()}`,
    expected: accepted({ id: 'integer' }),
  },
  { name: 'UTF-16 with a byte order mark, little end first', bytes: () => utf16(csv()), expected: accepted() },
  { name: 'UTF-16 with a byte order mark, big end first', bytes: () => bigEndian(csv()), expected: accepted() },
  {
    name: 'UTF-16 without a byte order mark',
    bytes: () => utf16(csv(), ''),
    expected: rejected({ code: 'encoding' }, 'UTF-16'),
  },
  {
    name: 'UTF-16 with half a character at the end',
    bytes: () => utf16(csv()).subarray(0, -1),
    expected: rejected({ code: 'encoding' }),
  },
  { name: 'UTF-32', bytes: () => utf32(csv()), expected: rejected({ code: 'encoding' }, 'UTF-32') },
  { name: 'Latin-1 that nobody declared', bytes: () => withBytes(0x5a, 0xfc, 0x72), expected: notUtf8 },
  {
    name: 'Latin-1 that is declared',
    bytes: () => withBytes(0x5a, 0xfc, 0x72),
    definition: LATIN,
    expected: accepted({ place: 'string' }),
  },
  { name: 'quotation marks of Windows-1252', bytes: () => withBytes(0x93, 0x41, 0x94), expected: notUtf8 },
  { name: 'an overlong NUL', bytes: () => withBytes(0xc0, 0x80), expected: notUtf8 },
  { name: 'a surrogate half written as UTF-8', bytes: () => withBytes(0xed, 0xa0, 0x80), expected: notUtf8 },
  { name: 'a code point beyond the last', bytes: () => withBytes(0xf5, 0x80, 0x80, 0x80), expected: notUtf8 },
  {
    name: 'a character cut by the end of the file',
    bytes: () => Buffer.concat([Buffer.from(csv()), Buffer.from('41,1.5,Z'), Buffer.from([0xc3])]),
    expected: rejected({ code: 'encoding', line: 42 }),
  },
  {
    name: 'Latin-1 in the header',
    bytes: () => Buffer.from(renamed('place', 'ort\u00e4'), 'latin1'),
    expected: rejected({ code: 'encoding', line: 1 }),
  },
  {
    name: 'EBCDIC',
    bytes: () => Buffer.from([0x89, 0x84, 0x6b, 0x81, 0x94, 0x25, 0xf1, 0x6b, 0xf2, 0x25]),
    expected: rejected({ code: 'encoding', line: 1 }),
  },
  { name: 'a NUL byte in a cell', bytes: () => withBytes(0), expected: rejected({ code: 'binary_content', line: 5 }) },
  {
    name: 'a NUL byte in a quoted cell',
    bytes: () => withCell('place', 7, '"a\0b"'),
    expected: rejected({ code: 'binary_content', line: 7 }),
  },
  {
    name: 'NUL bytes where a disk was full',
    bytes: () => `${csv()}${'\0'.repeat(4096)}`,
    expected: rejected({ code: 'binary_content', line: 42 }),
  },
  {
    name: 'NUL bytes and nothing else',
    bytes: () => Buffer.alloc(4096),
    expected: rejected({ code: 'binary_content', line: 1 }),
  },
  {
    name: 'the end-of-file character of DOS',
    bytes: () => `${csv()}\u001a`,
    expected: rejected({ code: 'ragged_row', line: 42 }),
  },
  {
    name: 'places in many scripts',
    bytes: () => withColumn('place', (i) => ['東京', 'Αθήνα', 'القاهرة', '🛫', 'Zürich'][i % 5] ?? ''),
    expected: accepted({ place: 'string' }),
  },
  {
    name: 'text that runs from right to left by a control character',
    bytes: () => withCell('place', 9, '\u202eSAL'),
    expected: accepted({ place: 'string' }),
  },
  {
    name: 'column names in other scripts',
    bytes: () => withLines({ 1: 'id,金額,Ort-Größe,late' }),
    expected: accepted({ 金額: 'number', 'Ort-Größe': 'string' }),
  },
];
