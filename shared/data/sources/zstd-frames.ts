/**
 * Where frames of zstd end. A file may be several frames, one after another, and skippable frames among them, which hold
 * no text: `pzstd`, `zstd --adapt` and programs that append write so. Of a piece that it is given Node reads the first
 * frame only and drops the rest without a word (24.21, measured), so pieces are cut where frames end.
 * https://www.rfc-editor.org/rfc/rfc8878
 */

/** A frame's magic number, RFC 8878, 3.1.1, and the first of the sixteen of a skippable one, 3.1.2. */
const FRAME = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;

const isSkippable = (magic: number): boolean => (magic & 0xfffffff0) >>> 0 === SKIPPABLE;
const isMagic = (magic: number): boolean => magic === FRAME || isSkippable(magic);

/** Whether a file begins as zstd does. */
export const isZstd = (head: Buffer): boolean => head.length >= 4 && isMagic(head.readUInt32LE(0));

const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
/** Types of blocks, 3.1.1.2.2: of a run only one byte is written; the type after that of compressed ones is reserved. */
const RUN = 1;
const COMPRESSED = 2;

/** How many bytes a frame's header has, from its descriptor on, 3.1.1.1. */
function headerBytes(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const window = isSingleSegment ? 0 : 1;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const content = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  return 1 + window + dictionary + content;
}

/** What comes next, by how many bytes of it have to be seen. */
const EXPECTED = { magic: 4, size: 4, descriptor: 1, block: BLOCK_HEADER_BYTES } as const;

/** Follows the structure of zstd data, whose bytes come in pieces of any size. */
export class ZstdFrames {
  #expected: keyof typeof EXPECTED = 'magic';
  #seen: number[] = [];
  /** How many bytes follow that are not looked at. */
  #passing = 0;
  #hasChecksum = false;
  #goesOn = false;

  /** Every frame that has begun has ended. */
  get isWhole(): boolean {
    return this.#expected === 'magic' && this.#seen.length === 0 && this.#passing === 0;
  }

  /** Behind a frame stands something that is none. */
  get goesOn(): boolean {
    return this.#goesOn;
  }

  /** Cuts bytes where frames end. What stands behind the last frame and is none is not given. */
  async *cut(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      let from = 0;
      while (from < chunk.length) {
        const to = this.#walk(chunk, from);
        if (this.#goesOn) return;
        yield chunk.subarray(from, to);
        from = to;
      }
    }
  }

  /** Walks on as far as the end of a frame, or of the bytes. */
  #walk(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length && !this.#goesOn) {
      if (this.#passing > 0) {
        const passed = Math.min(this.#passing, bytes.length - at);
        this.#passing -= passed;
        at += passed;
      } else {
        this.#seen.push(bytes[at] ?? 0);
        at += 1;
        if (this.#seen.length < EXPECTED[this.#expected]) continue;
        const seen = Buffer.from(this.#seen);
        this.#seen = [];
        this.#take(seen);
      }
      if (this.isWhole) return at;
    }
    return at;
  }

  #take(seen: Buffer): void {
    switch (this.#expected) {
      case 'magic': {
        const magic = seen.readUInt32LE(0);
        this.#goesOn = !isMagic(magic);
        this.#expected = isSkippable(magic) ? 'size' : 'descriptor';
        return;
      }
      case 'size':
        this.#passing = seen.readUInt32LE(0);
        this.#expected = 'magic';
        return;
      case 'descriptor': {
        const descriptor = seen.readUInt8(0);
        this.#hasChecksum = (descriptor & 4) !== 0;
        this.#passing = headerBytes(descriptor) - 1;
        this.#expected = 'block';
        return;
      }
      case 'block': {
        const header = seen.readUIntLE(0, BLOCK_HEADER_BYTES);
        const type = (header >> 1) & 3;
        // Whoever decompresses it finds the damage; nothing can be said of where its frame ends.
        if (type > COMPRESSED) this.#passing = Number.POSITIVE_INFINITY;
        else this.#passing = type === RUN ? 1 : header >> 3;
        if ((header & 1) === 0) return;
        if (this.#hasChecksum) this.#passing += CHECKSUM_BYTES;
        this.#expected = 'magic';
      }
    }
  }
}
