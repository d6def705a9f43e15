/** Compressed text: decompressed here and never by the engine, which takes a file without its end for whole. */
import { once } from 'node:events';
import { Readable, type Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { UnreadableError } from './unreadable-error.ts';
import { isZstd, ZstdFrames } from './zstd-frames.ts';

/** How text may be compressed. */
export type Compression = 'gzip' | 'zstd';

/** The compression a file's first bytes tell. */
export function compressionOf(head: Buffer): Compression | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  return isZstd(head) ? 'zstd' : undefined;
}

const CHUNK_BYTES = 128 * 1024;

/** How many compressed bytes have been taken in. */
export interface Inflow {
  bytes: number;
}

/**
 * So many bytes of text for one that is compressed are no table's: of a kilobyte of rows there would be three bytes to
 * know. Assumed, between what was counted of tables (flights 4 to 1, rows of 4,096 columns of which one in a hundred is
 * not 0 about 60) and of bombs (one short row again and again 500 in gzip and 10,000 in zstd, one character 1,000).
 */
const BOMB_RATIO = 300;

/** Whether so much text came out of so few bytes that it cannot be a table. */
export const isBomb = (textBytes: number, { bytes }: Inflow): boolean => textBytes > BOMB_RATIO * bytes;

/**
 * The decompressed bytes: of gzip those of all members, of zstd those of all frames.
 *
 * @param inflow told how much has been taken in
 * @throws UnreadableError when the data ends early or its checksum or structure is wrong.
 */
export async function* decompressed(
  source: AsyncIterable<Buffer>,
  compression: Compression,
  inflow: Inflow = { bytes: 0 },
): AsyncGenerator<Buffer> {
  const unzip =
    compression === 'gzip'
      ? createGunzip({ chunkSize: CHUNK_BYTES })
      : createZstdDecompress({ chunkSize: CHUNK_BYTES });
  const frames = compression === 'zstd' ? new ZstdFrames() : undefined;
  const raw = Readable.from(frames?.cut(source) ?? source, { objectMode: false });
  // A failure of the source has to reach whoever reads the decompressed bytes.
  raw.on('error', (error) => unzip.destroy(error)).pipe(unzip);
  let bytes = 0;
  const damaged = (reason: string, options?: ErrorOptions): UnreadableError => {
    const place = `after ${bytes.toLocaleString('en-US')} bytes of text`;
    return new UnreadableError(`${compression}_corrupt`, `the ${compression} data ${reason}, ${place}`, options);
  };
  try {
    for await (const chunk of chunksOf(unzip)) {
      bytes += chunk.byteLength;
      inflow.bytes = unzip.bytesWritten;
      yield chunk;
    }
  } catch (cause) {
    const reason = damage(cause);
    if (reason === undefined) throw cause;
    throw damaged(reason, { cause });
  } finally {
    raw.unpipe(unzip);
    raw.destroy();
    unzip.destroy();
    if (!raw.closed) await once(raw, 'close');
  }
  if (frames?.goesOn) throw damaged('goes on behind its last frame with what is none');
  if (frames?.isWhole === false) throw damaged(TRUNCATED);
}

async function* chunksOf(stream: Transform): AsyncGenerator<Buffer> {
  for await (const chunk of stream) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('a stream of bytes gave something else');
    yield chunk;
  }
}

const TRUNCATED = 'ends early: the file is truncated';
const DAMAGED = 'is damaged (its checksum or structure is wrong)';

/** The codes of zlib and zstd for data that are damaged. https://nodejs.org/api/zlib.html#constants */
function damage(cause: unknown): string | undefined {
  if (!(cause instanceof Error) || !('code' in cause) || typeof cause.code !== 'string') return undefined;
  if (cause.code === 'Z_BUF_ERROR') return TRUNCATED;
  return cause.code === 'Z_DATA_ERROR' || cause.code.startsWith('ZSTD_error_') ? DAMAGED : undefined;
}
