/** What a delivered file is, told by its bytes: names lie. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** A format the reader knows, or why a file cannot be read. */
export type FileFormat =
  | { readonly format: 'csv' | 'csv.gz' | 'parquet' }
  | { readonly refused: 'empty_file' | 'parquet_corrupt' | 'format_unsupported'; readonly reason: string };

const MAGIC_BYTES = 4;

/** Looks at the first and last bytes of a file. Whatever is not known by its magic is taken for CSV, which has none. */
export function fileFormat(path: string): FileFormat {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (size === 0) return { refused: 'empty_file', reason: 'the file has no bytes' };
    const head = Buffer.alloc(MAGIC_BYTES);
    readSync(file, head, 0, MAGIC_BYTES, 0);
    if (head[0] === 0x1f && head[1] === 0x8b) return { format: 'csv.gz' };
    const magic = head.toString('latin1');
    if (magic === 'PARE') return { refused: 'format_unsupported', reason: 'the Parquet file is encrypted' };
    if (magic === 'PAR1') return parquetFormat(size, footer(file, size));
    if (magic === 'ARRO') return { refused: 'format_unsupported', reason: 'the file is Arrow; deliver Parquet or CSV' };
    if (magic === 'ORC\0' || magic.startsWith('ORC'))
      return { refused: 'format_unsupported', reason: 'the file is ORC; deliver Parquet or CSV' };
    if (magic.startsWith('Obj\u0001'))
      return { refused: 'format_unsupported', reason: 'the file is Avro; deliver Parquet or CSV' };
    return { format: 'csv' };
  } finally {
    closeSync(file);
  }
}

function footer(file: number, size: number): Buffer {
  const tail = Buffer.alloc(8);
  readSync(file, tail, 0, 8, Math.max(0, size - 8));
  return tail;
}

/** A Parquet file ends with its metadata, their length (4 bytes, little endian) and the magic again (parquet.apache.org/docs/file-format). */
function parquetFormat(size: number, tail: Buffer): FileFormat {
  if (size < 12 || tail.toString('latin1', 4) !== 'PAR1') {
    return {
      refused: 'parquet_corrupt',
      reason: 'the Parquet file has no end: it is truncated, or was still being written',
    };
  }
  if (tail.readUInt32LE(0) + 12 > size) {
    return { refused: 'parquet_corrupt', reason: 'the Parquet file is shorter than its metadata say' };
  }
  return { format: 'parquet' };
}
