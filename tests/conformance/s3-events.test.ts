import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketNotificationConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { BusEvent } from '../../local/contracts.ts';
import { openQueue } from './messaging-cloud.ts';
import { ADMINISTRATOR, refusal, type S3Cloud, startS3 } from './s3-cloud.ts';

const Bucket = 'noticed';
const QUEUE = 'arn:aws:sqs:eu-west-1:000000000000:heard';

describe('what S3 tells EventBridge', () => {
  let world: S3Cloud;
  beforeEach(async () => {
    world = await startS3();
    const client = { endpoint: world.cloud.url, region: world.cloud.region, credentials: ADMINISTRATOR };
    const sqs = new SQSClient(client);
    const bridge = new EventBridgeClient(client);
    await sqs.send(new CreateQueueCommand(openQueue('heard')));
    await bridge.send(new PutRuleCommand({ Name: 'all-of-s3', EventPattern: JSON.stringify({ source: ['aws.s3'] }) }));
    await bridge.send(new PutTargetsCommand({ Rule: 'all-of-s3', Targets: [{ Id: 'queue', Arn: QUEUE }] }));
    await world.s3.send(new CreateBucketCommand({ Bucket }));
    await notify({ EventBridgeConfiguration: {} });
    sqs.destroy();
    bridge.destroy();
  });
  afterEach(() => world.close());

  const notify = (NotificationConfiguration: object) =>
    world.s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
  const heard = async (): Promise<BusEvent[]> => {
    await world.cloud.settle();
    return world.cloud.sqs.peek(QUEUE).map(({ body }): BusEvent => JSON.parse(body));
  };
  const put = (Key: string, Body = 'data') => world.s3.send(new PutObjectCommand({ Bucket, Key, Body }));

  it('tells of a put with everything AWS tells', async () => {
    await put('a folder/ü.csv');

    expect(await heard()).toEqual([
      {
        version: '0',
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        'detail-type': 'Object Created',
        source: 'aws.s3',
        account: '000000000000',
        time: '2001-01-25T10:15:00Z',
        region: 'eu-west-1',
        resources: ['arn:aws:s3:::noticed'],
        detail: {
          version: '0',
          bucket: { name: Bucket },
          object: {
            key: 'a folder/ü.csv',
            size: 4,
            etag: '8d777f385d3dfec8815d20f7496026dc',
            sequencer: expect.stringMatching(/^[0-9A-F]+$/),
          },
          'request-id': expect.any(String),
          requester: '000000000000',
          'source-ip-address': '127.0.0.1',
          reason: 'PutObject',
        },
      },
    ]);
  });

  it('names the reason of each way to make an object', async () => {
    await put('put');
    await world.s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/put` }));
    const { UploadId } = await world.s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'parts' }));
    const { ETag } = await world.s3.send(
      new UploadPartCommand({ Bucket, Key: 'parts', UploadId, PartNumber: 1, Body: 'x' }),
    );
    await world.s3.send(
      new CompleteMultipartUploadCommand({
        Bucket,
        Key: 'parts',
        UploadId,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
      }),
    );
    await world.cloud.s3.write(Bucket, 'by-a-service', 'x');

    const told = (await heard()).map(({ detail }) => detail);

    expect(told.map(({ reason }) => reason)).toEqual([
      'PutObject',
      'CopyObject',
      'CompleteMultipartUpload',
      'PutObject',
    ]);
    expect(told[2]).toMatchObject({
      object: { key: 'parts', size: 1, etag: expect.stringMatching(/^[0-9a-f]{32}-1$/) },
    });
  });

  it('numbers events so that a later one of a key is greater, also when the clock is set back', async () => {
    for (const [index, time] of ['2001-01-25T10:15:00Z', '2001-01-25T10:16:00Z', '2001-01-25T10:15:30Z'].entries()) {
      await world.cloud.clock.set(Date.parse(time));
      await put('same', `text ${index}`);
      await put('same', `again ${index}`);
    }

    const sequence = (await heard()).map(({ detail }) => (detail.object as { sequencer: string }).sequencer);

    expect(sequence).toHaveLength(6);
    expect([...sequence].sort()).toEqual(sequence);
    expect(new Set(sequence).size).toBe(6);
  });

  it('tells of deletions, but not of what was not there', async () => {
    await put('k');
    await world.s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    await world.s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));

    const [, deleted, ...more] = await heard();

    expect(more).toEqual([]);
    expect(deleted).toMatchObject({
      'detail-type': 'Object Deleted',
      detail: { reason: 'DeleteObject', 'deletion-type': 'Permanently Deleted' },
    });
    expect(deleted?.detail.object).toEqual({ key: 'k', sequencer: expect.any(String) });
  });

  it('tells versions, delete markers and their removal', async () => {
    await world.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
    const { VersionId: version } = await put('k');
    const { VersionId: marker } = await world.s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    await world.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'k', VersionId: marker }] } }));
    await world.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Suspended' } }));
    await put('k');

    const told = (await heard()).map(({ detail }) => detail);

    expect(told).toMatchObject([
      { object: { 'version-id': version } },
      {
        object: { 'version-id': marker, etag: 'd41d8cd98f00b204e9800998ecf8427e' },
        'deletion-type': 'Delete Marker Created',
      },
      { object: { 'version-id': marker }, 'deletion-type': 'Permanently Deleted', reason: 'DeleteObject' },
      { reason: 'PutObject' },
    ]);
    expect(told[3]?.object).not.toHaveProperty('version-id');
  });

  it('tells of tags', async () => {
    await put('k');
    await world.s3.send(
      new PutObjectTaggingCommand({ Bucket, Key: 'k', Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] } }),
    );

    const [, tagged] = await heard();

    expect(tagged).toMatchObject({ 'detail-type': 'Object Tags Added', detail: { object: { key: 'k' } } });
  });

  it('tells nothing of a write that was refused', async () => {
    await put('k');
    await refusal(world.s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', IfNoneMatch: '*' })));
    await refusal(world.s3.send(new PutObjectCommand({ Bucket, Key: 'l', Body: 'x', ChecksumCRC32: 'AAAAAA==' })));

    expect(await heard()).toHaveLength(1);
  });

  it('tells nothing of a bucket that was not asked to, or no longer is', async () => {
    await world.s3.send(new CreateBucketCommand({ Bucket: 'silent' }));
    await world.s3.send(new PutObjectCommand({ Bucket: 'silent', Key: 'k', Body: 'x' }));
    const on = await world.s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
    await notify({});
    const off = await world.s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
    await put('k');

    expect(await heard()).toEqual([]);
    expect(on.EventBridgeConfiguration).toEqual({});
    expect(off.EventBridgeConfiguration).toBeUndefined();
  });

  it('refuses other destinations by name', async () => {
    const refused = await refusal(
      notify({ QueueConfigurations: [{ QueueArn: QUEUE, Events: ['s3:ObjectCreated:*'] }] }),
    );

    expect(refused).toMatchObject({ name: 'NotImplemented', status: 501 });
    expect(refused.message).toContain('QueueConfiguration');
  });
});
