import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { refusal, type S3Cloud, startS3 } from './s3-cloud.ts';

describe('S3 versions', () => {
  let world: S3Cloud;
  let Bucket = '';
  beforeAll(async () => {
    world = await startS3();
  });
  beforeEach(async () => {
    Bucket = `b${world.cloud.id(16)}`;
    await world.s3.send(new CreateBucketCommand({ Bucket }));
  });
  afterAll(() => world.close());

  const versioning = (Status: 'Enabled' | 'Suspended') =>
    world.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
  const put = async (Key: string, Body: string) =>
    (await world.s3.send(new PutObjectCommand({ Bucket, Key, Body }))).VersionId;
  const textOf = async (Key: string, VersionId?: string) =>
    (
      await world.s3.send(new GetObjectCommand({ Bucket, Key, ...(VersionId !== undefined && { VersionId }) }))
    ).Body?.transformToString();

  it('is off until it is turned on', async () => {
    const off = await world.s3.send(new GetBucketVersioningCommand({ Bucket }));
    const unversioned = await put('k', 'x');
    await versioning('Enabled');
    const on = await world.s3.send(new GetBucketVersioningCommand({ Bucket }));

    expect(off.Status).toBeUndefined();
    expect(unversioned).toBeUndefined();
    expect(on.Status).toBe('Enabled');
  });

  it('keeps every version readable by its id', async () => {
    await versioning('Enabled');
    const first = await put('k', 'first');
    const second = await put('k', 'second');

    expect(first).not.toBe(second);
    expect(await textOf('k')).toBe('second');
    expect(await textOf('k', first)).toBe('first');
    expect(await refusal(textOf('k', 'L4kqtJlcpXroDTDmpUMLUo1234567890'))).toMatchObject({
      name: 'NoSuchVersion',
      status: 404,
    });
    expect(await refusal(textOf('k', 'unknown'))).toMatchObject({ name: 'InvalidArgument', status: 400 });
  });

  it('keeps what was there before as the null version', async () => {
    await put('k', 'before');
    await versioning('Enabled');
    await put('k', 'after');

    expect(await textOf('k', 'null')).toBe('before');
  });

  it('hides a deleted object behind a marker, and shows it again when the marker goes', async () => {
    await versioning('Enabled');
    const version = await put('k', 'kept');

    const deleted = await world.s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    const hidden = await world.s3.send(new GetObjectCommand({ Bucket, Key: 'k' })).catch((error: unknown) => error);
    const listed = await world.s3.send(new ListObjectsV2Command({ Bucket }));
    const byMarker = await refusal(textOf('k', deleted.VersionId));
    const undeleted = await world.s3.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId: deleted.VersionId }));

    expect(deleted.DeleteMarker).toBe(true);
    expect(hidden).toMatchObject({
      name: 'NoSuchKey',
      $response: { headers: { 'x-amz-delete-marker': 'true', 'x-amz-version-id': deleted.VersionId } },
    });
    expect(listed.KeyCount).toBe(0);
    expect(byMarker).toMatchObject({ name: 'MethodNotAllowed', status: 405 });
    expect(undeleted).toMatchObject({ DeleteMarker: true, VersionId: deleted.VersionId });
    expect(await textOf('k')).toBe('kept');
    expect(await textOf('k', version)).toBe('kept');
  });

  it('removes one version for good', async () => {
    await versioning('Enabled');
    const first = await put('k', 'first');
    const second = await put('k', 'second');

    await world.s3.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId: second }));

    expect(await textOf('k')).toBe('first');
    expect((await world.s3.send(new HeadObjectCommand({ Bucket, Key: 'k' }))).VersionId).toBe(first);
    expect(await refusal(textOf('k', second))).toMatchObject({ name: 'NoSuchVersion' });
  });

  it('replaces only the null version while suspended', async () => {
    await versioning('Enabled');
    const kept = await put('k', 'kept');
    await versioning('Suspended');
    await put('k', 'null one');
    await put('k', 'null two');

    const { Versions = [] } = await world.s3.send(new ListObjectVersionsCommand({ Bucket }));

    expect(Versions.map(({ VersionId }) => VersionId)).toEqual(['null', kept]);
    expect(await textOf('k')).toBe('null two');
    expect(await textOf('k', kept)).toBe('kept');
  });

  it('lists versions and markers, newest first, page by page', async () => {
    await versioning('Enabled');
    const ids: (string | undefined)[] = [];
    for (const [key, text] of [
      ['a', '1'],
      ['a', '2'],
      ['a', '3'],
      ['b', '1'],
      ['c/d', '1'],
    ] as const)
      ids.push(await put(key, text));
    const marker = (await world.s3.send(new DeleteObjectCommand({ Bucket, Key: 'b' }))).VersionId;
    const whole = await world.s3.send(new ListObjectVersionsCommand({ Bucket }));

    for (const pageSize of [1, 2, 3, 10]) {
      const found: (string | undefined)[] = [];
      let markers: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
      for (let isTruncated = true; isTruncated; ) {
        const page = await world.s3.send(new ListObjectVersionsCommand({ Bucket, MaxKeys: pageSize, ...markers }));
        const rows = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])];
        expect(rows.length).toBeLessThanOrEqual(pageSize);
        found.push(...rows.map(({ VersionId }) => VersionId));
        markers = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
        isTruncated = page.IsTruncated ?? false;
      }
      expect([...found].sort()).toEqual([...ids, marker].sort());
    }
    expect(
      whole.Versions?.filter(({ Key }) => Key === 'a').map(({ VersionId, IsLatest }) => [VersionId, IsLatest]),
    ).toEqual([
      [ids[2], true],
      [ids[1], false],
      [ids[0], false],
    ]);
    expect(whole.DeleteMarkers).toMatchObject([{ Key: 'b', VersionId: marker, IsLatest: true }]);
  });

  it('rolls versions up by delimiter', async () => {
    await versioning('Enabled');
    await put('a/1', 'x');
    await put('a/2', 'x');
    await put('b', 'x');

    const listed = await world.s3.send(new ListObjectVersionsCommand({ Bucket, Delimiter: '/' }));

    expect(listed.CommonPrefixes).toEqual([{ Prefix: 'a/' }]);
    expect(listed.Versions?.map(({ Key }) => Key)).toEqual(['b']);
  });

  it('copies one version of an object', async () => {
    await versioning('Enabled');
    const first = await put('k', 'first');
    await put('k', 'second');

    const copied = await world.s3.send(
      new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/k?versionId=${first}` }),
    );

    expect(copied.CopySourceVersionId).toBe(first);
    expect(copied.VersionId).toBeDefined();
    expect(await textOf('copy')).toBe('first');
  });

  it('does not delete a bucket that only has old versions', async () => {
    await versioning('Enabled');
    await put('k', 'x');
    await world.s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));

    expect(await refusal(world.s3.send(new DeleteBucketCommand({ Bucket })))).toMatchObject({
      name: 'BucketNotEmpty',
      status: 409,
    });
  });
});
