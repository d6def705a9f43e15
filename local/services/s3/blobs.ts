/** The bytes of objects: files in the cloud's folder, shared by whoever holds a part of them, never held in memory. */
import { createReadStream } from 'node:fs';
import { mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';

/** A stretch of a file. */
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
  /** A stretch of a content, `size` bytes from `offset`; what it reads stays until it is closed. */
  read(content: Content, offset?: number, size?: number): Readable;
  /** One more holder. */
  hold(content: Content): void;
  /** One holder less; a file nobody holds goes. */
  release(content: Content): void;
  /** Resolves when files that had to go are gone. */
  settled(): Promise<void>;
}

const READ_CHUNK_BYTES = 256 * 1024;

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

async function* readSegments(segments: readonly Segment[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const { file, offset, size } of segments) {
    const stream = createReadStream(file, { start: offset, end: offset + size - 1, highWaterMark: READ_CHUNK_BYTES });
    for await (const chunk of stream) yield chunk;
  }
}

/** @param directory Made when the first object comes. */
export const createBlobs = (directory: string): Blobs => {
  const holders = new Map<string, number>();
  const leaving = new Set<Promise<void>>();
  let made: Promise<unknown> | undefined;
  let next = 0;

  const drop = (file: string) => {
    const gone = unlink(file).catch(() => undefined);
    leaving.add(gone);
    void gone.then(() => leaving.delete(gone));
  };
  const blobs: Blobs = {
    async write(source, observe) {
      made ??= mkdir(directory, { recursive: true });
      await made;
      const file = join(directory, String(next++));
      const handle = await open(file, 'wx');
      let size = 0;
      try {
        for await (const chunk of source) {
          observe(chunk);
          for (let written = 0; written < chunk.length; ) {
            const { bytesWritten } = await handle.write(chunk, written);
            written += bytesWritten;
          }
          size += chunk.length;
        }
      } catch (error) {
        await handle.close();
        drop(file);
        throw error;
      }
      await handle.close();
      const content: Content = { segments: [{ file, offset: 0, size }], size };
      blobs.hold(content);
      return content;
    },
    read(content, offset = 0, size = content.size - offset) {
      const { segments } = stretch(content, offset, size);
      const held: Content = { segments, size };
      blobs.hold(held);
      const [first] = segments;
      const stream =
        first && segments.length === 1
          ? createReadStream(first.file, {
              start: first.offset,
              end: first.offset + first.size - 1,
              highWaterMark: READ_CHUNK_BYTES,
            })
          : Readable.from(readSegments(segments), { objectMode: false, highWaterMark: READ_CHUNK_BYTES });
      stream.once('close', () => blobs.release(held));
      return stream;
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
