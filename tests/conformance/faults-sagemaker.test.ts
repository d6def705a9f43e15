import { fileURLToPath } from 'node:url';
import {
  CloudWatchClient,
  GetMetricStatisticsCommand,
  PutMetricAlarmCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  CreateModelCommand,
  CreateTrainingJobCommand,
  CreateTransformJobCommand,
  DeleteEndpointCommand,
  DescribeEndpointCommand,
  DescribeTrainingJobCommand,
  DescribeTransformJobCommand,
  SageMakerClient,
  UpdateEndpointCommand,
  UpdateEndpointWeightsAndCapacitiesCommand,
} from '@aws-sdk/client-sagemaker';
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { FaultSettings } from '../../local/faults/settings.ts';
import { ADMINISTRATOR, deployStack, type TestStack } from './lambda-stack.ts';
import { openedQueue } from './messaging-cloud.ts';
import { refusal } from './s3-cloud.ts';
import { putModel } from './sagemaker-model.ts';

const IMAGE = '000000000000.dkr.ecr.eu-west-1.amazonaws.com/constant-model:1';
const ROLE = 'arn:aws:iam::000000000000:role/trainer';
const program = fileURLToPath(new URL('../fixtures/containers/constant-model.mjs', import.meta.url));

let stack: TestStack;
let s3: S3Client;
let sagemaker: SageMakerClient;
let runtime: SageMakerRuntimeClient;
let cloudWatch: CloudWatchClient;

const put = (Key: string, Body: string | Uint8Array) => s3.send(new PutObjectCommand({ Bucket: 'store', Key, Body }));

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
              PolicyName: 'all',
              PolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] },
            },
          ],
        },
      },
      Store: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'store' } },
      Told: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'told' } },
      ToldPolicy: openedQueue('Told'),
      Rule: {
        Type: 'AWS::Events::Rule',
        Properties: {
          EventPattern: {
            'detail-type': ['SageMaker Endpoint State Change'],
            detail: { EndpointName: [{ prefix: 'suspended-' }] },
          },
          Targets: [{ Id: 'queue', Arn: { 'Fn::GetAtt': ['Told', 'Arn'] } }],
        },
      },
    },
    { options: { images: [{ pattern: /^constant-model:\d+$/, command: [process.execPath, program] }] } },
  );
  const config = { endpoint: stack.cloud.url, region: 'eu-west-1', credentials: ADMINISTRATOR, maxAttempts: 1 };
  s3 = new S3Client({ ...config, forcePathStyle: true });
  sagemaker = new SageMakerClient(config);
  runtime = new SageMakerRuntimeClient(config);
  cloudWatch = new CloudWatchClient(config);
  await put('input/part-0.csv', '1,2\n');
  for (const [name, value] of [
    ['one', 1],
    ['two', 2],
  ] as const) {
    const sent: Promise<unknown>[] = [];
    await putModel({ put: (key, body) => void sent.push(put(key, body)) }, `${name}.tar.gz`, value);
    await Promise.all(sent);
    await sagemaker.send(
      new CreateModelCommand({
        ModelName: name,
        ExecutionRoleArn: ROLE,
        PrimaryContainer: { Image: IMAGE, ModelDataUrl: `s3://store/${name}.tar.gz` },
      }),
    );
    await sagemaker.send(
      new CreateEndpointConfigCommand({
        EndpointConfigName: name,
        ProductionVariants: [
          { VariantName: 'v', ModelName: name, InstanceType: 'ml.m5.large', InitialInstanceCount: 1 },
        ],
      }),
    );
  }
});
afterAll(async () => {
  for (const client of [s3, sagemaker, runtime, cloudWatch]) client?.destroy();
  await stack?.close();
});
const faults = (...rules: NonNullable<FaultSettings['rules']>) => stack.cloud.faults.set({ rules });
afterEach(() => faults());

