import { createHash, randomBytes } from 'node:crypto';

import {
  AbortMultipartUploadCommand,
  type ChecksumAlgorithm,
  type ChecksumType,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { refusal, type S3Cloud, startS3 } from './s3-cloud.ts';

const Bucket = 'assembly';
const PART = 5 * 1024 * 1024;
const bytes = randomBytes(PART + 1000);
const parts = [bytes.subarray(0, PART), bytes.subarray(PART)];
const md5 = (data: Uint8Array) => createHash('md5').update(data).digest();

describe('S3 multipart uploads', () => {
  let world: S3Cloud;
  beforeAll(async () => {
    world = await startS3();
    await world.s3.send(new CreateBucketCommand({ Bucket }));
  });
  afterAll(() => world.close());

  const begin = async (Key: string, more: object = {}) =>
    (await world.s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))).UploadId ?? '';
  const upload = (Key: string, UploadId: string, PartNumber: number, Body: Uint8Array | string, more: object = {}) =>
    world.s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ...more }));
  const complete = (Key: string, UploadId: string, Parts: object[], more: object = {}) =>
    world.s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more }));
  const bytesOf = async (Key: string, more: object = {}) =>
    Buffer.from(
      (await (await world.s3.send(new GetObjectCommand({ Bucket, Key, ...more }))).Body?.transformToByteArray()) ?? [],
    );

  it('assembles parts, uploaded in any order and replaced, under the ETag of their MD5s', async () => {
    const id = await begin('whole', { ContentType: 'text/csv', Metadata: { m: '1' } });
    const second = await upload('whole', id, 7, parts[1] ?? '');
    await upload('whole', id, 2, 'replaced');
    const first = await upload('whole', id, 2, parts[0] ?? '');

    const done = await complete('whole', id, [
      { PartNumber: 2, ETag: first.ETag },
      { PartNumber: 7, ETag: second.ETag },
    ]);

    const etag = `"${createHash('md5')
      .update(Buffer.concat(parts.map(md5)))
      .digest('hex')}-2"`;
    const head = await world.s3.send(new HeadObjectCommand({ Bucket, Key: 'whole' }));
    expect(done.ETag).toBe(etag);
    expect(head).toMatchObject({
      ETag: etag,
      ContentLength: bytes.length,
      ContentType: 'text/csv',
      Metadata: { m: '1' },
    });
    expect((await bytesOf('whole')).equals(bytes)).toBe(true);
    expect(
      (await bytesOf('whole', { Range: `bytes=${PART - 5}-${PART + 4}` })).equals(bytes.subarray(PART - 5, PART + 5)),
    ).toBe(true);
  });

  it.each([
    ['CRC32', 'FULL_OBJECT'],
    ['CRC32C', 'FULL_OBJECT'],
    ['CRC64NVME', 'FULL_OBJECT'],
    ['CRC32', 'COMPOSITE'],
    ['SHA256', 'COMPOSITE'],
  ] as const)(
    'computes a %s of type %s from those of the parts',
    async (algorithm: ChecksumAlgorithm, type: ChecksumType) => {
      const Key = `${algorithm}-${type}`;
      const id = await begin(Key, { ChecksumAlgorithm: algorithm, ChecksumType: type });
      const sent = [];
      for (const [index, part] of parts.entries()) {
        const answer = await upload(Key, id, index + 1, part, { ChecksumAlgorithm: algorithm });
        sent.push({
          PartNumber: index + 1,
          ETag: answer.ETag,
          [`Checksum${algorithm}`]: answer[`Checksum${algorithm}` as 'ChecksumCRC32'],
        });
      }
      await complete(Key, id, sent, { ChecksumType: type });
      const head = await world.s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
      const single = await world.s3.send(
        new PutObjectCommand({ Bucket, Key: 'single', Body: bytes, ChecksumAlgorithm: algorithm }),
      );

      const member = `Checksum${algorithm}` as 'ChecksumCRC32';
      expect(head.ChecksumType).toBe(type);
      if (type === 'FULL_OBJECT') expect(head[member]).toBe(single[member]);
      else expect(head[member]).toMatch(/^[A-Za-z0-9+/]+=*-2$/);
      expect((await bytesOf(Key, { ChecksumMode: 'ENABLED' })).equals(bytes)).toBe(true);
    },
  );

  it('copies stretches of another object into parts', async () => {
    await world.s3.send(new PutObjectCommand({ Bucket, Key: 'origin', Body: bytes }));
    const id = await begin('patched');
    const CopySource = `${Bucket}/origin`;
    const from = { Bucket, Key: 'patched', UploadId: id, CopySource };
    const first = await world.s3.send(
      new UploadPartCopyCommand({ ...from, PartNumber: 1, CopySourceRange: `bytes=1000-${PART + 999}` }),
    );
    const second = await world.s3.send(
      new UploadPartCopyCommand({ ...from, PartNumber: 2, CopySourceRange: 'bytes=0-999' }),
    );
    const refused = await refusal(
      world.s3.send(new UploadPartCopyCommand({ ...from, PartNumber: 3, CopySourceRange: `bytes=0-${bytes.length}` })),
    );

    await complete('patched', id, [
      { PartNumber: 1, ETag: first.CopyPartResult?.ETag },
      { PartNumber: 2, ETag: second.CopyPartResult?.ETag },
    ]);
    await world.s3.send(new DeleteObjectCommand({ Bucket, Key: 'origin' }));

    expect(first.CopyPartResult?.ETag).toBe(`"${md5(bytes.subarray(1000)).toString('hex')}"`);
    expect(refused).toMatchObject({ name: 'InvalidArgument', status: 400 });
    expect((await bytesOf('patched')).equals(Buffer.concat([bytes.subarray(1000), bytes.subarray(0, 1000)]))).toBe(
      true,
    );
  });

  it('makes one part again of an assembled object that is copied', async () => {
    const id = await begin('assembled');
    const { ETag } = await upload('assembled', id, 1, 'all of it');
    await complete('assembled', id, [{ PartNumber: 1, ETag }]);

    const copied = await world.s3.send(
      new CopyObjectCommand({ Bucket, Key: 'plain', CopySource: `${Bucket}/assembled` }),
    );

    expect(copied.CopyObjectResult?.ETag).toBe(`"${md5(Buffer.from('all of it')).toString('hex')}"`);
  });

  it('lists uploads and parts, page by page, and forgets what is aborted', async () => {
    const id = await begin('listed/a');
    const other = await begin('listed/b');
    for (const number of [1, 2, 3]) await upload('listed/a', id, number, `part ${number}`);

    const first = await world.s3.send(new ListPartsCommand({ Bucket, Key: 'listed/a', UploadId: id, MaxParts: 2 }));
    const rest = await world.s3.send(
      new ListPartsCommand({ Bucket, Key: 'listed/a', UploadId: id, PartNumberMarker: first.NextPartNumberMarker }),
    );
    const uploads = await world.s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'listed/' }));
    await world.s3.send(new AbortMultipartUploadCommand({ Bucket, Key: 'listed/a', UploadId: id }));
    const left = await world.s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'listed/' }));

    expect(first.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [1, 6],
      [2, 6],
    ]);
    expect(first.IsTruncated).toBe(true);
    expect(rest.Parts?.map(({ PartNumber }) => PartNumber)).toEqual([3]);
    expect(uploads.Uploads?.map(({ Key }) => Key)).toEqual(['listed/a', 'listed/b']);
    expect(left.Uploads?.map(({ UploadId }) => UploadId)).toEqual([other]);
    expect(await refusal(upload('listed/a', id, 4, 'late'))).toMatchObject({ name: 'NoSuchUpload', status: 404 });
  });

  it('refuses completions that name wrong parts', async () => {
    const id = await begin('wrong');
    const small = await upload('wrong', id, 1, 'small');
    const last = await upload('wrong', id, 2, 'last');

    const one = { PartNumber: 1, ETag: small.ETag };
    const two = { PartNumber: 2, ETag: last.ETag };
    expect(await refusal(complete('wrong', id, [two, one]))).toMatchObject({ name: 'InvalidPartOrder', status: 400 });
    expect(await refusal(complete('wrong', id, [one, two]))).toMatchObject({ name: 'EntityTooSmall', status: 400 });
    expect(await refusal(complete('wrong', id, [{ PartNumber: 1, ETag: last.ETag }]))).toMatchObject({
      name: 'InvalidPart',
      status: 400,
    });
    expect(await refusal(complete('wrong', id, []))).toMatchObject({ name: 'MalformedXML', status: 400 });
    expect(await refusal(complete('wrong', 'unknown', [one]))).toMatchObject({ name: 'NoSuchUpload', status: 404 });
    expect(await refusal(upload('wrong', id, 10_001, 'x'))).toMatchObject({ name: 'InvalidArgument', status: 400 });
    expect(await refusal(complete('wrong', id, [one], { MpuObjectSize: 4 }))).toMatchObject({
      name: 'InvalidRequest',
      status: 400,
    });
  });
});
