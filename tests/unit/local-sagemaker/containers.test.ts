import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { filesBelow, packFolder, unpackInto } from '../../../local/containers/archive.ts';
import { defaultImages, findImage } from '../../../local/containers/images.ts';
import { asLogged, type MetricValue, metricScraper } from '../../../local/containers/metrics.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'archive-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('an archive of a folder', () => {
  it('unpacks to the same files', async () => {
    await mkdir(join(folder, 'from/deep'), { recursive: true });
    await writeFile(join(folder, 'from/a.bin'), Buffer.alloc(300_000, 7));
    await writeFile(join(folder, 'from/deep/b.txt'), 'b');

    await unpackInto(join(folder, 'to'), packFolder(join(folder, 'from')));

    expect(await filesBelow(join(folder, 'to'))).toEqual(['a.bin', 'deep/b.txt']);
    expect(await readFile(join(folder, 'to/a.bin'))).toEqual(Buffer.alloc(300_000, 7));
    expect(await readFile(join(folder, 'to/deep/b.txt'), 'utf8')).toBe('b');
  });

  it.each([
    ['a name that leads out of the folder', { name: '../out.txt' }],
    ['a link', { name: 'link', type: 'symlink' as const, linkname: '/etc' }],
  ])('is refused for %s', async (_, header) => {
    const archive = pack();
    archive.entry(header, '');
    archive.finalize();

    await expect(unpackInto(join(folder, 'bad'), archive.pipe(createGzip()))).rejects.toThrow(/leads out|symlink/);
  });

  it('is refused when it is not one', async () => {
    const { Readable } = await import('node:stream');

    await expect(unpackInto(join(folder, 'bad'), Readable.from([Buffer.from('no archive')]))).rejects.toThrow();
  });
});

describe('an image', () => {
  it.each([
    '141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.0-5',
    '450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-xgboost:1.7-1',
    'sagemaker-xgboost:3.0-5-cpu-py3',
  ])('is found by %s', (uri) => {
    expect(findImage(defaultImages, uri)?.metricDefinitions).toBeDefined();
  });

  it.each(['a.com/sagemaker-xgboost:latest', 'a.com/other/sagemaker-xgboost:3.0-5', 'a.com/sagemaker-xgboost'])(
    'is not found by %s',
    (uri) => {
      expect(findImage(defaultImages, uri)).toBeUndefined();
    },
  );
});

describe('metrics in a log', () => {
  it('are found by the definitions of the built-in XGBoost', () => {
    const found: MetricValue[] = [];
    const scrape = metricScraper(
      findImage(defaultImages, 'sagemaker-xgboost:3.0-5')?.metricDefinitions ?? [],
      (value) => found.push(value),
    );

    scrape(asLogged('[12]\ttrain-auc:0.81\tvalidation-auc:0.72\tvalidation-logloss:1.5e-1'), 5);
    scrape(asLogged('[13]\tvalidation-auc:nan'), 6);

    expect(found).toEqual([
      { name: 'validation:auc', value: 0.72, atMs: 5 },
      { name: 'validation:logloss', value: 0.15, atMs: 5 },
    ]);
  });
});