const create = (
  name: string,
  { spot = false, parameters = {} }: { spot?: boolean; parameters?: Record<string, string> } = {},
) =>
  sagemaker.send(
    new CreateTrainingJobCommand({
      TrainingJobName: name,
      AlgorithmSpecification: { TrainingImage: IMAGE, TrainingInputMode: 'File' },
      RoleArn: ROLE,
      HyperParameters: { value: '3', ...parameters },
      OutputDataConfig: { S3OutputPath: 's3://store/output' },
      ResourceConfig: { InstanceType: 'ml.m5.xlarge', InstanceCount: 1, VolumeSizeInGB: 10 },
      StoppingCondition: { MaxRuntimeInSeconds: 3600, ...(spot && { MaxWaitTimeInSeconds: 7200 }) },
      ...(spot && { EnableManagedSpotTraining: true, CheckpointConfig: { S3Uri: 's3://store/checkpoints/' } }),
    }),
  );
const train = async (name: string) => {
  await create(name);
  await stack.cloud.settle();
};
const trained = (name: string) => sagemaker.send(new DescribeTrainingJobCommand({ TrainingJobName: name }));

describe('training jobs', () => {
  it('fail for want of instances, by an error of SageMaker or of a killed container, as they are set to', async () => {
    faults(
      { fault: 'fail-training', job: 'wants-*', failure: 'capacity' },
      { fault: 'fail-training', job: 'internal', failure: 'internal' },
      { fault: 'fail-training', job: 'killed', failure: 'killed' },
    );
    const names = ['wants-instances', 'internal', 'killed', 'spared'];

    for (const name of names) await train(name);
    const ends = await Promise.all(names.map(trained));

    expect(ends.map(({ TrainingJobStatus }) => TrainingJobStatus)).toEqual(['Failed', 'Failed', 'Failed', 'Completed']);
    expect(ends[0]?.FailureReason).toMatch(/^CapacityError: /);
    expect(ends[1]?.FailureReason).toMatch(/^InternalServerError: /);
    expect(ends[2]?.FailureReason).toMatch(/137/);
  });

  it('wait for instances as long as they are set to', async () => {
    faults({ fault: 'delay-training', job: 'patient', delayMs: 600_000 });

    await train('patient');
    const before = await trained('patient');
    await stack.cloud.settle({ advanceMs: 600_000 });

    expect(before.TrainingJobStatus).toBe('InProgress');
    await expect(trained('patient')).resolves.toMatchObject({ TrainingJobStatus: 'Completed' });
  });

  it('on spot instances are interrupted and start again', async () => {
    faults({ fault: 'reclaim-spot', job: 'spot', attempt: 1, afterMs: 60_000 });

    await create('spot', { spot: true, parameters: { hang_until_attempt: '2' } });
    // There is no quiet to wait for: the container hangs until its instance is taken.
    const lines = () => stack.cloud.logs.read('/aws/sagemaker/TrainingJobs').map(({ message }) => message);
    await expect.poll(lines).toContain('hanging');
    await stack.cloud.clock.advance(60_000);
    await stack.cloud.settle();

    const job = await trained('spot');
    expect(job.TrainingJobStatus).toBe('Completed');
    expect(job.SecondaryStatusTransitions?.map(({ Status }) => Status)).toContain('Interrupted');
  });
});

describe('transform jobs', () => {
  const transform = async (name: string) => {
    await sagemaker.send(
      new CreateTransformJobCommand({
        TransformJobName: name,
        ModelName: 'one',
        TransformInput: {
          DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 's3://store/input/' } },
          ContentType: 'text/csv',
        },
        TransformOutput: { S3OutputPath: `s3://store/scores/${name}` },
        TransformResources: { InstanceType: 'ml.m5.large', InstanceCount: 1 },
      }),
    );
    await stack.cloud.settle();
    return sagemaker.send(new DescribeTransformJobCommand({ TransformJobName: name }));
  };

  it('fail as they are set to, and others do not', async () => {
    faults({ fault: 'fail-transform', job: 'unlucky', failure: 'capacity' });

    const unlucky = await transform('unlucky');
    const lucky = await transform('lucky');

    expect(unlucky).toMatchObject({ TransformJobStatus: 'Failed' });
    expect(lucky).toMatchObject({ TransformJobStatus: 'Completed' });
  });
});

