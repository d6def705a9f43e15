import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';

import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetBucketAclCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { signed } from './lambda-stack.ts';
import { refusal, type S3Cloud, START, startS3 } from './s3-cloud.ts';

const Bucket = 'shelf';

describe('S3 objects over HTTP', () => {
  let world: S3Cloud;
  beforeAll(async () => {
    world = await startS3();
    await world.s3.send(new CreateBucketCommand({ Bucket }));
  });
  afterAll(() => world.close());

  const put = (Key: string, Body: string | Buffer = 'text', more: object = {}) =>
    world.s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
  const textOf = async (Key: string, more: object = {}) =>
    (await world.s3.send(new GetObjectCommand({ Bucket, Key, ...more }))).Body?.transformToString();

  it.each([
    'plain',
    'a/b/c.csv',
    'spaces and+plus',
    'ümläut/日本',
    'quo\'te"&<x>',
    'dots/../x',
    'a//b',
    'percent%20',
    '~()!*',
    'tail/',
  ])('gives back what was put under the key %j', async (key) => {
    const stored = await world.s3.send(new PutObjectCommand({ Bucket, Key: key, Body: `content of ${key}` }));
    const head = await world.s3.send(new HeadObjectCommand({ Bucket, Key: key }));

    expect(await textOf(key)).toBe(`content of ${key}`);
    expect(head.ETag).toBe(stored.ETag);
    expect(head.ContentLength).toBe(Buffer.byteLength(`content of ${key}`));
    expect(head.LastModified).toEqual(START);
  });

  it('keeps content type, content headers, metadata and storage class', async () => {
    await put('described', 'x', {
      ContentType: 'text/csv',
      CacheControl: 'no-cache',
      ContentDisposition: 'attachment',
      ContentEncoding: 'gzip',
      ContentLanguage: 'de',
      Metadata: { origin: 'sensor-7', empty: '' },
      StorageClass: 'STANDARD_IA',
    });

    const head = await world.s3.send(new HeadObjectCommand({ Bucket, Key: 'described' }));

    expect(head).toMatchObject({
      ContentType: 'text/csv',
      CacheControl: 'no-cache',
      ContentDisposition: 'attachment',
      ContentEncoding: 'gzip',
      ContentLanguage: 'de',
      Metadata: { origin: 'sensor-7', empty: '' },
      StorageClass: 'STANDARD_IA',
      ServerSideEncryption: 'AES256',
    });
  });

  it('answers the content headers a reader asks to have overridden', async () => {
    await put('overridden');

    const got = await world.s3.send(
      new GetObjectCommand({
        Bucket,
        Key: 'overridden',
        ResponseContentType: 'text/html',
        ResponseContentDisposition: 'inline',
      }),
    );

    expect(got).toMatchObject({ ContentType: 'text/html', ContentDisposition: 'inline' });
  });

  it('unframes a stream that is sent aws-chunked with its checksum in a trailer', async () => {
    const bytes = randomBytes(300_000);
    const pieces = [bytes.subarray(0, 7), bytes.subarray(7, 100_000), bytes.subarray(100_000)];

    await world.s3.send(
      new PutObjectCommand({ Bucket, Key: 'streamed', Body: Readable.from(pieces), ContentLength: bytes.length }),
    );

    const got = await world.s3.send(new GetObjectCommand({ Bucket, Key: 'streamed', ChecksumMode: 'ENABLED' }));
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true);
    expect(got.ContentEncoding).toBeUndefined();
    expect(got.ChecksumCRC32).toBeDefined();
  });

  it.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'keeps a %s the client sends, and computes the same',
    async (ChecksumAlgorithm) => {
      const put = await world.s3.send(
        new PutObjectCommand({ Bucket, Key: 'summed', Body: '123456789', ChecksumAlgorithm: 'SHA256' }),
      );
      const again = await world.s3.send(
        new CopyObjectCommand({ Bucket, Key: 'summed-again', CopySource: `${Bucket}/summed`, ChecksumAlgorithm }),
      );
      const head = await world.s3.send(new HeadObjectCommand({ Bucket, Key: 'summed-again', ChecksumMode: 'ENABLED' }));

      // The published check values of "123456789".
      const known = {
        CRC32: 'cbf43926',
        CRC32C: 'e3069283',
        CRC64NVME: 'ae8b14860a799888',
        SHA1: 'f7c3bc1d808e04732adf679965ccc34ca7ae3441',
        SHA256: '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
      };
      const expected = Buffer.from(known[ChecksumAlgorithm], 'hex').toString('base64');
      expect(put.ChecksumSHA256).toBe(Buffer.from(known.SHA256, 'hex').toString('base64'));
      expect(again.CopyObjectResult?.[`Checksum${ChecksumAlgorithm}`]).toBe(expected);
      expect(head[`Checksum${ChecksumAlgorithm}`]).toBe(expected);
      expect(head.ChecksumType).toBe('FULL_OBJECT');
    },
  );

  it.each([
    ['a CRC32', { ChecksumCRC32: 'AAAAAA==' }, 'BadDigest'],
    ['a SHA-256', { ChecksumSHA256: Buffer.alloc(32).toString('base64') }, 'BadDigest'],
    ['a Content-MD5', { ContentMD5: Buffer.alloc(16).toString('base64') }, 'BadDigest'],
    ['a Content-MD5 that is none', { ContentMD5: 'bm9uZQ==' }, 'InvalidDigest'],
    ['a checksum of a wrong length', { ChecksumSHA1: 'AAAA' }, 'InvalidRequest'],
  ])('refuses a body that does not match %s, and keeps nothing', async (_what, members, code) => {
    const refused = await refusal(
      world.s3.send(new PutObjectCommand({ Bucket, Key: 'broken', Body: 'text', ...members })),
    );

    expect(refused).toMatchObject({ name: code, status: 400 });
    expect(await refusal(textOf('broken'))).toMatchObject({ name: 'NoSuchKey', status: 404 });
  });

  it.each([
    ['bytes=0-3', '0123', 'bytes 0-3/10'],
    ['bytes=4-', '456789', 'bytes 4-9/10'],
    ['bytes=-2', '89', 'bytes 8-9/10'],
    ['bytes=8-99', '89', 'bytes 8-9/10'],
    ['bytes=-99', '0123456789', 'bytes 0-9/10'],
  ])('answers the range %s', async (Range, text, contentRange) => {
    await put('digits', '0123456789');

    const got = await world.s3.send(new GetObjectCommand({ Bucket, Key: 'digits', Range }));

    expect(await got.Body?.transformToString()).toBe(text);
    expect(got.ContentRange).toBe(contentRange);
    expect(got.ContentLength).toBe(text.length);
    expect(got.$metadata.httpStatusCode).toBe(206);
  });

  it('answers the whole object to ranges S3 does not know, and refuses one that lies past the end', async () => {
    await put('digits', '0123456789');

    expect(await textOf('digits', { Range: 'bytes=0-1,4-5' })).toBe('0123456789');
    expect(await textOf('digits', { Range: 'lines=1-2' })).toBe('0123456789');
    expect(await refusal(textOf('digits', { Range: 'bytes=10-' }))).toMatchObject({
      name: 'InvalidRange',
      status: 416,
    });
  });

  it('deletes, and deletes again without complaint', async () => {
    await put('gone');

    await world.s3.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }));
    const again = await world.s3.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }));

    expect(again.$metadata.httpStatusCode).toBe(204);
    expect(await refusal(textOf('gone'))).toMatchObject({ name: 'NoSuchKey', status: 404 });
    expect(await refusal(world.s3.send(new HeadObjectCommand({ Bucket, Key: 'gone' })))).toMatchObject({
      name: 'NotFound',
      status: 404,
    });
  });

  it('deletes many at once, keys with markup and carriage returns among them', async () => {
    const keys = ['many/1', 'many/<&>"\'', 'many/line\rfeed\n', 'many/ padded '];
    for (const key of keys) await put(key);

    const result = await world.s3.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: [...keys, 'many/none'].map((Key) => ({ Key })) } }),
    );

    expect(result.Deleted?.map(({ Key }) => Key)).toEqual([...keys, 'many/none']);
    for (const key of keys) expect(await refusal(textOf(key))).toMatchObject({ name: 'NoSuchKey' });
  });

  it('tells only errors when many are deleted quietly', async () => {
    await put('quiet');

    const result = await world.s3.send(
      new DeleteObjectsCommand({
        Bucket,
        Delete: { Quiet: true, Objects: [{ Key: 'quiet', ETag: '"other"' }, { Key: 'none' }] },
      }),
    );

    expect(result.Deleted).toBeUndefined();
    expect(result.Errors).toMatchObject([{ Key: 'quiet', Code: 'PreconditionFailed' }]);
  });

  it('copies an object with its metadata, or with other metadata', async () => {
    await put('source ü', 'body', { ContentType: 'text/plain', Metadata: { a: '1' }, Tagging: 'k=v' });
    const CopySource = encodeURIComponent(`${Bucket}/source ü`);

    await world.s3.send(new CopyObjectCommand({ Bucket, Key: 'copied', CopySource }));
    await world.s3.send(
      new CopyObjectCommand({
        Bucket,
        Key: 'changed',
        CopySource,
        MetadataDirective: 'REPLACE',
        Metadata: { b: '2' },
        ContentType: 'text/html',
      }),
    );
    await world.s3.send(new DeleteObjectCommand({ Bucket, Key: 'source ü' }));

    const copied = await world.s3.send(new GetObjectCommand({ Bucket, Key: 'copied' }));
    const changed = await world.s3.send(new GetObjectCommand({ Bucket, Key: 'changed' }));
    expect(await copied.Body?.transformToString()).toBe('body');
    expect(copied).toMatchObject({ ContentType: 'text/plain', Metadata: { a: '1' }, TagCount: 1 });
    expect(await changed.Body?.transformToString()).toBe('body');
    expect(changed).toMatchObject({ ContentType: 'text/html', Metadata: { b: '2' } });
  });

  it('refuses to copy an object onto itself unchanged', async () => {
    await put('self');

    const refused = await refusal(
      world.s3.send(new CopyObjectCommand({ Bucket, Key: 'self', CopySource: `${Bucket}/self` })),
    );

    expect(refused).toMatchObject({ name: 'InvalidRequest', status: 400 });
  });

  it('keeps tags, given with the object or later', async () => {
    await put('tagged', 'x', { Tagging: 'colour=red&note=two%20words' });
    const first = await world.s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'tagged' }));
    await world.s3.send(
      new PutObjectTaggingCommand({ Bucket, Key: 'tagged', Tagging: { TagSet: [{ Key: 'shape', Value: 'round' }] } }),
    );
    const second = await world.s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'tagged' }));
    await world.s3.send(new DeleteObjectTaggingCommand({ Bucket, Key: 'tagged' }));
    const third = await world.s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'tagged' }));

    expect(first.TagSet).toEqual([
      { Key: 'colour', Value: 'red' },
      { Key: 'note', Value: 'two words' },
    ]);
    expect(second.TagSet).toEqual([{ Key: 'shape', Value: 'round' }]);
    expect(third.TagSet).toEqual([]);
  });

  it('makes, finds, lists and deletes buckets', async () => {
    await world.s3.send(new CreateBucketCommand({ Bucket: 'second' }));
    const listed = await world.s3.send(new ListBucketsCommand({}));
    const head = await world.s3.send(new HeadBucketCommand({ Bucket: 'second' }));
    const location = await world.s3.send(new GetBucketLocationCommand({ Bucket: 'second' }));
    await world.s3.send(new DeleteBucketCommand({ Bucket: 'second' }));

    expect(listed.Buckets?.map(({ Name }) => Name)).toContain('second');
    expect(head.BucketRegion).toBe(world.cloud.region);
    expect(location.LocationConstraint).toBe(world.cloud.region);
    expect(await refusal(world.s3.send(new HeadBucketCommand({ Bucket: 'second' })))).toMatchObject({ status: 404 });
  });

  it('makes no bucket whose region is not named, but in us-east-1', async () => {
    // The SDK names it by itself; boto3 and the AWS CLI do not.
    const make = async (region: string, bucket: string) => {
      const url = `${world.cloud.url}/${bucket}`;
      const headers = signed('s3', 'PUT', url, '', { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }, region);
      const answer = await fetch(url, { method: 'PUT', headers });
      return { status: answer.status, text: await answer.text() };
    };

    const refused = await make('eu-west-1', 'unnamed');
    const made = await make('us-east-1', 'first-region');

    expect(refused).toEqual({ status: 400, text: expect.stringContaining('IllegalLocationConstraintException') });
    expect(refused.text).toContain('The unspecified location constraint is incompatible');
    expect(made.status).toBe(200);
  });

  it.each([
    ['a name that breaks the rules', () => new CreateBucketCommand({ Bucket: 'Upper_Case' }), 'InvalidBucketName', 400],
    ['a bucket that is there', () => new CreateBucketCommand({ Bucket }), 'BucketAlreadyOwnedByYou', 409],
    [
      'another region',
      () =>
        new CreateBucketCommand({ Bucket: 'abroad', CreateBucketConfiguration: { LocationConstraint: 'ap-south-1' } }),
      'IllegalLocationConstraintException',
      400,
    ],
    ['a bucket with objects', () => new DeleteBucketCommand({ Bucket }), 'BucketNotEmpty', 409],
    ['another owner', () => new HeadBucketCommand({ Bucket, ExpectedBucketOwner: '111111111111' }), '403', 403],
    [
      'a bucket that is not there',
      () => new PutObjectCommand({ Bucket: 'nowhere', Key: 'k', Body: 'x' }),
      'NoSuchBucket',
      404,
    ],
    [
      'a key that is too long',
      () => new PutObjectCommand({ Bucket, Key: 'k'.repeat(1025), Body: 'x' }),
      'KeyTooLongError',
      400,
    ],
    [
      'metadata that is too large',
      () => new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', Metadata: { m: 'x'.repeat(2048) } }),
      'MetadataTooLarge',
      400,
    ],
    [
      'an access list that opens the object',
      () => new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ACL: 'public-read' }),
      'AccessControlListNotSupported',
      400,
    ],
    [
      'an archive class',
      () => new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', StorageClass: 'DEEP_ARCHIVE' }),
      'NotImplemented',
      501,
    ],
    [
      'two tags of one key',
      () => new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', Tagging: 'a=1&a=2' }),
      'InvalidTag',
      400,
    ],
  ])('refuses %s', async (_what, command, code, status) => {
    await put('occupant');

    const refused = await refusal(world.s3.send(command() as PutObjectCommand));

    expect(refused.status).toBe(status);
    if (!/^\d+$/.test(code)) expect(refused.name).toBe(code);
  });

  it('refuses by name what it has not', async () => {
    await put('lonely');

    const refusals = [
      await refusal(world.s3.send(new GetBucketAclCommand({ Bucket }))),
      await refusal(world.s3.send(new PutObjectAclCommand({ Bucket, Key: 'lonely', ACL: 'private' }))),
      await refusal(world.s3.send(new GetObjectCommand({ Bucket, Key: 'lonely', PartNumber: 1 }))),
      await refusal(
        world.s3.send(new PutObjectCommand({ Bucket, Key: 'lonely', Body: 'x', ObjectLockLegalHoldStatus: 'ON' })),
      ),
      await refusal(world.s3.send(new GetObjectCommand({ Bucket, Key: 'lonely', RequestPayer: 'requester' }))),
    ];

    expect(refusals.map(({ name, status }) => `${name} ${status}`)).toEqual(Array(5).fill('NotImplemented 501'));
    const words = refusals.map(({ message }) => message);
    expect(words[0]).toContain('acl');
    expect(words[1]).toContain('acl');
    expect(words[2]).toContain('partNumber');
    expect(words[3]).toContain('x-amz-object-lock-legal-hold');
    expect(words[4]).toContain('x-amz-request-payer');
  });

  it('lets an object be read to its end while it is replaced', async () => {
    const bytes = randomBytes(3_000_000);
    await put('long', bytes);

    const got = await world.s3.send(new GetObjectCommand({ Bucket, Key: 'long' }));
    await put('long', 'short now');

    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true);
    expect(await textOf('long')).toBe('short now');
  });
});
