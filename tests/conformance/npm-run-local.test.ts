import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { ListBucketsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** What `npm run local` starts once the stack is packaged. */
const start = (port: string, ...args: string[]) =>
  spawn(process.execPath, ['demo/local.ts', ...args], {
    env: { ...process.env, MILLRACE_PORT: port },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

let folder: string;
let local: ChildProcess;
let url = '';
const printed: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'npm-run-local-'));
  local = start('0', '--record', join(folder, 'requests.jsonl'));
  if (!local.stdout) throw new Error('it prints nothing');
  for await (const line of createInterface({ input: local.stdout })) {
    printed.push(line);
    if (line.startsWith('aws ')) break;
  }
  url = /^ready (http:\/\/127\.0\.0\.1:\d+)$/.exec(printed[0] ?? '')?.[1] ?? '';
});
afterAll(async () => {
  if (local.exitCode === null) {
    local.kill('SIGTERM');
    await once(local, 'exit');
  }
  await rm(folder, { recursive: true, force: true });
});

describe('npm run local', () => {
  it('says that it is ready on a line of its own, then how to point the AWS CLI at it', () => {
    expect(url).not.toBe('');
    expect(printed).toContain(`export AWS_ENDPOINT_URL=${url}`);
    expect(printed).toContain('export AWS_REGION=eu-west-1');
    expect(printed.join('\n')).toContain('s3://millrace-dev-data-000000000000-eu-west-1/incoming/');
  });

  it('has the stack deployed, the demo’s models published, and no data', async () => {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const s3 = new S3Client({ endpoint: url, region: 'eu-west-1', credentials });
    const keysOf = async (Bucket: string) =>
      ((await s3.send(new ListObjectsV2Command({ Bucket }))).Contents ?? []).map(({ Key }) => Key);

    const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));

    expect(Buckets.map(({ Name }) => Name)).toContain('millrace-dev-store-000000000000-eu-west-1');
    expect(await keysOf('millrace-dev-data-000000000000-eu-west-1')).toEqual([]);
    const published = await keysOf('millrace-dev-store-000000000000-eu-west-1');
    expect(published).toContain('definitions/flight-delay.json');
    expect(published.every((key) => key?.startsWith('definitions/'))).toBe(true);
  });

  it('records each AWS request as a line of JSON, and stops when told', async () => {
    const ended = once(local, 'exit');
    local.kill('SIGTERM');
    expect((await ended)[0]).toBe(0);
    const lines = (await readFile(join(folder, 'requests.jsonl'), 'utf8')).trim().split('\n');
    const requests = lines.map((line) => JSON.parse(line));
    expect(requests.length).toBeGreaterThan(3);
    for (const request of requests) {
      expect(Object.keys(request).sort()).toEqual(['error', 'operation', 'params', 'principal', 'service', 'status']);
    }
  });

  it('refuses a port that is none', async () => {
    const refused = start('port');
    const [said] = await once(refused.stderr, 'data');
    expect(String(said)).toContain('MILLRACE_PORT');
    expect((await once(refused, 'exit'))[0]).toBe(2);
  });
});
