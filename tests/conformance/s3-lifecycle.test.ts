import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { JsonObject } from '../../local/contracts.ts';
import { type S3Cloud, startS3 } from './s3-cloud.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('a lifecycle rule', () => {
  let world: S3Cloud;
  let folder = '';
  beforeEach(async () => {
    world = await startS3();
    folder = await mkdtemp(join(tmpdir(), 's3-lifecycle-'));
  });
  afterEach(async () => {
    await world.close();
    await rm(folder, { recursive: true, force: true });
  });

  const deploy = async (rules: JsonObject[], properties: JsonObject = {}) => {
    const template = join(folder, 'template.json');
    const Old = {
      Type: 'AWS::S3::Bucket',
      Properties: { BucketName: 'old', LifecycleConfiguration: { Rules: rules }, ...properties },
    };
    await writeFile(template, JSON.stringify({ Resources: { Old } }));
    return world.cloud.deploy({ template, artifacts: folder, stack: 'test' });
  };
  const VERSIONED = { VersioningConfiguration: { Status: 'Enabled' } };
  const put = (Key: string) => world.s3.send(new PutObjectCommand({ Bucket: 'old', Key, Body: Key }));
  const keys = () => world.cloud.s3.list('old', '').map(({ key }) => key);
  /** Versions and markers of a bucket, the newest of a key first. */
  const versions = async () => {
    const { Versions = [], DeleteMarkers = [] } = await world.s3.send(new ListObjectVersionsCommand({ Bucket: 'old' }));
    return [...Versions.map(({ Key }) => Key), ...DeleteMarkers.map(({ Key }) => `${Key} deleted`)];
  };
  /** Moves the clock to so many hours after midnight of the day it stands in. */
  const until = (hours: number) => {
    const now = world.cloud.clock.ms();
    return world.cloud.clock.advance(Math.floor(now / DAY) * DAY + hours * HOUR - now);
  };

  it('takes what is old enough at midnight, below its prefix only', async () => {
    await deploy([{ Id: 'soon', Status: 'Enabled', Prefix: 'tmp/', ExpirationInDays: 2 }]);
    await until(10);
    await put('tmp/a');
    await put('kept');
    await until(24 + 10);
    await put('tmp/b');

    const seen: string[][] = [];
    for (const hours of [24 * 2 - 1, 24, 24]) {
      await until(hours);
      seen.push(keys());
    }

    expect(seen).toEqual([['kept', 'tmp/a', 'tmp/b'], ['kept', 'tmp/b'], ['kept']]);
  });

  it('tells when an object will go, and by which rule', async () => {
    await deploy([
      { Id: 'late', Status: 'Enabled', ExpirationInDays: 30 },
      { Id: 'soon enough', Status: 'Enabled', Prefix: 'tmp/', ExpirationInDays: 1 },
    ]);
    const answers = [await put('tmp/a'), await world.s3.send(new HeadObjectCommand({ Bucket: 'old', Key: 'tmp/a' }))];
    await put('b');
    const other = await world.s3.send(new GetObjectCommand({ Bucket: 'old', Key: 'b' }));
    const midnight = (days: number) => new Date((Math.ceil(world.cloud.clock.ms() / DAY) + days) * DAY).toUTCString();

    for (const { Expiration } of answers)
      expect(Expiration).toBe(`expiry-date="${midnight(1)}", rule-id="soon%20enough"`);
    expect(other.Expiration).toBe(`expiry-date="${midnight(30)}", rule-id="late"`);
  });

  it('leaves a marker where there are versions, takes these later, and the marker when it is as old', async () => {
    await deploy(
      [
        {
          Id: 'all',
          Status: 'Enabled',
          ExpirationInDays: 3,
          NoncurrentVersionExpiration: { NoncurrentDays: 2 },
        },
      ],
      VERSIONED,
    );
    await until(10);
    await put('a');
    const seen: (string | undefined)[][] = [];
    for (const hours of [24 * 4, 24 * 2, 24]) {
      await until(hours);
      seen.push(await versions());
    }

    expect(seen).toEqual([['a', 'a deleted'], ['a deleted'], []]);
  });

  it('keeps so many versions whatever their age', async () => {
    await deploy(
      [
        {
          Id: 'two',
          Status: 'Enabled',
          NoncurrentVersionExpiration: { NoncurrentDays: 1, NewerNoncurrentVersions: 1 },
        },
      ],
      VERSIONED,
    );
    for (const _ of [1, 2, 3, 4]) await put('a');
    await until(24 * 5);

    expect(await versions()).toEqual(['a', 'a']);
  });

  it('takes a marker by which nothing lies, and no other', async () => {
    await deploy([{ Id: 'markers', Status: 'Enabled', ExpiredObjectDeleteMarker: true }], VERSIONED);
    await world.s3.send(new DeleteObjectCommand({ Bucket: 'old', Key: 'gone' }));
    await put('covered');
    await world.s3.send(new DeleteObjectCommand({ Bucket: 'old', Key: 'covered' }));
    await until(24 * 2);

    expect(await versions()).toEqual(['covered', 'covered deleted']);
  });

  it('ends uploads that were never completed', async () => {
    await deploy([{ Id: 'u', Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } }]);
    await world.s3.send(new CreateMultipartUploadCommand({ Bucket: 'old', Key: 'a' }));
    const uploads = async () =>
      (await world.s3.send(new ListMultipartUploadsCommand({ Bucket: 'old' }))).Uploads?.length ?? 0;
    await world.cloud.clock.advance(6 * DAY);
    const before = await uploads();
    await world.cloud.clock.advance(2 * DAY);

    expect([before, await uploads()]).toEqual([1, 0]);
  });

  it('tells EventBridge, as S3 itself', async () => {
    const events: JsonObject[] = [];
    const { events: bus } = world.cloud;
    await deploy([{ Id: 'soon', Status: 'Enabled', ExpirationInDays: 1 }], {
      NotificationConfiguration: { EventBridgeConfiguration: {} },
    });
    const emit = bus.emit;
    bus.emit = (event) => {
      if (event.detailType === 'Object Deleted') events.push(event.detail);
      emit(event);
    };
    await put('a');
    await world.cloud.clock.advance(3 * DAY);

    expect(events).toMatchObject([
      { object: { key: 'a' }, requester: 's3.amazonaws.com', reason: 'Lifecycle Expiration' },
    ]);
    expect(events[0]).not.toHaveProperty('source-ip-address');
  });

  it('does nothing while it is disabled', async () => {
    await deploy([{ Id: 'soon', Status: 'Disabled', ExpirationInDays: 1 }]);
    const { Expiration } = await put('a');
    await world.cloud.clock.advance(30 * DAY);

    expect([Expiration, keys()]).toEqual([undefined, ['a']]);
  });

  it.each<[string, JsonObject, string]>([
    ['moves objects elsewhere', { Transitions: [{ StorageClass: 'GLACIER', TransitionInDays: 1 }] }, 'Transitions'],
    ['goes by tags', { ExpirationInDays: 1, TagFilters: [{ Key: 'a', Value: 'b' }] }, 'TagFilters'],
    ['does nothing', {}, 'At least one action'],
    ['counts no days', { ExpirationInDays: 0 }, 'expirationInDays'],
    [
      'has two ways with markers',
      { ExpirationInDays: 1, ExpiredObjectDeleteMarker: true },
      'ExpiredObjectDeleteMarker',
    ],
    ['is neither on nor off', { Status: 'On', ExpirationInDays: 1 }, 'Status'],
  ])('that %s is refused by name', async (_, rule, named) => {
    await expect(deploy([{ Id: 'r', Status: 'Enabled', ...rule }])).rejects.toThrow(named);
  });
});
