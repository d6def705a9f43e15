import { Readable } from 'node:stream';

import { type Blobs, type Content, stretch } from './blobs.ts';

/** Bytes in this process's memory, for many short lives of a cloud with little data. */
export const createMemoryBlobs = (): Blobs => {
  const stored = new Map<string, { readonly bytes: Buffer; holders: number }>();
  let next = 0;

  const bytesIn = (segment: Content['segments'][number]): Buffer => {
    const found = stored.get(segment.file);
    if (!found) throw new Error(`the bytes ${segment.file} are gone`);
    const isWhole = segment.offset === 0 && segment.size === found.bytes.byteLength;
    return isWhole ? found.bytes : found.bytes.subarray(segment.offset, segment.offset + segment.size);
  };
  const bytesOf = (content: Content, offset: number, size: number): Buffer => {
    const { segments } = offset === 0 && size === content.size ? content : stretch(content, offset, size);
    const [only] = segments;
    return segments.length === 1 && only ? bytesIn(only) : Buffer.concat(segments.map(bytesIn));
  };

  /** Takes bytes that nobody else has. */
  const take = (bytes: Buffer): Content => {
    const file = String(next++);
    stored.set(file, { bytes, holders: 1 });
    return { segments: [{ file, offset: 0, size: bytes.byteLength }], size: bytes.byteLength };
  };

  return {
    // Whoever sent it may use its memory again.
    keep: (bytes) => take(Buffer.from(bytes)),
    async write(source, observe) {
      const chunks: Buffer[] = [];
      for await (const chunk of source) {
        observe(chunk);
        // Whoever sent it may use its memory again.
        chunks.push(Buffer.from(chunk));
      }
      const [only] = chunks;
      return take(chunks.length === 1 && only ? only : Buffer.concat(chunks));
    },
    read(content, offset = 0, size = content.size - offset) {
      const bytes = bytesOf(content, offset, size);
      return Readable.from(bytes.byteLength === 0 ? [] : [bytes], { objectMode: false });
    },
    inMemory: bytesOf,
    hold({ segments }) {
      for (const { file } of segments) {
        const found = stored.get(file);
        if (found) found.holders++;
      }
    },
    release({ segments }) {
      for (const { file } of segments) {
        const found = stored.get(file);
        if (found && --found.holders === 0) stored.delete(file);
      }
    },
    settled: () => Promise.resolve(),
  };
};
