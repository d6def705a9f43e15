import { fileURLToPath } from 'node:url';
import { CloudWatchClient, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  CreateModelCommand,
  DescribeEndpointCommand,
  SageMakerClient,
  UpdateEndpointCommand,
} from '@aws-sdk/client-sagemaker';
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMINISTRATOR, deployStack, type TestStack } from './lambda-stack.ts';
import { openedQueue } from './messaging-cloud.ts';
import { putModel } from './sagemaker-model.ts';

const IMAGE = '000000000000.dkr.ecr.eu-west-1.amazonaws.com/constant-model:1';
const program = fileURLToPath(new URL('../fixtures/containers/constant-model.mjs', import.meta.url));
const ALARM = 'arn:aws:cloudwatch:eu-west-1:000000000000:alarm:new-fleet';

let stack: TestStack;
let s3: S3Client;
let sagemaker: SageMakerClient;
let runtime: SageMakerRuntimeClient;
let cloudwatch: CloudWatchClient;

const role = (name: string, actions: readonly string[]) => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    RoleName: name,
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: 'sagemaker.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    },
    Policies: [
      {
        PolicyName: 'serve',
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            { Effect: 'Allow', Action: ['s3:ListBucket', 's3:GetObject', 'logs:*'], Resource: '*' },
            ...(actions.length === 0 ? [] : [{ Effect: 'Allow', Action: [...actions], Resource: ALARM }]),
          ],
        },
      },
    ],
  },
});

beforeAll(async () => {
  stack = await deployStack(
    {},
    {
      Watcher: role('watcher', ['cloudwatch:DescribeAlarms']),
      Blind: role('blind', []),
      Store: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'store' } },
      Told: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'told' } },
      ToldPolicy: openedQueue('Told'),
      Rule: {
        Type: 'AWS::Events::Rule',
        Properties: {
          EventPattern: { source: ['aws.sagemaker'], 'detail-type': ['SageMaker Endpoint State Change'] },
          Targets: [{ Id: 'queue', Arn: { 'Fn::GetAtt': ['Told', 'Arn'] } }],
        },
      },
    },
    {
      options: {
        start: new Date(Date.UTC(2001, 0, 25, 10, 15, 30)),
        images: [{ pattern: /^constant-model:\d+$/, command: [process.execPath, program] }],
      },
    },
  );
  const config = { endpoint: stack.cloud.url, region: 'eu-west-1', credentials: ADMINISTRATOR, maxAttempts: 1 };
  s3 = new S3Client({ ...config, forcePathStyle: true });
  sagemaker = new SageMakerClient(config);
  runtime = new SageMakerRuntimeClient(config);
  cloudwatch = new CloudWatchClient(config);
});
afterAll(async () => {
  for (const client of [s3, sagemaker, runtime, cloudwatch]) client?.destroy();
  await stack?.close();
});

const deployable = async (name: string, value: number, roleName: string) => {
  const sent: Promise<unknown>[] = [];
  const put = (Key: string, Body: string | Uint8Array) =>
    void sent.push(s3.send(new PutObjectCommand({ Bucket: 'store', Key, Body })));
  await putModel({ put }, `${name}.tar.gz`, value);
  await Promise.all(sent);
  await sagemaker.send(
    new CreateModelCommand({
      ModelName: name,
      ExecutionRoleArn: `arn:aws:iam::000000000000:role/${roleName}`,
      PrimaryContainer: { Image: IMAGE, ModelDataUrl: `s3://store/${name}.tar.gz` },
    }),
  );
  await sagemaker.send(
    new CreateEndpointConfigCommand({
      EndpointConfigName: name,
      ProductionVariants: [
        { VariantName: 'AllTraffic', ModelName: name, InstanceType: 'ml.m5.large', InitialInstanceCount: 2 },
      ],
    }),
  );
};
const look = () => sagemaker.send(new DescribeEndpointCommand({ EndpointName: 'watched' }));
const update = (config: string) =>
  sagemaker.send(
    new UpdateEndpointCommand({
      EndpointName: 'watched',
      EndpointConfigName: config,
      DeploymentConfig: {
        BlueGreenUpdatePolicy: {
          TrafficRoutingConfiguration: {
            Type: 'CANARY',
            WaitIntervalInSeconds: 600,
            CanarySize: { Type: 'INSTANCE_COUNT', Value: 1 },
          },
        },
        AutoRollbackConfiguration: { Alarms: [{ AlarmName: 'new-fleet' }] },
      },
    }),
  );
const invoke = (Body: string) =>
  runtime.send(new InvokeEndpointCommand({ EndpointName: 'watched', ContentType: 'text/csv', Body }));

describe('a deployment watched by an alarm of CloudWatch', () => {
  it('goes back when requests of the new fleet fail, and tells it on the bus', async () => {
    await deployable('first', 1, 'watcher');
    await deployable('second', 2, 'watcher');
    await sagemaker.send(new CreateEndpointCommand({ EndpointName: 'watched', EndpointConfigName: 'first' }));
    await stack.cloud.settle();
    await cloudwatch.send(
      new PutMetricAlarmCommand({
        AlarmName: 'new-fleet',
        Namespace: 'AWS/SageMaker',
        MetricName: 'InvocationModelErrors',
        Dimensions: [
          { Name: 'EndpointName', Value: 'watched' },
          { Name: 'VariantName', Value: 'AllTraffic' },
          { Name: 'EndpointConfigName', Value: 'second' },
        ],
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        TreatMissingData: 'notBreaching',
      }),
    );
    await update('second');
    await stack.cloud.settle();
    expect((await look()).PendingDeploymentSummary?.EndpointConfigName).toBe('second');

    for (let i = 0; i < 20; i++) await invoke('boom').catch(() => undefined);
    await stack.cloud.settle({ advanceMs: 240_000 });

    expect(await look()).toMatchObject({
      EndpointStatus: 'InService',
      EndpointConfigName: 'first',
      FailureReason: expect.stringMatching(/new-fleet/),
    });
    const statuses = stack.cloud.sqs
      .peek('arn:aws:sqs:eu-west-1:000000000000:told')
      .map(({ body }) => JSON.parse(body).detail.EndpointStatus);
    expect(statuses).toEqual(['CREATING', 'IN_SERVICE', 'UPDATING', 'ROLLING_BACK', 'IN_SERVICE']);
    expect(Buffer.from((await invoke('1')).Body).toString()).toBe('1\n');
  });

  it('is refused when its execution role may not look at the alarm', async () => {
    await deployable('third', 3, 'blind');

    await expect(update('third')).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(/role\/blind.*cloudwatch:DescribeAlarms/),
    });
  });
});