describe('endpoints', () => {
  const look = () => sagemaker.send(new DescribeEndpointCommand({ EndpointName: 'served' }));
  const ask = async () => {
    const { Body } = await runtime.send(
      new InvokeEndpointCommand({ EndpointName: 'served', ContentType: 'text/csv', Body: '1' }),
    );
    return Body?.transformToString();
  };

  it('go back to their old configuration without a word', async () => {
    await sagemaker.send(new CreateEndpointCommand({ EndpointName: 'served', EndpointConfigName: 'one' }));
    await stack.cloud.settle();
    faults({ fault: 'fail-deployment', endpoint: 'served', endpointConfig: 'two', failure: 'unhealthy', silent: true });

    await sagemaker.send(new UpdateEndpointCommand({ EndpointName: 'served', EndpointConfigName: 'two' }));
    await stack.cloud.settle({ advanceMs: 3_600_000 });

    const endpoint = await look();
    expect(endpoint).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: 'one' });
    expect(endpoint.FailureReason).toBeUndefined();
    expect(await ask()).toContain('1');
  });

  it('lose a container under an invocation, and answer the next one', async () => {
    faults({ fault: 'kill-container', endpoint: 'served', nth: 1 });

    const killed = await refusal(ask());
    const next = await ask();

    expect(killed).toMatchObject({ name: 'ModelError', status: 424 });
    expect(next).toContain('1');
  });

  it('go on where faults are of others', async () => {
    faults(
      { fault: 'fail-deployment', endpoint: 'another', failure: 'capacity' },
      { fault: 'kill-container', endpoint: 'another' },
    );

    await sagemaker.send(new UpdateEndpointCommand({ EndpointName: 'served', EndpointConfigName: 'two' }));
    await stack.cloud.settle({ advanceMs: 3_600_000 });

    await expect(look()).resolves.toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: 'two' });
    expect(await ask()).toContain('2');
  });

  it('are left with a mix of both configurations where the rollback fails, and can be updated again', async () => {
    const EndpointName = 'mixed';
    const now = () => sagemaker.send(new DescribeEndpointCommand({ EndpointName }));
    const answers = async () => {
      const found = new Set<string>();
      for (let i = 0; i < 60; i++) {
        const { Body } = await runtime.send(
          new InvokeEndpointCommand({ EndpointName, ContentType: 'text/csv', Body: '1' }),
        );
        found.add((await Body?.transformToString())?.trim() ?? '');
      }
      return [...found].sort();
    };
    for (const name of ['one', 'two']) {
      await sagemaker.send(
        new CreateEndpointConfigCommand({
          EndpointConfigName: `pair-${name}`,
          ProductionVariants: [
            { VariantName: 'All', ModelName: name, InstanceType: 'ml.m5.large', InitialInstanceCount: 2 },
          ],
        }),
      );
    }
    await cloudWatch.send(
      new PutMetricAlarmCommand({
        AlarmName: 'tripped',
        Namespace: 'Test',
        MetricName: 'Wrong',
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanThreshold',
      }),
    );
    await sagemaker.send(new CreateEndpointCommand({ EndpointName, EndpointConfigName: 'pair-one' }));
    await stack.cloud.settle();
    faults({ fault: 'fail-rollback', endpoint: EndpointName, endpointConfig: 'pair-two' });
    await sagemaker.send(
      new UpdateEndpointCommand({
        EndpointName,
        EndpointConfigName: 'pair-two',
        DeploymentConfig: {
          BlueGreenUpdatePolicy: {
            TrafficRoutingConfiguration: {
              Type: 'CANARY',
              CanarySize: { Type: 'INSTANCE_COUNT', Value: 1 },
              WaitIntervalInSeconds: 600,
            },
          },
          AutoRollbackConfiguration: { Alarms: [{ AlarmName: 'tripped' }] },
        },
      }),
    );
    await stack.cloud.settle();

    await cloudWatch.send(
      new SetAlarmStateCommand({ AlarmName: 'tripped', StateValue: 'ALARM', StateReason: 'the test says so' }),
    );
    await stack.cloud.settle();
    const left = await now();
    const mixed = await answers();
    await cloudWatch.send(
      new SetAlarmStateCommand({ AlarmName: 'tripped', StateValue: 'OK', StateReason: 'the test says so' }),
    );
    await sagemaker.send(new UpdateEndpointCommand({ EndpointName, EndpointConfigName: 'pair-one' }));
    await stack.cloud.settle();
    const restored = await now();

    expect(left).toMatchObject({ EndpointStatus: 'UpdateRollbackFailed', EndpointConfigName: 'pair-one' });
    expect(mixed).toEqual(['1', '2']);
    expect(restored).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: 'pair-one' });
    expect(await answers()).toEqual(['1']);
    await sagemaker.send(new DeleteEndpointCommand({ EndpointName }));
    await stack.cloud.settle();
  });

  it.each([
    { status: 'SystemUpdating', event: 'SYSTEM_UPDATING', answers: true },
    { status: 'OutOfService', event: 'OUT_OF_SERVICE', answers: false },
  ] as const)(
    'can be neither changed nor deleted while they are $status, and come back as they were',
    async ({ status, event, answers }) => {
      const EndpointName = `suspended-${status}`;
      const describeIt = () => sagemaker.send(new DescribeEndpointCommand({ EndpointName }));
      const invoke = () =>
        runtime.send(new InvokeEndpointCommand({ EndpointName, ContentType: 'text/csv', Body: '1' }));
      faults({ fault: 'suspend-endpoint', endpoint: EndpointName, status, afterMs: 60_000, forMs: 3_600_000 });

      await sagemaker.send(new CreateEndpointCommand({ EndpointName, EndpointConfigName: 'one' }));
      await stack.cloud.settle();
      const before = await describeIt();
      await stack.cloud.settle({ advanceMs: 60_000 });
      const meanwhile = await describeIt();
      const refused = await Promise.all([
        refusal(sagemaker.send(new UpdateEndpointCommand({ EndpointName, EndpointConfigName: 'two' }))),
        refusal(sagemaker.send(new DeleteEndpointCommand({ EndpointName }))),
        refusal(
          sagemaker.send(
            new UpdateEndpointWeightsAndCapacitiesCommand({
              EndpointName,
              DesiredWeightsAndCapacities: [{ VariantName: 'v', DesiredInstanceCount: 2 }],
            }),
          ),
        ),
      ]);
      const asked = answers ? await invoke() : await refusal(invoke());
      await stack.cloud.settle({ advanceMs: 3_600_000 });
      const after = await describeIt();
      const answered = await invoke();
      const told = stack.cloud.sqs
        .peek('arn:aws:sqs:eu-west-1:000000000000:told')
        .map(({ body }) => JSON.parse(body).detail)
        .filter((detail) => detail.EndpointName === EndpointName)
        .map(({ EndpointStatus }) => EndpointStatus);

      expect(before.EndpointStatus).toBe('InService');
      expect(meanwhile).toMatchObject({ EndpointStatus: status, EndpointConfigName: 'one' });
      expect(refused.map(({ name }) => name)).toEqual(Array(3).fill('ValidationException'));
      expect(asked).toMatchObject(
        answers ? { InvokedProductionVariant: 'v' } : { name: 'ValidationError', status: 400 },
      );
      expect(after).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: 'one' });
      expect(answered.InvokedProductionVariant).toBe('v');
      expect(told).toEqual(['CREATING', 'IN_SERVICE', event, 'IN_SERVICE']);
      await sagemaker.send(new DeleteEndpointCommand({ EndpointName }));
      await stack.cloud.settle();
    },
  );

  it('answer in the time that their faults say, and in none of the machine that runs them', async () => {
    faults({ fault: 'slow-container', endpoint: 'served', nth: [2, 3], delayMs: 500 });

    await ask();
    await ask();
    const late = await ask();
    const { Datapoints = [] } = await cloudWatch.send(
      new GetMetricStatisticsCommand({
        Namespace: 'AWS/SageMaker',
        MetricName: 'ModelLatency',
        Dimensions: [
          { Name: 'EndpointName', Value: 'served' },
          { Name: 'VariantName', Value: 'v' },
        ],
        StartTime: new Date(stack.cloud.clock.ms() - 30 * 86_400_000),
        EndTime: new Date(stack.cloud.clock.ms() + 60_000),
        Period: 86_400,
        Statistics: ['Minimum', 'Maximum'],
      }),
    );

    expect(late).toContain('2');
    expect([...new Set(Datapoints.flatMap(({ Minimum, Maximum }) => [Minimum, Maximum]))].sort()).toEqual([
      10_000, 510_000,
    ]);
  });

  it('give no answer where a container is slower than a minute', async () => {
    faults({ fault: 'slow-container', endpoint: 'served', delayMs: 60_000 });

    expect(await refusal(ask())).toMatchObject({ name: 'ModelError', status: 424 });
  });
});
