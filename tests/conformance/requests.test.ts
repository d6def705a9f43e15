/** Requests that AWS would not take, sent by its SDK, which looks at little before it sends. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudWatchClient,
  PutMetricAlarmCommand,
  type PutMetricAlarmCommandInput,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { EventBridgeClient, PutEventsCommand, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  AddTagsCommand,
  CreateEndpointConfigCommand,
  CreateModelCommand,
  CreateModelPackageGroupCommand,
  CreateTrainingJobCommand,
  type CreateTrainingJobCommandInput,
  DescribeModelCommand,
  ListTrainingJobsCommand,
  SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createCloud, type LocalCloud } from '../../local/cloud.ts';
import type { RequestRecord } from '../../local/record.ts';
import { refusal } from './messaging-cloud.ts';

const ROLE = 'arn:aws:iam::000000000000:role/training';
const ENTRY = { Source: 'depot', DetailType: 'Parcel Moved', Detail: '{}' };
const ALARM: PutMetricAlarmCommandInput = {
  AlarmName: 'late',
  ComparisonOperator: 'GreaterThanThreshold',
  EvaluationPeriods: 1,
  MetricName: 'Late',
  Namespace: 'Depot',
  Period: 60,
  Statistic: 'Sum',
  Threshold: 1,
};
const job = (more: object): CreateTrainingJobCommandInput => ({
  TrainingJobName: 'job',
  RoleArn: ROLE,
  AlgorithmSpecification: { TrainingImage: 'image:1', TrainingInputMode: 'File' },
  OutputDataConfig: { S3OutputPath: 's3://bucket/out' },
  ResourceConfig: { InstanceType: 'ml.m5.xlarge', InstanceCount: 1, VolumeSizeInGB: 30 },
  StoppingCondition: { MaxRuntimeInSeconds: 60 },
  ...more,
});

describe('a request over HTTP', () => {
  let cloud: LocalCloud;
  let events: EventBridgeClient;
  let lambda: LambdaClient;
  let monitoring: CloudWatchClient;
  let runtime: SageMakerRuntimeClient;
  let s3: S3Client;
  let sageMaker: SageMakerClient;
  let sns: SNSClient;
  let sqs: SQSClient;
  let sts: STSClient;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'requests-'));
    cloud = await createCloud({ record: join(folder, 'record.jsonl') });
    const config = {
      endpoint: cloud.url,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
    };
    events = new EventBridgeClient(config);
    lambda = new LambdaClient(config);
    monitoring = new CloudWatchClient(config);
    runtime = new SageMakerRuntimeClient(config);
    s3 = new S3Client({ ...config, forcePathStyle: true });
    sageMaker = new SageMakerClient(config);
    sns = new SNSClient(config);
    sqs = new SQSClient(config);
    sts = new STSClient(config);
  });
  afterAll(async () => {
    for (const client of [events, lambda, monitoring, runtime, s3, sageMaker, sns, sqs, sts]) client.destroy();
    await cloud.close();
    await rm(folder, { recursive: true });
  });

  it.each<[what: string, send: () => Promise<unknown>, name: string, message: string]>([
    [
      'without a member that must be there',
      () => sageMaker.send(new DescribeModelCommand({ ModelName: undefined })),
      'ValidationException',
      "1 validation error detected: Value null at 'modelName' failed to satisfy constraint: Member must not be null",
    ],
    [
      'with a name that is none, and a role that is none',
      () => sageMaker.send(new CreateTrainingJobCommand(job({ TrainingJobName: 'a_b', RoleArn: 'role' }))),
      'ValidationException',
      "3 validation errors detected: Value 'a_b' at 'trainingJobName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}; Value 'role' at 'roleArn'",
    ],
    [
      'with an instance type that AWS has none of',
      () => sageMaker.send(new CreateTrainingJobCommand(job({ ResourceConfig: { InstanceType: 'ml.tiny' } }))),
      'ValidationException',
      "Value 'ml.tiny' at 'resourceConfig.instanceType' failed to satisfy constraint: Member must satisfy enum value set: [",
    ],
    [
      'with too many hyperparameters',
      () => {
        const HyperParameters = Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`p${n}`, '1']));
        return sageMaker.send(new CreateTrainingJobCommand(job({ HyperParameters })));
      },
      'ValidationException',
      "p100=1}' at 'hyperParameters' failed to satisfy constraint: Member must have length less than or equal to 100",
    ],
    [
      'with a text where a number belongs',
      () => sageMaker.send(new CreateTrainingJobCommand(job({ StoppingCondition: { MaxRuntimeInSeconds: '60' } }))),
      'SerializationException',
      'STRING_VALUE can not be converted to an Integer',
    ],
    [
      'for more than AWS lists',
      () => sageMaker.send(new ListTrainingJobsCommand({ MaxResults: 101 })),
      'ValidationException',
      "Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100",
    ],
    [
      'with an environment variable that no shell takes',
      () =>
        sageMaker.send(
          new CreateModelCommand({
            ModelName: 'm',
            ExecutionRoleArn: ROLE,
            PrimaryContainer: { Image: 'image:1', Environment: { 'a-b': '1' } },
          }),
        ),
      'ValidationException',
      "Value '{a-b=1}' at 'primaryContainer.environment' failed to satisfy constraint: Map keys must satisfy constraint: [",
    ],
    [
      'with a capture of more than all',
      () =>
        sageMaker.send(
          new CreateEndpointConfigCommand({
            EndpointConfigName: 'c',
            ProductionVariants: [{ VariantName: 'v', ModelName: 'm' }],
            DataCaptureConfig: {
              InitialSamplingPercentage: 101,
              DestinationS3Uri: 's3://bucket/capture',
              CaptureOptions: [{ CaptureMode: 'Input' }],
            },
          }),
        ),
      'ValidationException',
      "'dataCaptureConfig.initialSamplingPercentage' failed to satisfy constraint: Member must have value less than or equal to 100",
    ],
    [
      'with a tag that has braces',
      () =>
        sageMaker.send(
          new AddTagsCommand({
            ResourceArn: 'arn:aws:sagemaker:eu-west-1:000000000000:model/m',
            Tags: [{ Key: '{k}', Value: 'v' }],
          }),
        ),
      'ValidationException',
      "Value '{k}' at 'tags.1.member.key'",
    ],
    [
      'with a group’s name too long',
      () => sageMaker.send(new CreateModelPackageGroupCommand({ ModelPackageGroupName: 'g'.repeat(64) })),
      'ValidationException',
      "at 'modelPackageGroupName' failed",
    ],
    [
      'to an endpoint whose name is none',
      () => runtime.send(new InvokeEndpointCommand({ EndpointName: 'not_a_name', Body: Buffer.from('1') })),
      'ValidationError',
      "Value 'not_a_name' at 'endpointName'",
    ],
    [
      'with eleven events',
      () => events.send(new PutEventsCommand({ Entries: Array.from({ length: 11 }, () => ENTRY) })),
      'ValidationException',
      "at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10",
    ],
    [
      'for a target that is broken twice',
      () => events.send(new PutTargetsCommand({ Rule: 'r', Targets: [{ Id: '!', Arn: '' }] })),
      'ValidationException',
      "2 validation errors detected: Value '!' at 'targets.1.member.id' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+; Value '' at 'targets.1.member.arn' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ],
    [
      'for a rule in no known state',
      () => events.send(new PutRuleCommand({ Name: 'r', EventPattern: '{}', State: 'ASLEEP' as 'ENABLED' })),
      'ValidationException',
      "Value 'ASLEEP' at 'state' failed to satisfy constraint: Member must satisfy enum value set: [ENABLED, DISABLED, ",
    ],
    [
      'for an alarm’s state that is none',
      () =>
        monitoring.send(new SetAlarmStateCommand({ AlarmName: 'a', StateReason: 'r', StateValue: 'INVALID' as 'OK' })),
      'ValidationException',
      "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]",
    ],
    [
      'for an alarm over no period',
      () => monitoring.send(new PutMetricAlarmCommand({ ...ALARM, EvaluationPeriods: 0 })),
      'ValidationException',
      "Value '0' at 'evaluationPeriods' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ],
    [
      'for a metric without a name',
      () =>
        monitoring.send(new PutMetricDataCommand({ Namespace: 'Depot', MetricData: [{ MetricName: '', Value: 1 }] })),
      'MissingRequiredParameterException',
      'The parameter MetricData.member.1.MetricName is required.',
    ],
    [
      'for a queue with an attribute there is none of',
      () => sqs.send(new CreateQueueCommand({ QueueName: 'q', Attributes: { Colour: 'red' } as object })),
      'InvalidAttributeName',
      'Unknown Attribute Colour.',
    ],
    [
      'for a message without a text',
      () => sqs.send(new SendMessageCommand({ QueueUrl: `${cloud.url}/000000000000/q`, MessageBody: undefined })),
      'MissingParameter',
      'The request must contain the parameter MessageBody.',
    ],
    [
      'for a topic without a name',
      () => sns.send(new CreateTopicCommand({ Name: undefined })),
      'InvalidParameterException',
      'Invalid parameter: Name Reason: no value for required parameter',
    ],
    [
      'for a session of no time at all',
      () => sts.send(new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'ab', DurationSeconds: 1 })),
      'ValidationError',
      "Value '1' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
    ],
    [
      'for no function at all',
      () => lambda.send(new ListFunctionsCommand({ MaxItems: 0 })),
      'ValidationException',
      "Value '0' at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ],
    [
      'for a storage class there is none of',
      () => s3.send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: '', StorageClass: 'ATTIC' as 'STANDARD' })),
      'InvalidStorageClass',
      "'ATTIC'",
    ],
    [
      'for keys in an encoding there is none of',
      () => s3.send(new ListObjectsV2Command({ Bucket: 'b', EncodingType: 'base64' as 'url' })),
      'InvalidArgument',
      "'base64'",
    ],
  ])('%s is refused', async (_, send, name, message) => {
    const refused = await refusal(send());

    expect(refused).toEqual({ name, status: 400, message: expect.stringContaining(message) });
  });

  it('is refused with a member that no model has, by its name', async () => {
    const request = new PutRuleCommand({ Name: 'r', EventPattern: '{}' });
    // The SDK leaves out what it does not know; another client need not.
    request.middlewareStack.add(
      (next) => (args) => {
        const sent = args.request as { body: Uint8Array | string };
        sent.body = Buffer.from(Buffer.from(sent.body).toString().replace('{', '{"Colour":"red",'));
        return next(args);
      },
      { step: 'build', priority: 'high' },
    );

    const refused = await refusal(events.send(request));

    expect(refused).toMatchObject({ status: 501, message: expect.stringMatching(/^PutRule: .* no member Colour;/) });
  });

  it('is refused before it is known whether it would be allowed, and is on record all the same', async () => {
    const template = join(folder, 'template.json');
    const trust = { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };
    const role = {
      Type: 'AWS::IAM::Role',
      Properties: {
        RoleName: 'nobody',
        AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [trust] },
      },
    };
    await writeFile(template, JSON.stringify({ Resources: { Nobody: role } }));
    await cloud.deploy({ template, artifacts: folder, stack: 'test' });
    const stranger = new SageMakerClient({
      endpoint: cloud.url,
      region: 'eu-west-1',
      credentials: cloud.iam.credentialsFor('arn:aws:iam::000000000000:role/nobody', 'session'),
      maxAttempts: 1,
    });

    const denied = await refusal(stranger.send(new DescribeModelCommand({ ModelName: 'a-name' })));
    const refused = await refusal(stranger.send(new DescribeModelCommand({ ModelName: 'not_a_name' })));

    stranger.destroy();
    expect([denied.name, refused.name]).toEqual(['AccessDeniedException', 'ValidationException']);
    await expect
      .poll(async () => {
        const lines = (await readFile(join(folder, 'record.jsonl'), 'utf8')).trimEnd().split('\n');
        return lines.map((line) => JSON.parse(line) as RequestRecord).at(-1);
      })
      .toMatchObject({ operation: 'DescribeModel', status: 400, error: 'ValidationException' });
  });
});
