/** What a delivered file is, told by its bytes: names lie. */
import { open } from 'node:fs/promises';
import type { SourceFormat } from '../definition/source.ts';
import { foreignFormat } from './foreign-format.ts';

/** Whether a file is Parquet or text (compressed or not), or why it cannot be read. */
export type FileFormat =
  | { readonly format: 'text' | 'parquet' }
  | { readonly refused: 'empty_file' | 'format_unsupported' | 'not_a_table'; readonly reason: string };

/** A name of a column may begin so too; in Parquet, binary metadata follow. */
const PARQUET = /^PAR1(?![\x20-\x7e\r\n])/;

/** Looks at the first bytes of a file. Whatever is not known by its magic is taken for text, which has none. */
export function fileFormat(head: Buffer, declared: SourceFormat): FileFormat {
  if (head.length === 0) return { refused: 'empty_file', reason: 'the file has no bytes' };
  const text = head.toString('latin1');
  const isParquet = PARQUET.test(text);
  if (declared.format !== null && isParquet !== (declared.format === 'parquet')) {
    const found = isParquet ? 'Parquet' : 'not Parquet';
    return {
      refused: 'not_a_table',
      reason: `the model declares ${declared.format} (data.source.format), and the file is ${found}`,
    };
  }
  if (isParquet) return { format: 'parquet' };
  const foreign = foreignFormat(head);
  // What is compressed is looked at once it is not.
  if (foreign?.code === 'format_unsupported') return { refused: foreign.code, reason: foreign.message };
  return { format: 'text' };
}

/**
 * Why a Parquet file is not whole; undefined when its end is there. It ends with its metadata, their length (4 bytes,
 * little endian) and the magic again (https://parquet.apache.org/docs/file-format/).
 */
export async function parquetEnd(path: string): Promise<string | undefined> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const tail = Buffer.alloc(8);
    await file.read(tail, 0, 8, Math.max(0, size - 8));
    if (size < 12 || tail.toString('latin1', 4) !== 'PAR1')
      return 'the Parquet file has no end: it is truncated, or was still being written';
    if (tail.readUInt32LE(0) + 12 > size) return 'the Parquet file is shorter than its metadata say';
    return undefined;
  } finally {
    await file.close();
  }
}
