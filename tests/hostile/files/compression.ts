/** Compressed files that are damaged, cut short, put together, or far larger inside than outside. */
import { constants, crc32, gzipSync, zstdCompressSync } from 'node:zlib';
import { accepted, csv, deferred, goodRows, type HostileFile, rejected, withLines } from '../hostile-file.ts';

const whole = () => gzipSync(csv());

/** A copy in which one byte is not what it was; negative offsets count from the end. */
const flipped = (bytes: Uint8Array, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  const offset = at < 0 ? copy.length + at : at;
  copy[offset] = (copy[offset] ?? 0) ^ 0xff;
  return copy;
};

/** A gzip member with every optional field of RFC 1952: extra, name, comment and header checksum. */
function dressed(text: string): Buffer {
  const plain = gzipSync(text);
  const header = Buffer.concat([
    Buffer.from([0x1f, 0x8b, 8, 0b11110, 0, 0, 0, 0, 0, 255]),
    Buffer.from([4, 0, 1, 2, 3, 4]),
    Buffer.from('../../etc/passwd\0a comment\0', 'latin1'),
  ]);
  const sum = Buffer.alloc(2);
  sum.writeUInt16LE(crc32(header) & 0xffff);
  return Buffer.concat([header, sum, plain.subarray(10)]);
}

/** Many members that unpack to `memberMiB` each: a bomb that takes no time to make. */
const bomb = (text: string, memberMiB: number, members: number): Buffer => {
  // Whole texts, so that no row is cut between members.
  const member = gzipSync(text.repeat(Math.floor((memberMiB * 1024 * 1024) / text.length)));
  return Buffer.concat([gzipSync(csv(goodRows(1))), ...Array.from({ length: members }, () => member)]);
};

/** A skippable frame of zstd, RFC 8878, 3.1.2, with so many bytes that are no text. */
const skipped = (bytes: number): Buffer => {
  const frame = Buffer.alloc(8 + bytes, 'x');
  frame.writeUInt32LE(0x184d2a57, 0);
  frame.writeUInt32LE(bytes, 4);
  return frame;
};

const damaged = rejected({ code: 'gzip_corrupt' });

