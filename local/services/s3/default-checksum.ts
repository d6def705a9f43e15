import type { Blobs, Content } from './blobs.ts';
import { type Checksum, DEFAULT_ALGORITHM, runningChecksum } from './checksums.ts';

/** A checksum that is worked out when somebody asks for it. */
class LateChecksum implements Checksum {
  readonly algorithm = DEFAULT_ALGORITHM;
  readonly type = 'FULL_OBJECT';
  readonly #bytes: Uint8Array;
  #value: string | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get value(): string {
    if (this.#value === undefined) {
      const running = runningChecksum(DEFAULT_ALGORITHM);
      running.whole(this.#bytes);
      this.#value = running.digest().toString('base64');
    }
    return this.#value;
  }
}

/**
 * The checksum S3 gives an object whose sender sent none, of bytes that lie in memory: most readers of most objects never
 * ask for it.
 */
export const defaultChecksum = (blobs: Pick<Blobs, 'inMemory'>, content: Content): Checksum => {
  const bytes = blobs.inMemory?.(content, 0, content.size);
  if (!bytes) throw new TypeError('these bytes do not lie in memory');
  return new LateChecksum(bytes);
};
