import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createCloud, type LocalCloud } from '../../../local/cloud.ts';
import type { Cloud, JsonObject, Service } from '../../../local/contracts.ts';
import { createEvents } from '../../../local/services/events/service.ts';
import type { Need, Needs } from '../../../local/services/iam/needs/need.ts';
import { S3_NEEDS } from '../../../local/services/iam/needs/s3.ts';
import { NEEDS } from '../../../local/services/iam/needs/table.ts';
import { createAsynchronousInvocations } from '../../../local/services/lambda/asynchronous.ts';
import { createEnvironmentPool } from '../../../local/services/lambda/environment-pool.ts';
import { startEnvironment } from '../../../local/services/lambda/execution-environment.ts';
import { createInvoker } from '../../../local/services/lambda/invoker.ts';
import { lambdaRoutes } from '../../../local/services/lambda/operations.ts';
import { createRegistry } from '../../../local/services/lambda/registry.ts';
import { createLogs } from '../../../local/services/logs/service.ts';
import { createMonitoring } from '../../../local/services/monitoring/service.ts';
import type { OperationName } from '../../../local/services/s3/operations.ts';
import { createSageMaker } from '../../../local/services/sagemaker/service.ts';
import { createSns } from '../../../local/services/sns/service.ts';
import { createSqs } from '../../../local/services/sqs/service.ts';

const PLACE = { account: '000000000000', region: 'eu-west-1' };
/** The compiler sees to it that every operation of S3 has an entry. */
const OF_S3: Readonly<Record<OperationName, Needs>> = S3_NEEDS;

const needs = (scope: string, operation: string, input: JsonObject): readonly string[] =>
  (NEEDS[scope]?.[operation]?.(input, PLACE) ?? []).map(({ action, resource }: Need) => `${action} ${resource}`);
const arn = (service: string, rest: string) => `arn:aws:${service}:eu-west-1:000000000000:${rest}`;

