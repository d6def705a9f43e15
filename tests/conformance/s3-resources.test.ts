import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  GetBucketNotificationConfigurationCommand,
  GetBucketVersioningCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type S3Cloud, startS3 } from './s3-cloud.ts';

describe('buckets of a template', () => {
  let world: S3Cloud;
  let folder = '';
  beforeEach(async () => {
    world = await startS3();
    folder = await mkdtemp(join(tmpdir(), 's3-resources-'));
  });
  afterEach(async () => {
    await world.close();
    await rm(folder, { recursive: true, force: true });
  });

  const deploy = async (Resources: object, Outputs: object = {}) => {
    const template = join(folder, 'template.json');
    await writeFile(template, JSON.stringify({ Resources, Outputs }));
    return world.cloud.deploy({ template, artifacts: folder, stack: 'Green-Stack' });
  };
  const bucket = (Properties: object) => ({ Type: 'AWS::S3::Bucket', Properties });

  it('are made with their settings', async () => {
    await deploy({
      Key: { Type: 'AWS::KMS::Key', Properties: {} },
      Data: bucket({
        BucketName: 'green-data',
        VersioningConfiguration: { Status: 'Enabled' },
        NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            { ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: { Ref: 'Key' } } },
          ],
        },
        PublicAccessBlockConfiguration: { BlockPublicAcls: true },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        LifecycleConfiguration: { Rules: [{ Id: 'old', Status: 'Enabled', ExpirationInDays: 30 }] },
        Tags: [{ Key: 'a', Value: 'b' }],
      }),
    });

    const versioning = await world.s3.send(new GetBucketVersioningCommand({ Bucket: 'green-data' }));
    const notification = await world.s3.send(new GetBucketNotificationConfigurationCommand({ Bucket: 'green-data' }));
    const put = await world.s3.send(new PutObjectCommand({ Bucket: 'green-data', Key: 'k', Body: 'x' }));

    expect(versioning.Status).toBe('Enabled');
    expect(notification.EventBridgeConfiguration).toEqual({});
    expect(put).toMatchObject({
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: expect.stringMatching(/^arn:aws:kms:eu-west-1:000000000000:key\/[0-9a-f-]{36}$/),
      VersionId: expect.any(String),
    });
  });

  it('get a name of stack, logical id and letters when the template gives none', async () => {
    const { outputs, resources } = await deploy(
      { RawData: bucket({}) },
      {
        Arn: { Value: { 'Fn::GetAtt': ['RawData', 'Arn'] } },
        Domain: { Value: { 'Fn::GetAtt': ['RawData', 'RegionalDomainName'] } },
      },
    );

    const name = resources.RawData?.ref ?? '';
    expect(name).toMatch(/^green-stack-rawdata-[0-9a-f]{12}$/);
    expect(outputs).toEqual({ Arn: `arn:aws:s3:::${name}`, Domain: `${name}.s3.eu-west-1.amazonaws.com` });
    expect((await world.s3.send(new ListObjectsV2Command({ Bucket: name }))).KeyCount).toBe(0);
  });

  it('may have EventBridge turned off', async () => {
    await deploy({
      Quiet: bucket({
        BucketName: 'quiet',
        NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: false } },
      }),
    });

    const notification = await world.s3.send(new GetBucketNotificationConfigurationCommand({ Bucket: 'quiet' }));

    expect(notification.EventBridgeConfiguration).toBeUndefined();
  });

  it('have their policies kept', async () => {
    const PolicyDocument = { Statement: [{ Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: '*' }] };

    await deploy({
      Data: bucket({ BucketName: 'guarded' }),
      Policy: { Type: 'AWS::S3::BucketPolicy', Properties: { Bucket: { Ref: 'Data' }, PolicyDocument } },
    });

    expect(world.cloud.s3.policyOf('guarded')).toEqual(PolicyDocument);
  });

  it.each([
    ['a property that is not honoured', { CorsConfiguration: { CorsRules: [] } }, 'CorsConfiguration'],
    [
      'a notification elsewhere',
      { NotificationConfiguration: { QueueConfigurations: [] } },
      'NotificationConfiguration.QueueConfigurations',
    ],
    ['a name that breaks the rules', { BucketName: 'Not_A_Name' }, 'InvalidBucketName'],
    [
      'a versioning status that is none',
      { VersioningConfiguration: { Status: 'On' } },
      'VersioningConfiguration.Status',
    ],
  ])('are refused with %s, by name', async (_what, properties, name) => {
    await expect(deploy({ Data: bucket(properties) })).rejects.toThrow(name);
    await expect(deploy({ Data: bucket(properties) })).rejects.toThrow('Data');
  });
});
