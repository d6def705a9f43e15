import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateTrainingJobCommand, DescribeTrainingJobCommand, SageMakerClient } from '@aws-sdk/client-sagemaker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createCloud, type LocalCloud } from '../../local/cloud.ts';
import type { JsonObject } from '../../local/contracts.ts';
import { refusal, START } from './s3-cloud.ts';

const ACCOUNT = '000000000000';
const IMAGE = `${ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/constant-model:1`;
const PROGRAM = fileURLToPath(new URL('../fixtures/containers/constant-model.mjs', import.meta.url));
const roleArn = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const document = (...Statement: JsonObject[]): JsonObject => ({ Version: '2012-10-17', Statement });
const OBJECTS: JsonObject = {
  Effect: 'Allow',
  Action: ['s3:GetObject', 's3:PutObject', 's3:ListBucket'],
  Resource: '*',
};
const LOGS: JsonObject = { Effect: 'Allow', Action: 'logs:*', Resource: '*' };
const KEYS: JsonObject = { Effect: 'Allow', Action: 'kms:*', Resource: '*' };
const role = (RoleName: string, ...statements: JsonObject[]): JsonObject => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    RoleName,
    AssumeRolePolicyDocument: document({ Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' }),
    Policies: [{ PolicyName: 'own', PolicyDocument: document(OBJECTS, ...statements) }],
  },
});
/** A role that SageMaker trains under. */
const trainer = (RoleName: string, ...statements: JsonObject[]): JsonObject => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    RoleName,
    AssumeRolePolicyDocument: document({
      Effect: 'Allow',
      Principal: { Service: 'sagemaker.amazonaws.com' },
      Action: 'sts:AssumeRole',
    }),
    Policies: [{ PolicyName: 'own', PolicyDocument: document(OBJECTS, LOGS, ...statements) }],
  },
});
const bucket = (BucketName: string, KMSMasterKeyID: JsonObject | string): JsonObject => ({
  Type: 'AWS::S3::Bucket',
  Properties: {
    BucketName,
    BucketEncryption: {
      ServerSideEncryptionConfiguration: [
        { ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID } },
      ],
    },
  },
});
const key = (KeyPolicy?: JsonObject): JsonObject => ({
  Type: 'AWS::KMS::Key',
  Properties: { ...(KeyPolicy && { KeyPolicy }) },
});

const TEMPLATE: JsonObject = {
  Resources: {
    // Its policy is AWS's default: the account's own policies decide.
    Open: key(),
    // Its policy names the writer and the reader, and nobody else but who may change it.
    Closed: key(
      document(
        {
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
          Action: ['kms:Put*', 'kms:Describe*'],
          Resource: '*',
        },
        {
          Effect: 'Allow',
          Principal: { AWS: roleArn('writer') },
          Action: 'kms:GenerateDataKey',
          Resource: '*',
          Condition: {
            StringEquals: { 'kms:ViaService': 's3.eu-west-1.amazonaws.com' },
            StringLike: { 'kms:EncryptionContext:aws:s3:arn': 'arn:aws:s3:::closed/in/*' },
          },
        },
        { Effect: 'Allow', Principal: { AWS: roleArn('reader') }, Action: 'kms:Decrypt', Resource: '*' },
      ),
    ),
    ClosedAlias: { Type: 'AWS::KMS::Alias', Properties: { AliasName: 'alias/closed', TargetKeyId: { Ref: 'Closed' } } },
    OpenBucket: bucket('open', { 'Fn::GetAtt': ['Open', 'Arn'] }),
    ClosedBucket: bucket('closed', { Ref: 'ClosedAlias' }),
    Writer: role('writer'),
    Reader: role('reader'),
    Keeper: role('keeper', KEYS),
    Trainer: trainer('trainer'),
    ReadingTrainer: trainer('reading-trainer', { Effect: 'Allow', Action: 'kms:Decrypt', Resource: '*' }),
    KeepingTrainer: trainer('keeping-trainer', KEYS),
  },
  Outputs: { Closed: { Value: { 'Fn::GetAtt': ['Closed', 'Arn'] } } },
};

