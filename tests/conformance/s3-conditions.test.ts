import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { refusal, type S3Cloud, START, startS3 } from './s3-cloud.ts';

const Bucket = 'conditions';
const before = new Date(START.getTime() - 3_600_000);
const after = new Date(START.getTime() + 3_600_000);

describe('S3 conditional requests', () => {
  let world: S3Cloud;
  beforeAll(async () => {
    world = await startS3();
    await world.s3.send(new CreateBucketCommand({ Bucket }));
  });
  afterAll(() => world.close());

  const put = (Key: string, Body: string, more: object = {}) =>
    world.s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
  const textOf = async (Key: string) =>
    (await world.s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString();

  it('writes once where If-None-Match asks for nothing to be there', async () => {
    await put('once', 'first', { IfNoneMatch: '*' });
    const refused = await refusal(put('once', 'second', { IfNoneMatch: '*' }));

    expect(refused).toMatchObject({ name: 'PreconditionFailed', status: 412 });
    expect(await textOf('once')).toBe('first');
  });

  it('lets exactly one of many simultaneous first writers win, and keeps what that one wrote', async () => {
    const bodies = Array.from({ length: 20 }, (_, index) => `writer ${index} `.repeat(1000));

    const outcomes = await Promise.allSettled(bodies.map((body) => put('race', body, { IfNoneMatch: '*' })));

    const winners = outcomes.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [index] : []));
    expect(winners).toHaveLength(1);
    expect(await textOf('race')).toBe(bodies[winners[0] ?? -1]);
  });

  it('lets exactly one of many simultaneous writers move a pointer', async () => {
    const { ETag } = await put('pointer', 'old');

    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => put('pointer', `new ${index}`, { IfMatch: ETag })),
    );

    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('writes again once the object is deleted', async () => {
    await put('cleared', 'first');
    await world.s3.send(new DeleteObjectCommand({ Bucket, Key: 'cleared' }));

    await put('cleared', 'second', { IfNoneMatch: '*' });

    expect(await textOf('cleared')).toBe('second');
  });

  it('refuses If-Match of another ETag with 412, and of a missing object with 404', async () => {
    await put('matched', 'first');

    expect(await refusal(put('matched', 'x', { IfMatch: '"00000000000000000000000000000000"' }))).toMatchObject({
      name: 'PreconditionFailed',
      status: 412,
    });
    expect(await refusal(put('missing', 'x', { IfMatch: '"00000000000000000000000000000000"' }))).toMatchObject({
      name: 'NoSuchKey',
      status: 404,
    });
  });

  it('refuses If-None-Match with an ETag on a write, which S3 does not know', async () => {
    expect(await refusal(put('k', 'x', { IfNoneMatch: '"abc"' }))).toMatchObject({
      name: 'NotImplemented',
      status: 501,
    });
  });

  it('deletes only the object that If-Match names', async () => {
    const { ETag } = await put('doomed', 'x');

    const refused = await refusal(
      world.s3.send(new DeleteObjectCommand({ Bucket, Key: 'doomed', IfMatch: '"other"' })),
    );
    await world.s3.send(new DeleteObjectCommand({ Bucket, Key: 'doomed', IfMatch: ETag }));

    expect(refused).toMatchObject({ name: 'PreconditionFailed', status: 412 });
    expect(await refusal(textOf('doomed'))).toMatchObject({ name: 'NoSuchKey' });
  });

  it('completes an upload only where nothing is, and keeps the upload when something is', async () => {
    const Key = 'assembled';
    const { UploadId } = await world.s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const { ETag } = await world.s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'part' }));
    const complete = () =>
      world.s3.send(
        new CompleteMultipartUploadCommand({
          Bucket,
          Key,
          UploadId,
          IfNoneMatch: '*',
          MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
        }),
      );
    await put(Key, 'in the way');

    const refused = await refusal(complete());
    await world.s3.send(new DeleteObjectCommand({ Bucket, Key }));
    await complete();

    expect(refused).toMatchObject({ name: 'PreconditionFailed', status: 412 });
    expect(await textOf(Key)).toBe('part');
  });

  describe('of a read', () => {
    let etag = '';
    beforeAll(async () => {
      etag = (await put('read', 'content')).ETag ?? '';
    });
    const head = async (members: object): Promise<number | undefined> => {
      try {
        return (await world.s3.send(new HeadObjectCommand({ Bucket, Key: 'read', ...members }))).$metadata
          .httpStatusCode;
      } catch (error) {
        return error instanceof Error && '$metadata' in error
          ? (error.$metadata as { httpStatusCode?: number }).httpStatusCode
          : undefined;
      }
    };

    it.each([
      ['its own ETag matches', () => ({ IfMatch: etag }), 200],
      ['another ETag does not match', () => ({ IfMatch: '"other"' }), 412],
      ['its own ETag is not to match', () => ({ IfNoneMatch: etag }), 304],
      ['another ETag is not to match', () => ({ IfNoneMatch: '"other"' }), 200],
      ['it was modified since', () => ({ IfModifiedSince: before }), 200],
      ['it was not modified since', () => ({ IfModifiedSince: START }), 304],
      ['a time that lies ahead is ignored', () => ({ IfModifiedSince: after }), 200],
      ['it was modified when it should not have been', () => ({ IfUnmodifiedSince: before }), 412],
      ['it was not modified, as asked', () => ({ IfUnmodifiedSince: START }), 200],
      ['If-Match outweighs If-Unmodified-Since', () => ({ IfMatch: etag, IfUnmodifiedSince: before }), 200],
      ['If-None-Match outweighs If-Modified-Since', () => ({ IfNoneMatch: etag, IfModifiedSince: before }), 304],
    ])('answers when %s', async (_what, members, status) => {
      expect(await head(members())).toBe(status);
    });
  });

  describe('of a copy', () => {
    let etag = '';
    const CopySource = `${Bucket}/copied`;
    beforeAll(async () => {
      etag = (await put('copied', 'data')).ETag ?? '';
    });
    const copy = (members: object) =>
      world.s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource, ...members }));

    it.each([
      ['If-Match', () => ({ CopySourceIfMatch: '"other"' })],
      ['If-Unmodified-Since', () => ({ CopySourceIfUnmodifiedSince: before })],
      ['If-None-Match', () => ({ CopySourceIfNoneMatch: etag })],
      ['If-None-Match', () => ({ CopySourceIfNoneMatch: etag.replaceAll('"', '') })],
      ['If-Modified-Since', () => ({ CopySourceIfModifiedSince: START })],
    ])('is refused by %s of its source, and the error names the header', async (condition, members) => {
      const response = await copy(members()).then(
        () => undefined,
        (error: unknown) => error,
      );

      expect(response).toMatchObject({
        name: 'PreconditionFailed',
        Condition: `x-amz-copy-source-${condition}`,
        message: 'At least one of the pre-conditions you specified did not hold',
      });
    });

    it('goes through when its conditions hold, and when a time lies ahead', async () => {
      const held = await copy({ CopySourceIfMatch: etag, CopySourceIfUnmodifiedSince: before });
      const ahead = await copy({ CopySourceIfModifiedSince: after });

      expect(held.CopyObjectResult?.ETag).toBe(etag);
      expect(ahead.CopyObjectResult?.ETag).toBe(etag);
    });

    it('obeys conditions on what it would replace', async () => {
      await put('occupied', 'old');

      const refused = await refusal(
        world.s3.send(new CopyObjectCommand({ Bucket, Key: 'occupied', CopySource, IfNoneMatch: '*' })),
      );

      expect(refused).toMatchObject({ name: 'PreconditionFailed', status: 412 });
      expect(await textOf('occupied')).toBe('old');
    });
  });
});
