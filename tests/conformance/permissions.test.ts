import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { EventBridgeClient, ListRulesCommand, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  CopyObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateModelCommand, CreateModelPackageGroupCommand, SageMakerClient } from '@aws-sdk/client-sagemaker';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createCloud, type LocalCloud } from '../../local/cloud.ts';
import type { JsonObject } from '../../local/contracts.ts';
import { readRecordedCloud } from '../../local/services/iam/needless.ts';
import { refusal, START } from './s3-cloud.ts';

const ACCOUNT = '000000000000';
const allow = (Action: string | string[], Resource: string | string[], more: JsonObject = {}): JsonObject => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});
const document = (...Statement: JsonObject[]): JsonObject => ({ Version: '2012-10-17', Statement });
const trust = (Principal: JsonObject) => document({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole' });

const role = (RoleName: string, ...statements: JsonObject[]): JsonObject => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    RoleName,
    AssumeRolePolicyDocument: trust({ AWS: ACCOUNT, Service: 'sagemaker.amazonaws.com' }),
    Policies: [{ PolicyName: 'own', PolicyDocument: document(...statements) }],
  },
});
const arn = (service: string, rest: string) => `arn:aws:${service}:eu-west-1:${ACCOUNT}:${rest}`;

const TEMPLATE: JsonObject = {
  Resources: {
    Store: {
      Type: 'AWS::S3::Bucket',
      Properties: { BucketName: 'store', VersioningConfiguration: { Status: 'Enabled' } },
    },
    Shared: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'shared' } },
    SharedPolicy: {
      Type: 'AWS::S3::BucketPolicy',
      DependsOn: ['Reader'],
      Properties: {
        Bucket: 'shared',
        PolicyDocument: document(
          allow('s3:PutObject', 'arn:aws:s3:::shared/*', { Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/reader` } }),
          {
            Effect: 'Deny',
            Principal: '*',
            Action: 's3:GetObject',
            Resource: 'arn:aws:s3:::shared/secret/*',
          },
        ),
      },
    },
    Work: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'work' } },
    News: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'news' } },
    Reader: role(
      'reader',
      allow(['s3:GetObject'], ['arn:aws:s3:::store/open/*', 'arn:aws:s3:::shared/*']),
      allow('s3:ListBucket', 'arn:aws:s3:::shared'),
      allow('s3:ListBucket', 'arn:aws:s3:::store', { Condition: { StringLike: { 's3:prefix': 'open/*' } } }),
      allow('s3:DeleteObject', 'arn:aws:s3:::store/open/*'),
      allow('events:PutEvents', arn('events', 'event-bus/default'), {
        Condition: { StringEquals: { 'events:source': 'mine' } },
      }),
      allow('cloudwatch:PutMetricData', '*', { Condition: { StringEquals: { 'cloudwatch:namespace': 'Mine' } } }),
      allow(['sagemaker:CreateModel', 'sagemaker:CreateModelPackageGroup'], '*'),
      allow('iam:PassRole', `arn:aws:iam::${ACCOUNT}:role/trainer`, {
        Condition: { StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' } },
      }),
    ),
    Versions: role('versions', allow('s3:GetObjectVersion', 'arn:aws:s3:::store/*')),
    Trainer: role('trainer'),
    Closed: {
      Type: 'AWS::IAM::Role',
      Properties: { RoleName: 'closed', AssumeRolePolicyDocument: trust({ Service: 'lambda.amazonaws.com' }) },
    },
    Assumer: role('assumer', allow('sts:AssumeRole', '*')),
  },
};

let cloud: LocalCloud;
let folder: string;
const logged: { line: string; facts: JsonObject | undefined }[] = [];
const clients: { destroy(): void }[] = [];
const own = <Client extends { destroy(): void }>(client: Client): Client => {
  clients.push(client);
  return client;
};
const config = (roleName?: string) => ({
  endpoint: cloud.url,
  region: 'eu-west-1',
  maxAttempts: 1,
  forcePathStyle: true,
  credentials:
    roleName === undefined
      ? { accessKeyId: 'test', secretAccessKey: 'test' }
      : cloud.iam.credentialsFor(`arn:aws:iam::${ACCOUNT}:role/${roleName}`, 'me'),
});
const s3As = (roleName?: string) => own(new S3Client(config(roleName)));
const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/reader/me`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'permissions-'));
  await writeFile(join(folder, 'template.json'), JSON.stringify(TEMPLATE));
  cloud = await createCloud({
    start: START,
    region: 'eu-west-1',
    authorizations: join(folder, 'record'),
    log: (line, facts) => void logged.push({ line, facts }),
  });
  await cloud.deploy({ template: join(folder, 'template.json'), artifacts: folder, stack: 'permissions' });
  for (const [Bucket, Key] of [
    ['store', 'open/k'],
    ['store', 'closed/k'],
    ['shared', 'k'],
    ['shared', 'secret/k'],
  ])
    await s3As().send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await cloud.close();
  await rm(folder, { recursive: true, force: true });
});

describe('S3', () => {
  it('gives what the role’s policy allows, and refuses the rest in AWS’s words', async () => {
    const s3 = s3As('reader');
    const given = await s3.send(new GetObjectCommand({ Bucket: 'store', Key: 'open/k' }));
    const refused = await refusal(s3.send(new GetObjectCommand({ Bucket: 'store', Key: 'closed/k' })));

    expect(await given.Body?.transformToString()).toBe('x');
    expect(refused).toEqual({
      name: 'AccessDenied',
      status: 403,
      message: `User: ${SESSION} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::store/closed/k" because no identity-based policy allows the s3:GetObject action`,
    });
    expect(logged.at(-1)).toEqual({
      line: `access denied: ${refused.message}`,
      facts: { principal: SESSION, action: 's3:GetObject', resource: 'arn:aws:s3:::store/closed/k' },
    });
  });

  it('tells a missing key only to those who may list', async () => {
    const s3 = s3As('reader');
    const listed = await refusal(s3.send(new GetObjectCommand({ Bucket: 'shared', Key: 'none' })));
    const unlisted = await refusal(s3.send(new GetObjectCommand({ Bucket: 'store', Key: 'open/none' })));
    const head = await refusal(s3.send(new HeadObjectCommand({ Bucket: 'store', Key: 'open/none' })));

    expect(listed).toMatchObject({ name: 'NoSuchKey', status: 404 });
    expect(unlisted).toMatchObject({ name: 'AccessDenied', status: 403 });
    expect(head.status).toBe(403);
  });

  it('lists where the condition on the prefix holds', async () => {
    const s3 = s3As('reader');
    const open = await s3.send(new ListObjectsV2Command({ Bucket: 'store', Prefix: 'open/' }));
    const all = await refusal(s3.send(new ListObjectsV2Command({ Bucket: 'store' })));

    expect(open.Contents?.map(({ Key }) => Key)).toEqual(['open/k']);
    expect(all.message).toContain('s3:ListBucket on resource: "arn:aws:s3:::store"');
  });

  it('asks for the right to versions when one is named, and for that alone', async () => {
    const VersionId = (await s3As().send(new HeadObjectCommand({ Bucket: 'store', Key: 'open/k' }))).VersionId;
    const named = await s3As('versions').send(new GetObjectCommand({ Bucket: 'store', Key: 'open/k', VersionId }));
    const current = await refusal(s3As('versions').send(new GetObjectCommand({ Bucket: 'store', Key: 'open/k' })));
    const other = await refusal(
      s3As('reader').send(new GetObjectCommand({ Bucket: 'store', Key: 'open/k', VersionId })),
    );

    expect(named.VersionId).toBe(VersionId);
    expect(current.message).toContain('s3:GetObject on');
    expect(other.message).toContain('s3:GetObjectVersion on');
  });

  it('takes the bucket policy’s word: an allow is enough, a deny decides', async () => {
    const s3 = s3As('reader');
    await s3.send(new PutObjectCommand({ Bucket: 'shared', Key: 'new', Body: 'x' }));
    const denied = await refusal(s3.send(new GetObjectCommand({ Bucket: 'shared', Key: 'secret/k' })));

    expect(denied.message).toMatch(/ with an explicit deny in a resource-based policy$/);
  });

  it('asks for reading, too, where a write depends on what is there, or copies', async () => {
    const s3 = s3As('reader');
    const ifMatch = await refusal(
      s3.send(new PutObjectCommand({ Bucket: 'shared', Key: 'secret/k', Body: 'y', IfMatch: '"etag"' })),
    );
    const copy = await refusal(
      s3.send(new CopyObjectCommand({ Bucket: 'shared', Key: 'copy', CopySource: 'store/closed/k' })),
    );

    expect(ifMatch.message).toContain('s3:GetObject on');
    expect(copy.message).toContain('"arn:aws:s3:::store/closed/k"');
  });

  it('refuses each object of a batch of deletions by itself', async () => {
    const { Deleted, Errors } = await s3As('reader').send(
      new DeleteObjectsCommand({
        Bucket: 'store',
        Delete: { Objects: [{ Key: 'open/gone' }, { Key: 'closed/k' }] },
      }),
    );

    expect(Deleted?.map(({ Key }) => Key)).toEqual(['open/gone']);
    expect(Errors).toMatchObject([{ Key: 'closed/k', Code: 'AccessDenied' }]);
  });
});

describe('a refusal', () => {
  it('has the name, the status and the words of its service', async () => {
    const QueueUrl = `${cloud.url}/${ACCOUNT}/work`;
    const sqs = await refusal(
      own(new SQSClient(config('reader'))).send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' })),
    );
    const batch = await refusal(
      own(new SQSClient(config('reader'))).send(
        new SendMessageBatchCommand({ QueueUrl, Entries: [{ Id: 'a', MessageBody: 'x' }] }),
      ),
    );
    const sns = await refusal(
      own(new SNSClient(config('reader'))).send(new PublishCommand({ TopicArn: arn('sns', 'news'), Message: 'x' })),
    );
    const events = await refusal(own(new EventBridgeClient(config('reader'))).send(new ListRulesCommand({})));
    const lambda = await refusal(
      own(new LambdaClient(config('reader'))).send(new InvokeCommand({ FunctionName: 'f' })),
    );

    expect(sqs).toEqual({
      name: 'AccessDenied',
      status: 403,
      message: `User: ${SESSION} is not authorized to perform: sqs:sendmessage on resource: ${arn('sqs', 'work')} because no identity-based policy allows the sqs:sendmessage action`,
    });
    expect(batch.message).toBe(sqs.message);
    expect(sns).toMatchObject({ name: 'AuthorizationErrorException', status: 403 });
    expect(sns.message).toContain('SNS:Publish on resource');
    expect(events).toMatchObject({ name: 'AccessDeniedException', status: 400 });
    expect(events.message).toContain('perform: events:ListRules because');
    expect(lambda).toMatchObject({ name: 'AccessDeniedException', status: 403 });
    expect(lambda.message).toContain(arn('lambda', 'function:f'));
  });
});

describe('a condition', () => {
  it('on an event’s source is judged for each entry', async () => {
    const events = own(new EventBridgeClient(config('reader')));
    const entry = (Source: string) => ({ Source, DetailType: 't', Detail: '{}' });
    const { FailedEntryCount } = await events.send(new PutEventsCommand({ Entries: [entry('mine')] }));
    const refused = await refusal(events.send(new PutEventsCommand({ Entries: [entry('mine'), entry('yours')] })));

    expect(FailedEntryCount).toBe(0);
    expect(refused.message).toContain('events:PutEvents');
  });

  it('on a metric’s namespace is judged', async () => {
    const monitoring = own(new CloudWatchClient(config('reader')));
    const put = (Namespace: string) =>
      monitoring.send(new PutMetricDataCommand({ Namespace, MetricData: [{ MetricName: 'm', Value: 1 }] }));
    await put('Mine');

    expect(await refusal(put('Yours'))).toMatchObject({ name: 'AccessDenied', status: 403 });
  });
});

describe('a role that is handed to a service', () => {
  it('must be one the caller may pass to that service', async () => {
    const refused = await refusal(
      own(new SageMakerClient(config('reader'))).send(
        new CreateModelCommand({
          ModelName: 'm',
          ExecutionRoleArn: `arn:aws:iam::${ACCOUNT}:role/trainer`,
          PrimaryContainer: { Image: '141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.0-5' },
        }),
      ),
    );

    expect(refused).toMatchObject({ name: 'AccessDeniedException', status: 400 });
    expect(refused.message).toContain(`iam:PassRole on resource: arn:aws:iam::${ACCOUNT}:role/trainer`);
  });

  it('must trust that service', async () => {
    const refused = await refusal(
      own(new SageMakerClient(config())).send(
        new CreateModelCommand({
          ModelName: 'm',
          ExecutionRoleArn: `arn:aws:iam::${ACCOUNT}:role/closed`,
          PrimaryContainer: { Image: '141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.0-5' },
        }),
      ),
    );

    expect(refused.message).toContain('Could not assume role');
  });

  it('tags need the right to tag', async () => {
    const group = (Tags?: { Key: string; Value: string }[]) =>
      own(new SageMakerClient(config('reader'))).send(
        new CreateModelPackageGroupCommand({ ModelPackageGroupName: `g${Tags ? 1 : 0}`, ...(Tags && { Tags }) }),
      );
    await group();

    expect((await refusal(group([{ Key: 'a', Value: 'b' }]))).message).toContain('sagemaker:AddTags');
  });
});

describe('AssumeRole', () => {
  const assume = (roleName: string) =>
    own(new STSClient(config('assumer'))).send(
      new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${ACCOUNT}:role/${roleName}`, RoleSessionName: 'other' }),
    );

  it('gives a role that trusts the account to whom the account allows it', async () => {
    expect((await assume('reader')).AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/reader/other`);
  });

  it('refuses a role that trusts only a service, and whoever has no right of his own', async () => {
    const closed = await refusal(assume('closed'));
    const without = await refusal(
      own(new STSClient(config('reader'))).send(
        new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${ACCOUNT}:role/trainer`, RoleSessionName: 'other' }),
      ),
    );

    expect(closed).toMatchObject({ name: 'AccessDenied', status: 403 });
    expect(without.message).toContain('sts:AssumeRole');
  });

  it('is not needed to ask who one is', async () => {
    const identity = await own(new STSClient(config('trainer'))).send(new GetCallerIdentityCommand({}));

    expect(identity.Arn).toContain('assumed-role/trainer/me');
  });
});

describe('a signature that does not fit', () => {
  it('is refused by each protocol in its own words', async () => {
    const wrong = { ...config(), credentials: { accessKeyId: 'test', secretAccessKey: 'guessed' } };
    const s3 = await refusal(own(new S3Client(wrong)).send(new ListObjectsV2Command({ Bucket: 'store' })));
    const json = await refusal(own(new EventBridgeClient(wrong)).send(new ListRulesCommand({})));
    const query = await refusal(own(new STSClient(wrong)).send(new GetCallerIdentityCommand({})));
    const rest = await refusal(
      own(new LambdaClient(wrong)).send(new InvokeCommand({ FunctionName: 'f', Payload: '{}' })),
    );

    expect(s3).toMatchObject({ name: 'SignatureDoesNotMatch', status: 403 });
    expect(json).toMatchObject({ name: 'InvalidSignatureException', status: 403 });
    expect(query).toMatchObject({ name: 'SignatureDoesNotMatch', status: 403 });
    expect(rest).toMatchObject({ name: 'InvalidSignatureException', status: 403 });
  });

  it('is refused without its session’s token', async () => {
    const { credentials } = config('reader');
    const bare = { accessKeyId: credentials.accessKeyId, secretAccessKey: credentials.secretAccessKey };
    const stranger = own(new EventBridgeClient({ ...config(), credentials: bare }));

    expect(await refusal(stranger.send(new ListRulesCommand({})))).toMatchObject({
      name: 'UnrecognizedClientException',
      status: 403,
    });
  });
});

describe('the record', () => {
  it('holds the policies, and what was asked of them', async () => {
    const [file = ''] = await readdir(join(folder, 'record'));
    const recorded = readRecordedCloud(await readFile(join(folder, 'record', file), 'utf8'));

    expect(recorded?.policies.roles.map(({ logicalId }) => logicalId)).toContain('Reader');
    expect(recorded?.policies.resources.map(({ arn: owner }) => owner)).toEqual(['arn:aws:s3:::shared']);
    expect(recorded?.authorizations).toEqual(cloud.iam.authorizations());
    expect(recorded?.authorizations).toContainEqual(
      expect.objectContaining({ action: 's3:GetObject', resource: 'arn:aws:s3:::store/open/k', allowed: true }),
    );
    expect(JSON.stringify(recorded)).not.toContain(config('reader').credentials.accessKeyId);
  });

  it('keeps one of those that the same statements decide', async () => {
    const before = cloud.iam.authorizations().length;
    for (let n = 0; n < 20; n++)
      cloud.iam.allows({
        by: { role: `arn:aws:iam::${ACCOUNT}:role/reader`, session: 'me' },
        action: 's3:GetObject',
        resource: `arn:aws:s3:::store/open/${n}`,
      });

    expect(cloud.iam.authorizations().length).toBe(before);
  });
});

describe('a stack', () => {
  it('is refused with a policy that this cloud could not judge, by name', async () => {
    const file = join(folder, 'odd.json');
    const odd = role('odd', allow('s3:*', '*', { Condition: { StringEquals: { 'aws:PrincipalTag/team': 'blue' } } }));
    await writeFile(file, JSON.stringify({ Resources: { Odd: odd } }));
    const other = await createCloud({ start: START });

    await expect(other.deploy({ template: file, artifacts: folder, stack: 'odd' })).rejects.toThrow(
      /AWS::IAM::Role Odd.*aws:PrincipalTag\/team is not implemented/,
    );
    await other.close();
  });
});
