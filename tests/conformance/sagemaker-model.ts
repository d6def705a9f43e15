import { buffer } from 'node:stream/consumers';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';

import type { Objects } from './sagemaker-cloud.ts';

/** Puts a model.tar.gz of the test container that answers this number. */
export const putModel = async (s3: Pick<Objects, 'put'>, uri: string, value: number): Promise<void> => {
  const archive = pack();
  archive.entry({ name: 'constant.json' }, JSON.stringify({ value }));
  archive.finalize();
  s3.put(uri, await buffer(archive.pipe(createGzip())));
};
