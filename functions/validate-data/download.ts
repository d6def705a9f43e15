/** Brings uploads to local disk, hashing them on the way. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { Upload } from '../../shared/ledger/facts.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';

/** An upload on local disk. */
export interface Downloaded {
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Downloads one version. @throws NotFoundError when it is not there. */
export async function download(
  data: ObjectStore,
  upload: Upload,
  directory: string,
  index: number,
): Promise<Downloaded> {
  const { body } = await data.open(upload.key, upload.versionId);
  const path = join(directory, `delivered-${index}`);
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
