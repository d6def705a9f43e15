/** The record of requests, as the checker of recorded requests reads it. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { createRecorder, fileFromEnvironment } from '../../../local/record.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'record-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const written = { principal: 'arn:aws:iam::000000000000:root', status: 200, error: null };

describe('the record of requests', () => {
  it.each([
    [
      'sns',
      'Subscribe',
      { TopicArn: 'arn', ReturnSubscriptionArn: 'true' },
      { TopicArn: 'arn', ReturnSubscriptionArn: true },
    ],
    ['lambda', 'ListFunctions', { MaxItems: '6' }, { MaxItems: 6 }],
    ['lambda', 'ListFunctions', { MaxItems: 'six' }, { MaxItems: 'six' }],
    ['lambda', 'ListFunctions', { Other: '6' }, { Other: '6' }],
    ['sagemaker', 'ListModels', { MaxResults: '6' }, { MaxResults: '6' }],
  ])('of %s %s has what came as %j as %j', async (service, operation, params, expected) => {
    const file = join(folder, 'requests.jsonl');
    const recorder = createRecorder(file);

    recorder.write({ service, operation, params, ...written });
    await recorder.close();

    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ service, operation, params: expected, ...written });
  });

  it('is closed as often as its cloud is', async () => {
    const recorder = createRecorder(join(folder, 'requests.jsonl'));

    await recorder.close();

    await expect(recorder.close()).resolves.toBeUndefined();
  });

  it('of two clouds goes into two files of the folder that the environment names', async () => {
    vi.stubEnv('LOCAL_CLOUD_REQUESTS', join(folder, 'new'));

    const files = [fileFromEnvironment(), fileFromEnvironment()];
    for (const file of files) await createRecorder(file).close();

    expect(new Set(files).size).toBe(2);
    expect(await readdir(join(folder, 'new'))).toHaveLength(2);
  });

  it('is not kept where the environment names no folder', () => {
    vi.stubEnv('LOCAL_CLOUD_REQUESTS', '');

    expect(fileFromEnvironment()).toBeUndefined();
  });
});