export const compressed: readonly HostileFile[] = [
  { name: 'a whole gzip file', bytes: whole, expected: accepted({ amount: 'number' }) },
  { name: 'a gzip file cut in half', bytes: () => whole().subarray(0, 120), expected: damaged },
  {
    name: 'a gzip file without its trailer',
    bytes: () => whole().subarray(0, -8),
    expected: rejected({ code: 'gzip_corrupt' }, 'truncated'),
  },
  { name: 'a gzip file without its last byte', bytes: () => whole().subarray(0, -1), expected: damaged },
  { name: 'a gzip file with a wrong CRC', bytes: () => flipped(whole(), -6), expected: damaged },
  { name: 'a gzip file with a wrong length', bytes: () => flipped(whole(), -2), expected: damaged },
  { name: 'a gzip file with a byte flipped in the middle', bytes: () => flipped(whole(), 100), expected: damaged },
  { name: 'the header of a gzip file and nothing else', bytes: () => whole().subarray(0, 10), expected: damaged },
  { name: 'the first two bytes of a gzip file', bytes: () => whole().subarray(0, 2), expected: damaged },
  { name: 'a gzip file of an unknown method', bytes: () => flipped(whole(), 2), expected: damaged },
  {
    name: 'a gzip file followed by other bytes',
    bytes: () => Buffer.concat([whole(), Buffer.from('-- end of transfer --')]),
    expected: damaged,
  },
  {
    name: 'a gzip file padded with zeros to a block',
    bytes: () => Buffer.concat([whole(), Buffer.alloc(512)]),
    expected: accepted(),
  },
  {
    name: 'gzip members put together',
    bytes: () => Buffer.concat([gzipSync(csv(goodRows(10))), gzipSync('11,1.5,LAS,0\n12,2.5,PHL,1\n')]),
    expected: accepted({}, 12),
  },
  {
    name: 'gzip members with an empty one between',
    bytes: () => Buffer.concat([gzipSync(csv()), gzipSync(''), gzipSync('41,1.5,LAS,0\n')]),
    expected: accepted({}, 41),
  },
  {
    name: 'gzip members of which the last is cut',
    bytes: () => Buffer.concat([whole(), whole().subarray(0, -3)]),
    expected: rejected({ code: 'header_repeated', line: 42 }, undefined, 'gzip_corrupt'),
  },
  {
    name: 'gzip members cut between lines',
    bytes: () => Buffer.concat([whole(), gzipSync(csv().slice(csv().indexOf('\n') + 1)).subarray(0, -9)]),
    expected: damaged,
  },
  {
    name: 'gzip members that each bring the header',
    bytes: () => Buffer.concat([whole(), whole()]),
    expected: rejected({ code: 'header_repeated', line: 42 }),
  },
  { name: 'gzip of nothing', bytes: () => gzipSync(''), expected: rejected({ code: 'empty_file' }) },
  { name: 'gzip in gzip', bytes: () => gzipSync(whole()), expected: rejected({ code: 'not_a_table' }, 'gzip') },
  { name: 'gzip with every optional header field', bytes: () => dressed(csv()), expected: accepted() },
  {
    name: 'gzip of a workbook',
    bytes: () => gzipSync(Buffer.from('PK\u0003\u0004\u0014\u0000\u0006\u0000')),
    expected: rejected({ code: 'not_a_table' }, 'Excel'),
  },
  { name: 'gzip named .csv', file: 'orders.csv', bytes: whole, expected: accepted() },
  { name: 'CSV named .gz', file: 'orders.csv.gz', bytes: () => csv(), expected: accepted() },
  {
    name: 'a gzip bomb of rows',
    bytes: () => bomb('7,1.5,LAS,0\n', 16, 40),
    maxBytes: 8 * 1024 * 1024,
    memoryMiB: 160,
    expected: rejected({ code: 'decompression_bomb' }),
  },
  {
    name: 'a gzip bomb of one line',
    bytes: () => bomb('x', 16, 40),
    memoryMiB: 160,
    expected: rejected({ code: 'record_too_long', line: 3 }),
  },
  {
    name: 'a gzip bomb of zeros',
    bytes: () => bomb('\0', 16, 40),
    memoryMiB: 160,
    expected: rejected({ code: 'binary_content', line: 3 }),
  },
  {
    name: 'a gzip bomb in a quoted field',
    bytes: () => Buffer.concat([gzipSync(`${csv(goodRows(1))}2,"`), bomb('x\n', 16, 40)]),
    memoryMiB: 160,
    expected: rejected({ code: 'quote_unclosed', line: 3 }),
  },
  {
    name: 'a gzip bomb of empty lines',
    bytes: () => bomb('\n', 16, 40),
    maxBytes: 8 * 1024 * 1024,
    memoryMiB: 160,
    expected: rejected({ code: 'decompression_bomb' }),
  },
  { name: 'a whole zstd file', bytes: () => zstdCompressSync(csv()), expected: accepted() },
  {
    name: 'a zstd file cut in half',
    bytes: () => zstdCompressSync(csv()).subarray(0, 100),
    expected: rejected({ code: 'zstd_corrupt' }),
  },
  {
    name: 'zstd frames put together',
    bytes: () => Buffer.concat([zstdCompressSync(csv(goodRows(10))), zstdCompressSync('11,1.5,LAS,0\n')]),
    expected: accepted({}, 11),
  },
  {
    name: 'zstd frames of which one is to be skipped',
    bytes: () => Buffer.concat([skipped(9), zstdCompressSync(csv()), skipped(0)]),
    expected: accepted(),
  },
  {
    name: 'a zstd frame to be skipped that is cut off',
    bytes: () => Buffer.concat([zstdCompressSync(csv()), skipped(9).subarray(0, 12)]),
    expected: rejected({ code: 'zstd_corrupt' }, 'ends early'),
  },
  {
    name: 'zstd frames of which the second is damaged',
    bytes: () => Buffer.concat([zstdCompressSync(csv(goodRows(10))), flipped(zstdCompressSync(csv()), 6)]),
    expected: rejected({ code: 'zstd_corrupt' }),
  },
  {
    name: 'nothing but a zstd frame to be skipped',
    bytes: () => skipped(9),
    expected: rejected({ code: 'empty_file' }),
  },
  {
    name: 'a zstd file followed by other bytes',
    bytes: () => Buffer.concat([zstdCompressSync(csv()), Buffer.from('-- end of transfer --')]),
    expected: rejected({ code: 'zstd_corrupt' }, 'goes on behind its last frame'),
  },
  {
    name: 'a zstd file with a wrong checksum',
    bytes: () => flipped(zstdCompressSync(csv(), { params: { [constants.ZSTD_c_checksumFlag]: 1 } }), -2),
    expected: rejected({ code: 'zstd_corrupt' }),
  },
  {
    name: 'a zstd bomb of rows',
    bytes: () => zstdCompressSync(`${csv(goodRows(1))}${'7,1.5,LAS,0\n'.repeat(10_000_000)}`),
    maxBytes: 8 * 1024 * 1024,
    memoryMiB: 200,
    expected: rejected({ code: 'decompression_bomb' }),
  },
  {
    name: 'honest rows that unpack to more than may be read',
    bytes: () => gzipSync(csv(goodRows(4000))),
    maxBytes: 20_000,
    expected: deferred({ code: 'too_large' }),
  },
  {
    name: 'bzip2',
    bytes: () => Buffer.from('BZh91AY&SY', 'latin1'),
    expected: rejected({ code: 'format_unsupported' }, 'bzip2'),
  },
  {
    name: 'xz',
    bytes: () => Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4]),
    expected: rejected({ code: 'format_unsupported' }, 'xz'),
  },
  {
    name: 'LZ4',
    bytes: () => Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x64, 0x40, 0xa7]),
    expected: rejected({ code: 'format_unsupported' }, 'LZ4'),
  },
  {
    name: 'snappy frames',
    bytes: () => Buffer.from([0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59]),
    expected: rejected({ code: 'format_unsupported' }, 'Snappy'),
  },
  {
    name: 'rows cut by a member boundary in the middle of a number',
    bytes: () => {
      const text = withLines({});
      return Buffer.concat([gzipSync(text.slice(0, 101)), gzipSync(text.slice(101))]);
    },
    expected: accepted({ amount: 'number' }),
  },
];
