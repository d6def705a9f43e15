/**
 * The bytes of objects: files in the cloud's folder, shared by whoever holds a part of them; the small ones, up to a
 * bound, in memory instead.
 */
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';

/** A stretch of a file, or of bytes in memory that go by a file's name. */
export interface Segment {
  readonly file: string;
  readonly offset: number;
  readonly size: number;
}

/** An object's bytes: stretches laid end to end, so that completing an upload or copying an object moves no data. */
export interface Content {
  readonly segments: readonly Segment[];
  readonly size: number;
}

export interface Blobs {
  /**
   * Streams bytes into a new file.
   * @param observe Sees every chunk on its way.
   * @returns The content, held once.
   * @throws what the source throws; nothing is left behind then.
   */
  write(source: AsyncIterable<Uint8Array>, observe: (chunk: Uint8Array) => void): Promise<Content>;
  /** Keeps a copy of bytes that are there already, where bytes are kept in memory. */
  keep?(bytes: Uint8Array): Content;
  /** A stretch of a content, `size` bytes from `offset`; what it reads stays until it is closed. */
  read(content: Content, offset?: number, size?: number): Readable;
  /** The same at once, undefined unless all of its bytes lie in memory; not to be changed. */
  inMemory?(content: Content, offset: number, size: number): Buffer | undefined;
  /** One more holder. */
  hold(content: Content): void;
  /** One holder less; a file nobody holds goes. */
  release(content: Content): void;
  /** Resolves when files that had to go are gone. */
  settled(): Promise<void>;
}

const READ_CHUNK_BYTES = 256 * 1024;
/** To make a file takes longer than all else of a small upload together. */
const SMALL_BYTES = 16 * 1024;
/** So much of small objects is kept in memory; what comes then goes to files. */
const MEMORY_BYTES = 64 * 1024 * 1024;

/** Puts contents end to end. */
export const joined = (contents: readonly Content[]): Content => ({
  segments: contents.flatMap(({ segments }) => segments),
  size: contents.reduce((sum, { size }) => sum + size, 0),
});

/** The stretch of a content of `size` bytes from `offset`. */
export const stretch = (content: Content, offset: number, size: number): Content => {
  const segments: Segment[] = [];
  let start = 0;
  for (const segment of content.segments) {
    const from = Math.max(offset, start);
    const to = Math.min(offset + size, start + segment.size);
    if (to > from) segments.push({ file: segment.file, offset: segment.offset + from - start, size: to - from });
    start += segment.size;
  }
  return { segments, size: segments.reduce((sum, segment) => sum + segment.size, 0) };
};

/** @param directory Made when the first object comes. */
export const createBlobs = (directory: string): Blobs => {
  const holders = new Map<string, number>();
  const leaving = new Set<Promise<void>>();
  const small = new Map<string, Buffer>();
  let smallBytes = 0;
  let made: Promise<unknown> | undefined;
  let next = 0;

  const drop = (file: string) => {
    const bytes = small.get(file);
    if (bytes) {
      small.delete(file);
      smallBytes -= bytes.length;
      return;
    }
    const gone = unlink(file).catch(() => undefined);
    leaving.add(gone);
    void gone.then(() => leaving.delete(gone));
  };
  async function* readSegments(segments: readonly Segment[]): AsyncGenerator<Uint8Array, void, undefined> {
    for (const { file, offset, size } of segments) {
      const bytes = small.get(file);
      if (bytes) yield bytes.subarray(offset, offset + size);
      else {
        const end = offset + size - 1;
        const stream = createReadStream(file, { start: offset, end, highWaterMark: READ_CHUNK_BYTES });
        for await (const chunk of stream) yield chunk;
      }
    }
  }
  const append = async (handle: FileHandle, chunk: Uint8Array) => {
    for (let written = 0; written < chunk.length; ) {
      const { bytesWritten } = await handle.write(chunk, written);
      written += bytesWritten;
    }
  };
  const create = async (file: string): Promise<FileHandle> => {
    made ??= mkdir(directory, { recursive: true });
    await made;
    return open(file, 'wx');
  };

  const blobs: Blobs = {
    async write(source, observe) {
      const file = join(directory, String(next++));
      /** What has come while it may still turn out to be small. */
      let first: Uint8Array[] = [];
      let handle: FileHandle | undefined;
      let size = 0;
      try {
        for await (const chunk of source) {
          observe(chunk);
          size += chunk.length;
          if (!handle && size <= SMALL_BYTES && smallBytes + size <= MEMORY_BYTES) {
            first.push(chunk);
            continue;
          }
          if (!handle) {
            handle = await create(file);
            for (const before of first) await append(handle, before);
            first = [];
          }
          await append(handle, chunk);
        }
      } catch (error) {
        await handle?.close();
        if (handle) drop(file);
        throw error;
      }
      if (handle) await handle.close();
      else {
        // A copy: what a socket has read is a part of something larger, which would stay as long.
        small.set(file, Buffer.concat(first));
        smallBytes += size;
      }
      const content: Content = { segments: [{ file, offset: 0, size }], size };
      blobs.hold(content);
      return content;
    },
    read(content, offset = 0, size = content.size - offset) {
      const { segments } = stretch(content, offset, size);
      const held: Content = { segments, size };
      blobs.hold(held);
      const [only] = segments;
      const stream =
        only && segments.length === 1 && !small.has(only.file)
          ? createReadStream(only.file, {
              start: only.offset,
              end: only.offset + only.size - 1,
              highWaterMark: READ_CHUNK_BYTES,
            })
          : Readable.from(readSegments(segments), { objectMode: false, highWaterMark: READ_CHUNK_BYTES });
      stream.once('close', () => blobs.release(held));
      return stream;
    },
    inMemory(content, offset, size) {
      const parts: Buffer[] = [];
      for (const segment of stretch(content, offset, size).segments) {
        const bytes = small.get(segment.file);
        if (!bytes) return undefined;
        parts.push(bytes.subarray(segment.offset, segment.offset + segment.size));
      }
      const [only, ...more] = parts;
      return only && more.length === 0 ? only : Buffer.concat(parts);
    },
    hold({ segments }) {
      for (const { file } of segments) holders.set(file, (holders.get(file) ?? 0) + 1);
    },
    release({ segments }) {
      for (const { file } of segments) {
        const left = (holders.get(file) ?? 1) - 1;
        if (left > 0) holders.set(file, left);
        else {
          holders.delete(file);
          drop(file);
        }
      }
    },
    async settled() {
      await Promise.all(leaving);
    },
  };
  return blobs;
};
