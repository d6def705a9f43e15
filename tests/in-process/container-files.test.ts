/** The files of a container behave alike, wherever they lie. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { filesIn, filesInMemory } from '../../local/containers/files.ts';
import type { ContainerFiles } from '../../local/contracts.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'container-files-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let made = 0;
const PLACES: Readonly<Record<string, () => ContainerFiles>> = {
  'in a folder': () => filesIn(join(folder, String(made++))),
  'in memory': filesInMemory,
};

describe.for(Object.entries(PLACES))('files %s', ([, place]) => {
  it('are found as they were written, by their names below a folder', async () => {
    const files = place();

    await files.makeFolder('opt/ml/model');
    await files.write('opt/ml/model/deep/b.txt', Readable.from([Buffer.from('be'), Buffer.from('e')]));
    await files.write('opt/ml/model/a.bin', new Uint8Array([0, 255]));
    await files.write('/opt/ml/models/other', 'of another folder');

    expect(await files.list('opt/ml/model')).toEqual(['a.bin', 'deep/b.txt']);
    expect(await files.read('/opt/ml/model/deep/b.txt')).toEqual(Buffer.from('bee'));
    expect(await buffer(files.open('opt/ml/model/a.bin'))).toEqual(Buffer.from([0, 255]));
    expect(await files.read('opt/ml/model/c')).toBeUndefined();
    expect(await files.list('opt/none')).toEqual([]);
  });

  it('come out of an archive as they went in, wherever it was packed', async () => {
    const from = place();
    await from.write('model/a.bin', new Uint8Array([0, 255]));
    await from.write('model/deep/b.txt', 'bee');

    for (const to of Object.values(PLACES).map((other) => other())) {
      const archive = await from.pack('model');
      await to.unpack('opt', archive instanceof Readable ? archive : Readable.from([archive]));

      expect(await to.list('opt')).toEqual(['a.bin', 'deep/b.txt']);
      expect(await to.read('opt/a.bin')).toEqual(Buffer.from([0, 255]));
    }
  });

  it('do not lead out of the container', async () => {
    const files = place();
    const archive = pack();
    archive.entry({ name: '../out.txt' }, 'out');
    archive.finalize();

    await expect(async () => files.write('../out.txt', 'out')).rejects.toThrow('leads out');
    await expect(files.unpack('opt', archive.pipe(createGzip()))).rejects.toThrow('leads out');
    await expect(files.unpack('opt', Readable.from([Buffer.from('no archive')]))).rejects.toThrow();
    expect(await files.list('.')).toEqual([]);
  });

  it('are gone when they are removed', async () => {
    const files = place();
    await files.write('opt/a', 'a');

    await files.remove();

    expect(await files.list('opt')).toEqual([]);
  });
});
