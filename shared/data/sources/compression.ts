/** Compressed text: decompressed here and never by the engine, which takes a file without its end for whole. */
import { once } from 'node:events';
import { Readable, type Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { UnreadableError } from './unreadable-error.ts';

/** How text may be compressed. */
export type Compression = 'gzip' | 'zstd';

/** The compression a file's first bytes tell. */
export function compressionOf(head: Buffer): Compression | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  // A frame's magic number. https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1
  if (head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528) return 'zstd';
  return undefined;
}

const CHUNK_BYTES = 1024 * 1024;

/**
 * The decompressed bytes.
 *
 * @throws UnreadableError when the data ends early or its checksum or structure is wrong.
 */
export async function* decompressed(source: AsyncIterable<Buffer>, compression: Compression): AsyncGenerator<Buffer> {
  const unzip =
    compression === 'gzip'
      ? createGunzip({ chunkSize: CHUNK_BYTES })
      : createZstdDecompress({ chunkSize: CHUNK_BYTES });
  const given = { bytes: 0, ended: false };
  const raw = Readable.from(counted(source, given), { objectMode: false });
  // A failure of the source has to reach whoever reads the decompressed bytes.
  raw.on('error', (error) => unzip.destroy(error)).pipe(unzip);
  let bytes = 0;
  try {
    for await (const chunk of chunksOf(unzip)) {
      bytes += chunk.byteLength;
      yield chunk;
    }
    // Node reads one frame of zstd and drops what follows without a word; of gzip it reads all members.
    if (compression === 'zstd' && (!given.ended || given.bytes > unzip.bytesWritten)) {
      const after = `after ${bytes.toLocaleString('en-US')} bytes of text`;
      throw new UnreadableError(
        'zstd_corrupt',
        `the zstd data goes on behind its first frame, ${after}; deliver one frame`,
      );
    }
  } catch (cause) {
    const reason = damage(cause);
    if (reason === undefined) throw cause;
    const place = `after ${bytes.toLocaleString('en-US')} bytes of text`;
    throw new UnreadableError(`${compression}_corrupt`, `the ${compression} data ${reason}, ${place}`, { cause });
  } finally {
    raw.unpipe(unzip);
    raw.destroy();
    unzip.destroy();
    if (!raw.closed) await once(raw, 'close');
  }
}

async function* counted(
  source: AsyncIterable<Buffer>,
  given: { bytes: number; ended: boolean },
): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    given.bytes += chunk.byteLength;
    yield chunk;
  }
  given.ended = true;
}

async function* chunksOf(stream: Transform): AsyncGenerator<Buffer> {
  for await (const chunk of stream) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('a stream of bytes gave something else');
    yield chunk;
  }
}

/** The codes of zlib and zstd for data that are damaged. https://nodejs.org/api/zlib.html#constants */
function damage(cause: unknown): string | undefined {
  if (!(cause instanceof Error) || !('code' in cause) || typeof cause.code !== 'string') return undefined;
  if (cause.code === 'Z_BUF_ERROR') return 'ends early: the file is truncated';
  if (cause.code === 'Z_DATA_ERROR') return 'is damaged (its checksum or structure is wrong)';
  if (cause.code.startsWith('ZSTD_error_')) return 'is damaged (its checksum or structure is wrong)';
  return undefined;
}
