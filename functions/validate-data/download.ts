/** Brings uploads to local disk, hashing them on the way. */
import { createHash, hash as hashOf } from 'node:crypto';
import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

import type { Upload } from '../../shared/ledger/facts.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';

/** An upload on local disk. */
export interface Downloaded {
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** An upload of so many bytes is taken in one piece. */
const WHOLE_BYTES = 8 * 2 ** 20;

/** Downloads one version. @throws NotFoundError when it is not there. */
export async function download(
  data: ObjectStore,
  upload: Upload,
  directory: string,
  index: number,
): Promise<Downloaded> {
  const { body, sizeBytes: announced } = await data.open(upload.key, upload.versionId);
  const path = join(directory, `delivered-${index}`);
  if (announced <= WHOLE_BYTES) {
    const bytes = await buffer(body);
    writeFileSync(path, bytes);
    return { path, sha256: hashOf('sha256', bytes), sizeBytes: bytes.byteLength };
  }
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const hashing = new Transform({
    transform(chunk: Uint8Array, _, done) {
      hash.update(chunk);
      sizeBytes += chunk.byteLength;
      done(null, chunk);
    },
  });
  await pipeline(body, hashing, createWriteStream(path));
  return { path, sha256: hash.digest('hex'), sizeBytes };
}
