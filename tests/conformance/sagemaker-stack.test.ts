import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  CreateModelCommand,
  CreateTrainingJobCommand,
  CreateTransformJobCommand,
  DescribeEndpointCommand,
  DescribeModelPackageGroupCommand,
  DescribeTrainingJobCommand,
  DescribeTransformJobCommand,
  SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ADMINISTRATOR, deployStack, type TestStack } from './lambda-stack.ts';
import { openedQueue } from './messaging-cloud.ts';

const run = promisify(execFile);
const ROLE = 'arn:aws:iam::000000000000:role/trainer';
const IMAGE = '141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.0-5';
const START = Date.UTC(2001, 0, 25, 10, 15, 30);

let stack: TestStack;
let s3: S3Client;
let sagemaker: SageMakerClient;
let runtime: SageMakerRuntimeClient;

beforeAll(async () => {
  stack = await deployStack(
    {},
    {
      Trainer: {
        Type: 'AWS::IAM::Role',
        Properties: {
          RoleName: 'trainer',
          AssumeRolePolicyDocument: {
            Version: '2012-10-17',
            Statement: [
              { Effect: 'Allow', Principal: { Service: 'sagemaker.amazonaws.com' }, Action: 'sts:AssumeRole' },
            ],
          },
          Policies: [
            {
              PolicyName: 'train',
              PolicyDocument: {
                Version: '2012-10-17',
                Statement: [
                  { Effect: 'Allow', Action: ['s3:ListBucket', 's3:GetObject', 's3:PutObject'], Resource: '*' },
                  { Effect: 'Allow', Action: ['logs:*', 'cloudwatch:PutMetricData'], Resource: '*' },
                ],
              },
            },
          ],
        },
      },
      Store: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'store' } },
      Group: { Type: 'AWS::SageMaker::ModelPackageGroup', Properties: { ModelPackageGroupName: 'models' } },
      Told: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'told' } },
      ToldPolicy: openedQueue('Told'),
      Rule: {
        Type: 'AWS::Events::Rule',
        Properties: {
          EventPattern: { source: ['aws.sagemaker'], detail: { TrainingJobStatus: ['Completed', 'Failed'] } },
          Targets: [{ Id: 'queue', Arn: { 'Fn::GetAtt': ['Told', 'Arn'] } }],
        },
      },
    },
    { options: { start: new Date(START) }, outputs: { Group: { Value: { Ref: 'Group' } } } },
  );
  const config = { endpoint: stack.cloud.url, region: 'eu-west-1', credentials: ADMINISTRATOR, maxAttempts: 1 };
  s3 = new S3Client({ ...config, forcePathStyle: true });
  sagemaker = new SageMakerClient(config);
  runtime = new SageMakerRuntimeClient(config);
});
afterAll(async () => {
  for (const client of [s3, sagemaker, runtime]) client?.destroy();
  await stack?.close();
});

