/**
 * A small service of its own, with nothing in it of what this repository deploys, runs on the local cloud: a bucket, a
 * rule, functions with the unmodified SDK, a queue with partial batch failure, a topic, a schedule, a layer and a URL.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { build } from 'esbuild';
import { strToU8, zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createCloud, type LocalCloud } from '../../local/cloud.ts';
import { cpuMsOf } from '../cpu-time.ts';

const FIXTURE = fileURLToPath(new URL('../fixtures/second-stack', import.meta.url));
const FUNCTIONS = ['sorter', 'crier', 'counter'];
const MINUTE = 60_000;

let folder: string;
let cloud: LocalCloud;
let s3: S3Client;
let outputs: Record<string, string>;
let bootCpuMs: number;

const packageFunctions = async () => {
  const { outputFiles } = await build({
    entryPoints: FUNCTIONS.map((name) => join(FIXTURE, `${name}.mjs`)),
    outdir: folder,
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    mainFields: ['module', 'main'],
    external: ['stamps'],
  });
  for (const { path, contents } of outputFiles) {
    const name = path.slice(folder.length + 1, -'.js'.length);
    await writeFile(join(folder, `${name}.zip`), zipSync({ [`${name}.js`]: contents }, { level: 1 }));
  }
  const stamps = await readFile(join(FIXTURE, 'stamps/index.js'), 'utf8');
  await writeFile(join(folder, 'stamps.zip'), zipSync({ 'nodejs/node_modules/stamps/index.js': strToU8(stamps) }));
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'second-stack-'));
  await packageFunctions();
  bootCpuMs = await cpuMsOf(async () => {
    cloud = await createCloud({
      start: new Date('1987-03-01T08:30:00Z'),
      region: 'ap-southeast-2',
      record: join(folder, 'requests.jsonl'),
    });
    ({ outputs } = await cloud.deploy({
      template: join(FIXTURE, 'template.json'),
      artifacts: folder,
      stack: 'postroom',
    }));
  });
  s3 = new S3Client({
    endpoint: cloud.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    forcePathStyle: true,
  });
});

let closed = false;
const close = async () => {
  if (closed) return;
  closed = true;
  await cloud.close();
};

afterAll(async () => {
  s3.destroy();
  await close();
  await rm(folder, { recursive: true, force: true });
});

describe('another stack', () => {
  it('is up in less than three seconds of the processor', () => {
    expect(bootCpuMs).toBeLessThan(3_000);
    expect(outputs).toMatchObject({ Bucket: 'postroom-harbour-000000000000' });
    expect(outputs.HillOnly).toBeUndefined();
  });

  it('carries an upload through rule, function, queue and function to the topic', async () => {
    await s3.send(
      new PutObjectCommand({
        Bucket: outputs.Bucket,
        Key: 'letters/monday.txt',
        Body: 'ada: Dear Ada\nsmudged beyond reading\ncharles: Dear Charles\n',
      }),
    );
    await cloud.settle();

    const announced = cloud.sns.published(outputs.Announcements ?? '');
    expect(announced.map(({ subject, message }) => [subject, message])).toEqual([
      ['For ada', 'Dear Ada'],
      ['For charles', 'Dear Charles'],
    ]);
    expect(cloud.logs.read('/aws/lambda/postroom-sorter').some((event) => event.message.endsWith('sorted 3'))).toBe(
      true,
    );
  });

  it('puts only the letter that failed into the dead-letter queue', async () => {
    await cloud.settle({ advanceMs: 5 * MINUTE });

    const dead = cloud.sqs.peek(outputs.Unreadable ?? '');
    expect(dead.map((message) => message.body)).toEqual(['[stamped] smudged beyond reading']);
    expect(cloud.sns.published(outputs.Announcements ?? '')).toHaveLength(2);
  });

  it('answers at its function URL', async () => {
    const response = await fetch(`${outputs.CounterUrl}today`);

    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ deliveries: 1, asked: '/today' });
  });

  it('acts on its schedule, at the cloud’s time', async () => {
    await cloud.settle({ advanceMs: 60 * MINUTE });

    const report = await cloud.s3.read(outputs.Bucket ?? '', 'closed/1987-03-01T09.txt');
    const chunks: Buffer[] = [];
    for await (const chunk of report?.body ?? []) chunks.push(Buffer.from(chunk));
    expect(Buffer.concat(chunks).toString()).toBe('1 deliveries by 1987-03-01T09:30:00Z');
  });

  it('calls AWS as the role of each function', async () => {
    // Closing writes the record's last lines.
    await close();

    const requests = (await readFile(join(folder, 'requests.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const callers = (operation: string) =>
      new Set(
        requests.filter((request) => request.operation === operation).map((request) => request.principal.split('/')[1]),
      );
    expect(callers('GetObject')).toEqual(new Set(['postroom-sorter-role']));
    expect(callers('SendMessageBatch')).toEqual(new Set(['postroom-sorter-role']));
    expect(callers('Publish')).toEqual(new Set(['postroom-crier-role']));
    expect(callers('ListObjectsV2')).toEqual(new Set(['postroom-counter-role']));
  });
});
