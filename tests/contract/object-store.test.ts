import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { folderStore } from '../../cli/offline/folder-store.ts';
import { createCloud, type LocalCloud } from '../../local/cloud.ts';
import { s3ObjectStore } from '../../shared/aws/s3-object-store.ts';
import { NotFoundError } from '../../shared/errors.ts';
import { memoryObjectStore } from '../../shared/ledger/memory-object-store.ts';
import type { ObjectStore } from '../../shared/ledger/object-store.ts';

let cloud: LocalCloud;
let folder: string;

beforeAll(async () => {
  cloud = await createCloud();
  folder = await mkdtemp(join(tmpdir(), 'object-store-'));
});
afterAll(async () => {
  await cloud.close();
  await rm(folder, { recursive: true, force: true });
});

let buckets = 0;
const onS3 = async (): Promise<ObjectStore> => {
  const s3 = new S3Client({
    endpoint: cloud.url,
    region: cloud.region,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  buckets += 1;
  const Bucket = `store-${buckets}`;
  await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }));
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  return s3ObjectStore(Bucket, s3);
};

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

const textOf = async (store: ObjectStore, key: string, version?: string) => {
  const { body } = await store.open(key, version);
  return Buffer.concat(await collect(body)).toString();
};

const inFolder = async (): Promise<ObjectStore> => folderStore(await mkdtemp(join(folder, 'store-')));

describe.each([
  ['in a folder', inFolder],
  ['in memory', async (): Promise<ObjectStore> => memoryObjectStore()],
  ['on S3', onS3],
])('an object store %s', (_, create) => {
  it('lists the folders directly below a prefix, and no object that lies beside them', async () => {
    const store = await create();
    for (const key of ['a/b/1.json', 'a/b/c/2.json', 'a/d e/3.json', 'a/4.json', 'ab/5.json'])
      await store.put(key, '{}');

    expect(await collect(store.folders('a/'))).toEqual(['a/b/', 'a/d e/']);
    expect(await collect(store.folders('none/'))).toEqual([]);
  });

  it('gives back what was put, and nothing for a key nobody wrote', async () => {
    const store = await create();
    expect(await store.put('a/b.json', '{"x":1}')).toBe('written');
    expect(new TextDecoder().decode((await store.get('a/b.json'))?.body)).toBe('{"x":1}');
    expect(await store.get('a/c.json')).toBeUndefined();
  });

  it('lets one of many writers of an absent key win', async () => {
    const store = await create();
    const outcomes = await Promise.all([1, 2, 3, 4].map((n) => store.put('fact.json', `${n}`, 'absent')));
    expect(outcomes.sort()).toEqual(['conflict', 'conflict', 'conflict', 'written']);
  });

  it('replaces an object only while it is the one that was seen', async () => {
    const store = await create();
    await store.put('pointer.json', 'one');
    const seen = (await store.get('pointer.json'))?.etag ?? '';
    expect(await store.put('pointer.json', 'two', { etag: seen })).toBe('written');
    expect(await store.put('pointer.json', 'three', { etag: seen })).toBe('conflict');
    expect(await store.put('nowhere.json', 'three', { etag: seen })).toBe('conflict');
    expect(await textOf(store, 'pointer.json')).toBe('two');
  });

  it('lists below a prefix in the order of the keys', async () => {
    const store = await create();
    for (const key of ['p/b', 'p/a', 'q/c', 'p/é']) await store.put(key, key);
    expect(await collect(store.list('p/'))).toEqual([
      { key: 'p/a', sizeBytes: 3 },
      { key: 'p/b', sizeBytes: 3 },
      { key: 'p/é', sizeBytes: 4 },
    ]);
  });

  it('opens the version asked for, and says when there is none', async () => {
    const store = await create();
    const file = join(folder, 'upload.txt');
    await writeFile(file, 'uploaded');
    await store.upload('u.txt', file, 'text/plain');
    const [version] = await collect(store.currentVersions('u'));
    expect(version).toMatchObject({ key: 'u.txt', sizeBytes: 8 });
    expect(await textOf(store, 'u.txt', version?.versionId)).toBe('uploaded');
    await expect(store.open('v.txt')).rejects.toThrow(NotFoundError);
  });

  it.each([
    ['nothing', 0],
    ['few bytes', 8],
    ['more than moves in one piece', 9 * 2 ** 20],
  ])('moves files of %s there and back', async (_what, bytes) => {
    const store = await create();
    const [there, back] = [join(folder, 'there'), join(folder, 'back')];
    const sent = Buffer.alloc(bytes, 'abcdefg');
    await writeFile(there, sent);

    await store.upload('file', there, 'application/octet-stream');
    await store.download('file', back);

    expect(sent.equals(await readFile(back))).toBe(true);
    await expect(store.download('none', back)).rejects.toThrow(NotFoundError);
  });
});