describe('SageMaker in a deployed stack', () => {
  it('has the model package groups of the template', async () => {
    const described = await sagemaker.send(new DescribeModelPackageGroupCommand({ ModelPackageGroupName: 'models' }));

    expect(described.ModelPackageGroupArn).toBe(stack.outputs.Group);
  });

  it('trains, scores and serves with the built-in XGBoost', async () => {
    // Two columns, of which the first decides.
    const rows = Array.from({ length: 400 }, (_, i) => ({ x: i % 20, noise: (i * 7) % 13 }));
    const csv = (label: boolean) =>
      rows.map(({ x, noise }) => `${label ? `${x > 9 ? 1 : 0},` : ''}${x},${noise}`).join('\n');
    const put = (Key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket: 'store', Key, Body }));
    await put('input/train/part-0.csv', csv(true));
    await put('input/validation/part-0.csv', csv(true));
    await put('input/score/part-0.csv', csv(false));
    const channel = (name: string) => ({
      ChannelName: name,
      ContentType: 'text/csv',
      DataSource: { S3DataSource: { S3DataType: 'S3Prefix' as const, S3Uri: `s3://store/input/${name}/` } },
    });

    await sagemaker.send(
      new CreateTrainingJobCommand({
        TrainingJobName: 'boosted',
        AlgorithmSpecification: { TrainingImage: IMAGE, TrainingInputMode: 'File' },
        RoleArn: ROLE,
        HyperParameters: { num_round: '10', objective: 'binary:logistic', eval_metric: 'auc' },
        InputDataConfig: [channel('train'), channel('validation')],
        OutputDataConfig: { S3OutputPath: 's3://store/output' },
        ResourceConfig: { InstanceType: 'ml.m5.xlarge', InstanceCount: 1, VolumeSizeInGB: 10 },
        StoppingCondition: { MaxRuntimeInSeconds: 3600 },
      }),
    );
    await stack.cloud.settle();

    const trained = await sagemaker.send(new DescribeTrainingJobCommand({ TrainingJobName: 'boosted' }));
    expect(trained).toMatchObject({ TrainingJobStatus: 'Completed' });
    expect(trained.FinalMetricDataList).toMatchObject([{ MetricName: 'validation:auc', Value: 1 }]);
    const [told] = stack.cloud.sqs.receive('arn:aws:sqs:eu-west-1:000000000000:told', 10);
    expect(JSON.parse(told?.body ?? '{}')).toMatchObject({
      'detail-type': 'SageMaker Training Job State Change',
      source: 'aws.sagemaker',
      time: '2001-01-25T10:15:30Z',
      detail: { TrainingJobName: 'boosted', TrainingJobStatus: 'Completed' },
    });

    await sagemaker.send(
      new CreateModelCommand({
        ModelName: 'boosted',
        ExecutionRoleArn: ROLE,
        PrimaryContainer: { Image: IMAGE, ModelDataUrl: trained.ModelArtifacts?.S3ModelArtifacts },
      }),
    );
    await sagemaker.send(
      new CreateTransformJobCommand({
        TransformJobName: 'scores',
        ModelName: 'boosted',
        TransformInput: {
          DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 's3://store/input/score/' } },
          ContentType: 'text/csv',
          SplitType: 'Line',
        },
        TransformOutput: { S3OutputPath: 's3://store/scores/', Accept: 'text/csv', AssembleWith: 'Line' },
        TransformResources: { InstanceType: 'ml.m5.large', InstanceCount: 1 },
      }),
    );
    await sagemaker.send(
      new CreateEndpointConfigCommand({
        EndpointConfigName: 'boosted',
        ProductionVariants: [
          { VariantName: 'AllTraffic', ModelName: 'boosted', InstanceType: 'ml.m5.large', InitialInstanceCount: 1 },
        ],
        DataCaptureConfig: {
          InitialSamplingPercentage: 100,
          DestinationS3Uri: 's3://store/capture',
          CaptureOptions: [{ CaptureMode: 'InputAndOutput' }],
          CaptureContentTypeHeader: { CsvContentTypes: ['text/csv'] },
        },
      }),
    );
    await sagemaker.send(new CreateEndpointCommand({ EndpointName: 'boosted', EndpointConfigName: 'boosted' }));
    await stack.cloud.settle();

    expect(await sagemaker.send(new DescribeTransformJobCommand({ TransformJobName: 'scores' }))).toMatchObject({
      TransformJobStatus: 'Completed',
    });
    expect(await sagemaker.send(new DescribeEndpointCommand({ EndpointName: 'boosted' }))).toMatchObject({
      EndpointStatus: 'InService',
    });
    const output = await s3.send(new GetObjectCommand({ Bucket: 'store', Key: 'scores/part-0.csv.out' }));
    const scores = ((await output.Body?.transformToString()) ?? '').trimEnd().split('\n').map(Number);
    expect(scores.map((score) => score > 0.5)).toEqual(rows.map(({ x }) => x > 9));
    const answer = await runtime.send(
      new InvokeEndpointCommand({
        EndpointName: 'boosted',
        ContentType: 'text/csv',
        Body: '3,1\n15,1\n',
        InferenceId: 'a',
      }),
    );
    const [low = 1, high = 0] = Buffer.from(answer.Body).toString('utf8').trimEnd().split(/[,\n]/).map(Number);
    expect(low).toBeLessThan(0.5);
    expect(high).toBeGreaterThan(0.5);
    await stack.cloud.settle({ advanceMs: 60_000 });
    const captured = await s3.send(
      new ListObjectsV2Command({ Bucket: 'store', Prefix: 'capture/boosted/AllTraffic/2001/01/25/10/' }),
    );
    expect(captured.KeyCount).toBe(1);
  });

  it('fails a training with the words of the built-in XGBoost', async () => {
    await sagemaker.send(
      new CreateTrainingJobCommand({
        TrainingJobName: 'misspelt',
        AlgorithmSpecification: { TrainingImage: IMAGE, TrainingInputMode: 'File' },
        RoleArn: ROLE,
        HyperParameters: { num_round: '10', max_dept: '6' },
        InputDataConfig: [
          {
            ChannelName: 'train',
            ContentType: 'text/csv',
            DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 's3://store/input/train/' } },
          },
        ],
        OutputDataConfig: { S3OutputPath: 's3://store/output' },
        ResourceConfig: { InstanceType: 'ml.m5.xlarge', InstanceCount: 1, VolumeSizeInGB: 10 },
      }),
    );
    await stack.cloud.settle();

    const { FailureReason: reason } = await sagemaker.send(
      new DescribeTrainingJobCommand({ TrainingJobName: 'misspelt' }),
    );
    expect(reason).toMatch(/Extraneous hyperparameter found.*max_dept/s);
  });

  it('answers the AWS CLI', async () => {
    const environment = {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'eu-west-1',
      // The first version of the command line reads this one only.
      AWS_DEFAULT_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL: stack.cloud.url,
    };
    const list = await run('aws', ['sagemaker', 'list-endpoints', '--output', 'json'], { env: environment }).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      },
    );
    if (!list) {
      console.info('no AWS CLI here: it was not asked');
      return;
    }

    expect(JSON.parse(list.stdout).Endpoints).toMatchObject([{ EndpointName: 'boosted', EndpointStatus: 'InService' }]);
  });
});
