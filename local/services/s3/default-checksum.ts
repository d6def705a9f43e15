import type { Blobs, Content } from './blobs.ts';
import { type Checksum, DEFAULT_ALGORITHM, runningChecksum } from './checksums.ts';

/**
 * The checksum S3 gives an object whose sender sent none, of bytes that lie in memory: worked out when somebody asks for
 * it, which most readers of most objects never do.
 */
export const defaultChecksum = (blobs: Pick<Blobs, 'inMemory'>, content: Content): Checksum => {
  const bytes = blobs.inMemory?.(content, 0, content.size);
  if (!bytes) throw new TypeError('these bytes do not lie in memory');
  let value: string | undefined;
  return {
    algorithm: DEFAULT_ALGORITHM,
    type: 'FULL_OBJECT',
    get value() {
      if (value === undefined) {
        const running = runningChecksum(DEFAULT_ALGORITHM);
        running.whole(bytes);
        value = running.digest().toString('base64');
      }
      return value;
    },
  };
};