describe('what operations need', () => {
  let local: LocalCloud;
  let cloud: Cloud;
  beforeAll(async () => {
    local = await createCloud();
    cloud = { ...local, iam: local.iam, url: () => local.url };
  });
  afterAll(() => local.close());

  it('is known of every operation that is served', () => {
    const services: Service[] = [
      createEvents(cloud).service,
      createSqs(cloud).service,
      createSns(cloud).service,
      createLogs(cloud).service,
      createMonitoring(cloud).service,
      ...createSageMaker(cloud).services,
    ];
    const pool = createEnvironmentPool(cloud, startEnvironment);
    const invoker = createInvoker(cloud, pool);
    const routes = lambdaRoutes(cloud, createRegistry(cloud), invoker, createAsynchronousInvocations(cloud, invoker));
    const served = [
      ...services.flatMap(({ scope, api }) =>
        api.protocol === 'rest' ? [] : Object.keys(api.operations).map((operation) => [scope, operation] as const),
      ),
      ...routes.map(({ operation }) => ['lambda', operation] as const),
      ...Object.keys(OF_S3).map((operation) => ['s3', operation] as const),
      ['sagemaker', 'InvokeEndpoint'] as const,
    ];

    expect(served.length).toBeGreaterThan(130);
    expect(served.filter(([scope, operation]) => !Object.hasOwn(NEEDS[scope] ?? {}, operation))).toEqual([]);
  });

  it.each<[string, string, JsonObject, string[]]>([
    [
      's3',
      'PutObject',
      { Bucket: 'b', Key: 'a/k', Tagging: 'x=y' },
      ['s3:PutObject arn:aws:s3:::b/a/k', 's3:PutObjectTagging arn:aws:s3:::b/a/k'],
    ],
    ['s3', 'GetObject', { Bucket: 'b', Key: 'k', VersionId: 'v' }, ['s3:GetObjectVersion arn:aws:s3:::b/k']],
    [
      's3',
      'UploadPartCopy',
      { Bucket: 'b', Key: 'k', CopySource: '/c/a%20b?versionId=v' },
      ['s3:GetObjectVersion arn:aws:s3:::c/a b', 's3:PutObject arn:aws:s3:::b/k'],
    ],
    ['s3', 'ListObjectVersions', { Bucket: 'b' }, ['s3:ListBucketVersions arn:aws:s3:::b']],
    [
      'sqs',
      'DeleteMessageBatch',
      { QueueUrl: 'http://127.0.0.1:1/000000000000/q' },
      [`sqs:DeleteMessage ${arn('sqs', 'q')}`],
    ],
    ['sns', 'Unsubscribe', { SubscriptionArn: arn('sns', 'news:id') }, [`sns:Unsubscribe ${arn('sns', 'news')}`]],
    [
      'events',
      'PutEvents',
      { Entries: [{ EventBusName: arn('events', 'event-bus/own') }, {}] },
      [`events:PutEvents ${arn('events', 'event-bus/own')}`, `events:PutEvents ${arn('events', 'event-bus/default')}`],
    ],
    [
      'events',
      'PutTargets',
      { Rule: 'r', EventBusName: 'own', Targets: [{ RoleArn: 'arn:aws:iam::0:role/x' }] },
      [`events:PutTargets ${arn('events', 'rule/own/r')}`, 'iam:PassRole arn:aws:iam::0:role/x'],
    ],
    ['events', 'DescribeRule', { Name: 'r' }, [`events:DescribeRule ${arn('events', 'rule/r')}`]],
    [
      'lambda',
      'Invoke',
      { FunctionName: '000000000000:function:f', Qualifier: '$LATEST' },
      [`lambda:InvokeFunction ${arn('lambda', 'function:f:$LATEST')}`],
    ],
    [
      'lambda',
      'FunctionUrl',
      { FunctionName: 'f', AuthType: 'AWS_IAM' },
      [
        `lambda:InvokeFunctionUrl ${arn('lambda', 'function:f')}`,
        `lambda:InvokeFunction ${arn('lambda', 'function:f')}`,
      ],
    ],
    ['monitoring', 'DescribeAlarms', {}, [`cloudwatch:DescribeAlarms ${arn('cloudwatch', 'alarm:*')}`]],
    [
      'monitoring',
      'GetDashboard',
      { DashboardName: 'd' },
      ['cloudwatch:GetDashboard arn:aws:cloudwatch::000000000000:dashboard/d'],
    ],
    [
      'sagemaker',
      'CreateEndpoint',
      { EndpointName: 'E', EndpointConfigName: 'C', Tags: [{ Key: 'a', Value: 'b' }] },
      [
        `sagemaker:CreateEndpoint ${arn('sagemaker', 'endpoint/e')}`,
        `sagemaker:AddTags ${arn('sagemaker', 'endpoint/e')}`,
        `sagemaker:CreateEndpoint ${arn('sagemaker', 'endpoint-config/c')}`,
      ],
    ],
    [
      'sagemaker',
      'CreateModelPackage',
      { ModelPackageGroupName: 'g' },
      [`sagemaker:CreateModelPackage ${arn('sagemaker', 'model-package/g/*')}`],
    ],
    [
      'sagemaker',
      'CreateTrainingJob',
      { TrainingJobName: 't', RoleArn: 'arn:aws:iam::0:role/x' },
      [`sagemaker:CreateTrainingJob ${arn('sagemaker', 'training-job/t')}`, 'iam:PassRole arn:aws:iam::0:role/x'],
    ],
    [
      'sqs',
      'CreateQueue',
      { QueueName: 'q', tags: { a: 'b' } },
      [`sqs:CreateQueue ${arn('sqs', 'q')}`, `sqs:TagQueue ${arn('sqs', 'q')}`],
    ],
    ['sqs', 'CreateQueue', { QueueName: 'q' }, [`sqs:CreateQueue ${arn('sqs', 'q')}`]],
    [
      'sns',
      'CreateTopic',
      { Name: 'n', Tags: [{ Key: 'a', Value: 'b' }] },
      [`sns:CreateTopic ${arn('sns', 'n')}`, `sns:TagResource ${arn('sns', 'n')}`],
    ],
    [
      'events',
      'CreateEventBus',
      { Name: 'own', Tags: [{ Key: 'a', Value: 'b' }] },
      [
        `events:CreateEventBus ${arn('events', 'event-bus/own')}`,
        `events:TagResource ${arn('events', 'event-bus/own')}`,
      ],
    ],
    [
      'events',
      'PutRule',
      { Name: 'r', RoleArn: 'arn:aws:iam::0:role/x', Tags: [{ Key: 'a', Value: 'b' }] },
      [
        `events:PutRule ${arn('events', 'rule/r')}`,
        `events:TagResource ${arn('events', 'rule/r')}`,
        'iam:PassRole arn:aws:iam::0:role/x',
      ],
    ],
    ...['PutMetricAlarm', 'PutCompositeAlarm'].map((operation): [string, string, JsonObject, string[]] => [
      'monitoring',
      operation,
      { AlarmName: 'a', Tags: [{ Key: 'a', Value: 'b' }] },
      [
        `cloudwatch:${operation} ${arn('cloudwatch', 'alarm:a')}`,
        `cloudwatch:TagResource ${arn('cloudwatch', 'alarm:a')}`,
      ],
    ]),
  ])('by %s %s of %j', (scope, operation, input, expected) => {
    expect(needs(scope, operation, input)).toEqual(expected);
  });

  it.each<[string, string, JsonObject]>([
    ['sagemaker', 'CreateModel', { ModelName: 'm', Tags: [{ Key: 'Team', Value: 'post' }] }],
    ['sagemaker', 'AddTags', { ResourceArn: 'arn', Tags: [{ Key: 'Team', Value: 'post' }] }],
    ['sns', 'CreateTopic', { Name: 'n', Tags: [{ Key: 'Team', Value: 'post' }] }],
    ['events', 'PutRule', { Name: 'r', Tags: [{ Key: 'Team', Value: 'post' }] }],
    ['monitoring', 'PutMetricAlarm', { AlarmName: 'a', Tags: [{ Key: 'Team', Value: 'post' }] }],
    ['sqs', 'CreateQueue', { QueueName: 'q', tags: { Team: 'post' } }],
    ['sqs', 'TagQueue', { QueueUrl: 'http://h/1/q', Tags: { Team: 'post' } }],
  ])('fills in the condition keys of tags: %s %s', (scope, operation, input) => {
    const asked = NEEDS[scope]?.[operation]?.(input, PLACE) ?? [];

    expect(asked.length).toBeGreaterThan(0);
    for (const { context } of asked)
      expect(context).toMatchObject({ 'aws:tagkeys': ['Team'], 'aws:requesttag/team': 'post' });
  });

  it.each<[string, string, JsonObject]>([
    ['sagemaker', 'DeleteTags', { ResourceArn: 'arn', TagKeys: ['Team'] }],
    ['sqs', 'UntagQueue', { QueueUrl: 'http://h/1/q', TagKeys: ['Team'] }],
  ])('names the tags that are taken away: %s %s', (scope, operation, input) => {
    expect(NEEDS[scope]?.[operation]?.(input, PLACE)).toMatchObject([{ context: { 'aws:tagkeys': ['Team'] } }]);
  });
});
