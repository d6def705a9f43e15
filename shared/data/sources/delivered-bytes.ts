/** The bytes of a delivery on their way: hashed as they come, and looked at before they are understood. */
import { createHash } from 'node:crypto';

/** A stream of bytes of which every one is hashed, also those that no reader wants. */
export class DeliveredBytes {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #hash = createHash('sha256');
  #pending: Promise<unknown> = Promise.resolve();
  #ended = false;
  #bytes = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The bytes from where reading stands. Leaving the loop does not close the source. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = await this.#next();
      if (chunk === undefined) return;
      yield chunk;
    }
  }

  /** How many have come so far. */
  get sizeBytes(): number {
    return this.#bytes;
  }

  /** Lets go of the source: what is left is not wanted, not even its hash. */
  async abandon(): Promise<{ sha256: string; sizeBytes: number }> {
    await this.#pending;
    this.#ended = true;
    await this.#source.return?.();
    return { sha256: '', sizeBytes: this.#bytes };
  }

  /** Reads what is left, and returns the sha256 of all bytes in hex and their number. */
  async finish(): Promise<{ sha256: string; sizeBytes: number }> {
    while ((await this.#next()) !== undefined);
    return { sha256: this.#hash.digest('hex'), sizeBytes: this.#bytes };
  }

  /** One after the other: a reader that was abandoned may still be waiting for its chunk. */
  #next(): Promise<Buffer | undefined> {
    const next = this.#pending.then(async () => {
      if (this.#ended) return undefined;
      const { done, value } = await this.#source.next();
      if (done === true) {
        this.#ended = true;
        return undefined;
      }
      this.#hash.update(value);
      this.#bytes += value.byteLength;
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    });
    this.#pending = next.catch(() => undefined);
    return next;
  }
}

/** The first bytes of a source, as many as were asked for unless it has fewer, and the whole of it. */
export async function peek(
  source: AsyncIterable<Buffer>,
  bytes: number,
): Promise<{ head: Buffer; all: AsyncIterable<Buffer> }> {
  const iterator = source[Symbol.asyncIterator]();
  const first: Buffer[] = [];
  let length = 0;
  while (length < bytes) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    first.push(value);
    length += value.byteLength;
  }
  async function* all(): AsyncGenerator<Buffer> {
    try {
      yield* first.splice(0);
      for (;;) {
        const { done, value } = await iterator.next();
        if (done === true) return;
        yield value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  const head = Buffer.concat(first);
  return { head: head.subarray(0, bytes), all: all() };
}