let cloud: LocalCloud;
let folder: string;
let closedKey = '';
const clients: S3Client[] = [];
const as = (roleName?: string): S3Client => {
  const client = new S3Client({
    endpoint: cloud.url,
    region: 'eu-west-1',
    maxAttempts: 1,
    credentials:
      roleName === undefined
        ? { accessKeyId: 'test', secretAccessKey: 'test' }
        : cloud.iam.credentialsFor(roleArn(roleName), 'me'),
  });
  clients.push(client);
  return client;
};
const put = (roleName: string | undefined, Bucket: string, Key = 'in/k') =>
  as(roleName).send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
const get = (roleName: string, Bucket: string, Key = 'in/k') =>
  as(roleName).send(new GetObjectCommand({ Bucket, Key }));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keys-'));
  await writeFile(join(folder, 'template.json'), JSON.stringify(TEMPLATE));
  cloud = await createCloud({
    start: START,
    region: 'eu-west-1',
    images: [{ pattern: /^constant-model:\d+$/, command: [process.execPath, PROGRAM] }],
  });
  const { outputs } = await cloud.deploy({
    template: join(folder, 'template.json'),
    artifacts: folder,
    stack: 'keys',
  });
  closedKey = String(outputs.Closed);
  await put(undefined, 'open');
  await put(undefined, 'closed');
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await cloud.close();
  await rm(folder, { recursive: true, force: true });
});

describe('objects encrypted with a key', () => {
  it('are for those whom the account lets use it, where the key’s policy leaves it to the account', async () => {
    const written = await put('keeper', 'open');
    const read = await get('keeper', 'open');
    const refusals = [await refusal(put('writer', 'open')), await refusal(get('reader', 'open'))];

    expect(written.ServerSideEncryption).toBe('aws:kms');
    expect(await read.Body?.transformToString()).toBe('x');
    for (const refused of refusals) expect(refused).toMatchObject({ name: 'AccessDenied', status: 403 });
    expect(refusals.map(({ message }) => message)).toEqual([
      expect.stringContaining('not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:'),
      expect.stringContaining('not authorized to perform: kms:Decrypt on resource: arn:aws:kms:'),
    ]);
  });

  it('are for those only whom the key’s policy names, whatever the account allows', async () => {
    const written = await put('writer', 'closed');
    const read = await get('reader', 'closed');
    const refusals = [
      await refusal(put('keeper', 'closed')),
      await refusal(get('keeper', 'closed')),
      await refusal(get('writer', 'closed')),
      await refusal(put('reader', 'closed')),
    ];

    expect(written.SSEKMSKeyId).toBe(closedKey);
    expect(read.SSEKMSKeyId).toBe(closedKey);
    expect(refusals.map(({ name }) => name)).toEqual(Array(4).fill('AccessDenied'));
    expect(refusals[0]?.message).toContain('because no resource-based policy allows the kms:GenerateDataKey action');
  });

  it('are bound to their place by the encryption context', async () => {
    expect(await refusal(put('writer', 'closed', 'out/k'))).toMatchObject({ name: 'AccessDenied' });
  });

  it('can be asked about without the key', async () => {
    const head = await as('writer').send(new HeadObjectCommand({ Bucket: 'closed', Key: 'in/k' }));

    expect(head.SSEKMSKeyId).toBe(closedKey);
  });

  it('are copied by those who may read the one and write the other', async () => {
    const copy = (roleName: string) =>
      as(roleName).send(new CopyObjectCommand({ Bucket: 'open', Key: 'copy', CopySource: 'closed/in/k' }));
    const keeper = await refusal(copy('keeper'));
    const reader = await refusal(copy('reader'));

    expect(keeper.message).toContain('kms:Decrypt');
    expect(reader.message).toContain('kms:GenerateDataKey');
  });

  it('are uploaded in parts by those who may do both', async () => {
    const begin = (roleName: string, Bucket: string) =>
      as(roleName).send(new CreateMultipartUploadCommand({ Bucket, Key: 'in/parts' }));
    const { UploadId } = await begin('keeper', 'open');

    expect(UploadId).toBeTruthy();
    expect((await refusal(begin('writer', 'closed'))).message).toContain('kms:Decrypt');
  });

  it('cannot have a key there is none of', async () => {
    const send = as().send(
      new PutObjectCommand({
        Bucket: 'open',
        Key: 'k',
        Body: 'x',
        ServerSideEncryption: 'aws:kms',
        SSEKMSKeyId: 'alias/none',
      }),
    );

    expect(await refusal(send)).toMatchObject({ name: 'KMS.NotFoundException', status: 400 });
  });

  it('may have AWS’s own key without anybody’s leave', async () => {
    const send = as('writer').send(
      new PutObjectCommand({ Bucket: 'open', Key: 'aws', Body: 'x', ServerSideEncryption: 'aws:kms' }),
    );

    expect((await send).ServerSideEncryption).toBe('aws:kms');
  });

  it('may name AWS’s own key, that of S3 and of no other service', async () => {
    const send = (SSEKMSKeyId: string) =>
      as('writer').send(
        new PutObjectCommand({ Bucket: 'open', Key: 'aws', Body: 'x', ServerSideEncryption: 'aws:kms', SSEKMSKeyId }),
      );
    const { SSEKMSKeyId: used } = await send('alias/aws/s3');

    expect(used).toMatch(/^arn:aws:kms:eu-west-1:000000000000:key\/[0-9a-f-]{36}$/);
    expect(await refusal(send('alias/aws/sqs'))).toMatchObject({ name: 'AccessDenied', status: 403 });
  });
});

