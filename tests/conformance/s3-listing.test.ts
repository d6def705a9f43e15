import {
  CreateBucketCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import fc from '../fast-check.ts';

import { refusal, type S3Cloud, startS3 } from './s3-cloud.ts';

const Bucket = 'catalogue';
const KEYS = ['a', 'a/', 'a/1', 'a/2', 'a/b/3', 'a/b/4', 'a0', 'b/x', 'c', '\u{ff5e}', '\u{1f600}'];

describe('listing S3 objects', () => {
  let world: S3Cloud;
  beforeAll(async () => {
    world = await startS3();
    await world.s3.send(new CreateBucketCommand({ Bucket }));
    for (const key of [...KEYS].reverse()) await world.cloud.s3.write(Bucket, key, `<${key}>`);
  });
  afterAll(() => world.close());

  const list = async (input: Partial<ListObjectsV2CommandInput>) => {
    const page = await world.s3.send(new ListObjectsV2Command({ Bucket, ...input }));
    return {
      keys: (page.Contents ?? []).map(({ Key }) => Key),
      prefixes: (page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
      page,
    };
  };

  it('lists keys in the order of their UTF-8 bytes', async () => {
    const { keys, page } = await list({});

    expect(keys).toEqual(KEYS);
    expect(page).toMatchObject({ KeyCount: KEYS.length, IsTruncated: false, MaxKeys: 1000, Name: Bucket });
    expect(page.Contents?.[2]).toMatchObject({ Key: 'a/1', Size: 5, StorageClass: 'STANDARD' });
  });

  it.each([
    [{ Prefix: 'a/' }, ['a/', 'a/1', 'a/2', 'a/b/3', 'a/b/4'], []],
    [{ Delimiter: '/' }, ['a', 'a0', 'c', '\u{ff5e}', '\u{1f600}'], ['a/', 'b/']],
    [{ Prefix: 'a/', Delimiter: '/' }, ['a/', 'a/1', 'a/2'], ['a/b/']],
    [{ Prefix: 'a', Delimiter: '/' }, ['a', 'a0'], ['a/']],
    [{ Prefix: 'none' }, [], []],
    [{ StartAfter: 'a/b/3' }, ['a/b/4', 'a0', 'b/x', 'c', '\u{ff5e}', '\u{1f600}'], []],
    [{ StartAfter: 'a/b', Prefix: 'a/' }, ['a/b/3', 'a/b/4'], []],
    [{ StartAfter: 'zzz', Prefix: 'a/' }, [], []],
    [{ MaxKeys: 0 }, [], []],
  ])('lists with %j', async (input, keys, prefixes) => {
    const found = await list(input);

    expect(found.keys).toEqual(keys);
    expect(found.prefixes).toEqual(prefixes);
  });

  it.each([1, 2, 3, 4, 7])('pages through everything once, %d at a time', async (pageSize) => {
    const keys: (string | undefined)[] = [];
    for await (const page of paginateListObjectsV2({ client: world.s3, pageSize }, { Bucket })) {
      expect(page.Contents?.length ?? 0).toBeLessThanOrEqual(pageSize);
      keys.push(...(page.Contents ?? []).map(({ Key }) => Key));
    }

    expect(keys).toEqual(KEYS);
  });

  it.each([1, 2, 3])('pages through folders and objects once, %d at a time', async (pageSize) => {
    const found: (string | undefined)[] = [];
    for await (const page of paginateListObjectsV2({ client: world.s3, pageSize }, { Bucket, Delimiter: '/' })) {
      found.push(
        ...(page.Contents ?? []).map(({ Key }) => Key),
        ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
      );
    }

    expect([...found].sort()).toEqual(['a', 'a0', 'c', '\u{ff5e}', '\u{1f600}', 'a/', 'b/'].sort());
  });

  it('lists the same in the first version of the operation', async () => {
    const first = await world.s3.send(new ListObjectsCommand({ Bucket, Delimiter: '/', MaxKeys: 2 }));
    const second = await world.s3.send(new ListObjectsCommand({ Bucket, Delimiter: '/', Marker: first.NextMarker }));

    expect(first).toMatchObject({ IsTruncated: true, NextMarker: 'a/' });
    expect(first.Contents?.map(({ Key }) => Key)).toEqual(['a']);
    expect(second.Contents?.map(({ Key }) => Key)).toEqual(['a0', 'c', '\u{ff5e}', '\u{1f600}']);
    expect(second.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(['b/']);
  });

  it('encodes keys for clients that ask for it', async () => {
    const { keys } = await list({ EncodingType: 'url', Prefix: '\u{ff5e}' });

    expect(keys).toEqual([encodeURIComponent('\u{ff5e}')]);
  });

  it('tells the owner to those who ask', async () => {
    const { page } = await list({ FetchOwner: true, MaxKeys: 1 });

    expect(page.Contents?.[0]?.Owner?.ID).toBe(world.cloud.account);
  });

  it('refuses a token it did not give, and an encoding it does not know', async () => {
    expect(await refusal(list({ ContinuationToken: 'made-up' }))).toMatchObject({
      name: 'InvalidArgument',
      status: 400,
    });
    expect(await refusal(list({ EncodingType: 'base64' as 'url' }))).toMatchObject({
      name: 'InvalidArgument',
      status: 400,
    });
    expect(await refusal(list({ MaxKeys: -1 }))).toMatchObject({ name: 'InvalidArgument', status: 400 });
  });

  it('agrees with a plain filter and sort, whatever the keys', async () => {
    const alphabet = fc.string({
      unit: fc.constantFrom('a', 'b', '/', 'é', '\u{ffee}', '\u{1f4a1}'),
      minLength: 1,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(alphabet, { maxLength: 12 }),
        alphabet,
        fc.integer({ min: 1, max: 4 }),
        async (keys, startAfter, pageSize) => {
          const name = `p${world.cloud.id(20)}`;
          await world.s3.send(new CreateBucketCommand({ Bucket: name }));
          for (const key of keys) await world.cloud.s3.write(name, key, '');
          const bytes = (key: string) => Buffer.from(key);
          const expected = keys
            .filter((key) => key.startsWith('a') && Buffer.compare(bytes(key), bytes(startAfter)) > 0)
            .sort((a, b) => Buffer.compare(bytes(a), bytes(b)));

          const found: (string | undefined)[] = [];
          for await (const page of paginateListObjectsV2(
            { client: world.s3, pageSize },
            { Bucket: name, Prefix: 'a', StartAfter: startAfter },
          )) {
            found.push(...(page.Contents ?? []).map(({ Key }) => Key));
          }

          expect(found).toEqual(expected);
        },
      ),
      { numRuns: 40, seed: 7 },
    );
  });
});