describe('a key of a template', () => {
  const deploy = async (properties: JsonObject) => {
    const other = await createCloud({ start: START, region: 'eu-west-1' });
    try {
      await writeFile(
        join(folder, 'key.json'),
        JSON.stringify({ Resources: { Key: { ...key(), Properties: properties } } }),
      );
      await other.deploy({ template: join(folder, 'key.json'), artifacts: folder, stack: 'key' });
    } finally {
      await other.close();
    }
  };
  const KeyPolicy = document({
    Effect: 'Allow',
    Principal: { AWS: roleArn('reader') },
    Action: 'kms:*',
    Resource: '*',
  });

  it('is refused with a policy that its owner could not change any more', async () => {
    await expect(deploy({ KeyPolicy })).rejects.toThrow('will not allow you to update the key policy in the future');
  });

  it('may have it all the same, if that is meant', async () => {
    await expect(deploy({ KeyPolicy, BypassPolicyLockoutSafetyCheck: true })).resolves.toBeUndefined();
  });
});

describe('a training job in an encrypted bucket', () => {
  const run = async (roleName: string) => {
    const sageMaker = new SageMakerClient({
      endpoint: cloud.url,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    const TrainingJobName = `by-${roleName}`;
    await sageMaker.send(
      new CreateTrainingJobCommand({
        TrainingJobName,
        RoleArn: roleArn(roleName),
        AlgorithmSpecification: { TrainingImage: IMAGE, TrainingInputMode: 'File' },
        InputDataConfig: [
          {
            ChannelName: 'train',
            DataSource: {
              S3DataSource: {
                S3DataType: 'S3Prefix',
                S3Uri: 's3://open/in/k',
                S3DataDistributionType: 'FullyReplicated',
              },
            },
          },
        ],
        OutputDataConfig: { S3OutputPath: 's3://open/out' },
        ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 1 },
        StoppingCondition: { MaxRuntimeInSeconds: 600 },
      }),
    );
    await cloud.settle();
    const { TrainingJobStatus, FailureReason = '' } = await sageMaker.send(
      new DescribeTrainingJobCommand({ TrainingJobName }),
    );
    sageMaker.destroy();
    return `${TrainingJobStatus} ${FailureReason}`;
  };

  it('reads and writes by the right of its role to use the key', async () => {
    const ends = [await run('trainer'), await run('reading-trainer'), await run('keeping-trainer')];

    expect(ends).toEqual([
      expect.stringMatching(/^Failed ClientError: Data download failed: .*kms:Decrypt/),
      expect.stringMatching(/^Failed ClientError: Artifact upload failed: .*kms:GenerateDataKey/),
      'Completed ',
    ]);
  });
});
