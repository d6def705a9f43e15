import {
  CreateTrainingJobCommand,
  type CreateTrainingJobCommandInput,
  DescribeTrainingJobCommand,
  StopTrainingJobCommand,
} from '@aws-sdk/client-sagemaker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { TrainingFault } from '../../local/contracts.ts';
import { IMAGE, ROLE, type SageMakerCloud, startSageMakerCloud } from './sagemaker-cloud.ts';

const DAY_MS = 86_400_000;
const CAPACITY =
  'CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type.';

/** Faults by job, one for each attempt. */
const faults = new Map<string, TrainingFault[]>();
let world: SageMakerCloud;
beforeAll(async () => {
  world = await startSageMakerCloud({
    quotas: { instances: { 'ml.m5.large for training job usage': 1, 'ml.m5.2xlarge for spot training job usage': 0 } },
    faults: { training: ({ name, attempt }) => faults.get(name)?.[attempt - 1] },
  });
  world.s3.put('s3://data/train/a.csv', '1,2\n');
});
afterAll(() => world.close());

const spot: Partial<CreateTrainingJobCommandInput> = {
  EnableManagedSpotTraining: true,
  StoppingCondition: { MaxRuntimeInSeconds: 3600, MaxWaitTimeInSeconds: 7200 },
};
const create = (name: string, more: Partial<CreateTrainingJobCommandInput> = {}) =>
  world.sagemaker.send(
    new CreateTrainingJobCommand({
      TrainingJobName: name,
      AlgorithmSpecification: { TrainingImage: IMAGE, TrainingInputMode: 'File' },
      RoleArn: ROLE,
      InputDataConfig: [
        {
          ChannelName: 'train',
          DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 's3://data/train/' } },
        },
      ],
      OutputDataConfig: { S3OutputPath: 's3://results/models/' },
      ResourceConfig: { InstanceType: 'ml.m5.xlarge', InstanceCount: 1, VolumeSizeInGB: 10 },
      StoppingCondition: { MaxRuntimeInSeconds: 3600 },
      Tags: [{ Key: 'team', Value: 'tests' }],
      ...more,
    }),
  );
const look = (name: string) => world.sagemaker.send(new DescribeTrainingJobCommand({ TrainingJobName: name }));
const stop = (name: string) => world.sagemaker.send(new StopTrainingJobCommand({ TrainingJobName: name }));
const statuses = async (name: string) =>
  (await look(name)).SecondaryStatusTransitions?.map(({ Status }) => Status as string);
/** The container of a job hangs, for the so-manieth time. */
const hangs = (name: string, times = 1) =>
  expect
    .poll(() => world.lines.filter(({ stream, line }) => stream.startsWith(`${name}/`) && line === 'hanging').length)
    .toBe(times);
const modelOf = (name: string) => world.s3.keys(`s3://results/models/${name}/`);

describe('a spot training job', () => {
  it('goes on from its checkpoints when its instance was taken back, and is billed less than it trained', async () => {
    await create('spot-job', {
      ...spot,
      CheckpointConfig: { S3Uri: 's3://results/checkpoints/spot-job' },
      HyperParameters: { hang_until_attempt: '2' },
    });
    await hangs('spot-job');
    await world.clock.advance(100_000);

    const isTaken = world.made.api.reclaim('spot-job');
    await world.idle();

    const described = await look('spot-job');
    expect(isTaken).toBe(true);
    expect(await statuses('spot-job')).toEqual([
      'Starting',
      'Downloading',
      'Training',
      'Interrupted',
      'Starting',
      'Downloading',
      'Training',
      'Uploading',
      'Completed',
    ]);
    expect((await world.s3.get('s3://results/checkpoints/spot-job/attempt')).toString()).toBe('2');
    expect([described.TrainingTimeInSeconds, described.BillableTimeInSeconds]).toEqual([100, 30]);
    expect(modelOf('spot-job')).toEqual(['results/models/spot-job/output/model.tar.gz']);
  });

  it('is interrupted by a fault, and starts anew without checkpoints', async () => {
    faults.set('reclaimed', [{ reclaimAfterMs: 5000 }]);
    await create('reclaimed', { ...spot, HyperParameters: { hang: 'true' } });
    await hangs('reclaimed');

    await world.clock.advance(5000);
    await hangs('reclaimed', 2);
    await stop('reclaimed');
    await world.idle();

    expect(await statuses('reclaimed')).toContain('Interrupted');
    expect((await look('reclaimed')).TrainingJobStatus).toBe('Stopped');
  });

  it('stops when it has waited too long for an instance', async () => {
    faults.set('waits', [{ unavailableMs: DAY_MS }]);
    await create('waits', spot);
    await world.idle();

    const waiting = await look('waits');
    await world.clock.advance(7_200_000);
    await world.idle();

    const described = await look('waits');
    expect([waiting.TrainingJobStatus, waiting.SecondaryStatusTransitions?.at(-1)?.StatusMessage]).toEqual([
      'InProgress',
      'Insufficient capacity error from EC2 while launching instances, retrying!',
    ]);
    expect([described.TrainingJobStatus, described.SecondaryStatus]).toEqual(['Stopped', 'MaxWaitTimeExceeded']);
    expect(described.FailureReason).toBeUndefined();
    expect(described.TrainingTimeInSeconds).toBeUndefined();
  });

  it('keeps its instance where it runs on demand', async () => {
    await create('on-demand', { HyperParameters: { hang: 'true' } });
    await hangs('on-demand');

    expect(world.made.api.reclaim('on-demand')).toBe(false);
    expect(world.made.api.reclaim('nobody')).toBe(false);
    await stop('on-demand');
    await world.idle();
  });
});

describe('a training job that gets no instance', () => {
  it('fails for want of capacity', async () => {
    faults.set('no-capacity', [{ failure: 'capacity' }]);
    await create('no-capacity');
    await world.idle();

    const described = await look('no-capacity');
    expect([described.TrainingJobStatus, described.FailureReason]).toEqual(['Failed', CAPACITY]);
    expect(await statuses('no-capacity')).toEqual(['Starting', 'Failed']);
  });

  it('trains once one is there', async () => {
    faults.set('patient', [{ unavailableMs: 60_000 }]);
    await create('patient', {
      StoppingCondition: { MaxRuntimeInSeconds: 60, MaxPendingTimeInSeconds: 7200 },
    });
    await world.idle();
    const pending = (await look('patient')).SecondaryStatus;

    await world.clock.advance(60_000);
    await world.idle();

    expect(pending).toBe('Pending');
    expect((await look('patient')).TrainingJobStatus).toBe('Completed');
  });

  it('stops when it has been pending longer than it may, or is told to', async () => {
    faults.set('impatient', [{ unavailableMs: DAY_MS }]);
    faults.set('given-up', [{ unavailableMs: DAY_MS }]);
    await create('impatient', { StoppingCondition: { MaxPendingTimeInSeconds: 7200 } });
    await create('given-up');
    await world.idle();

    await stop('given-up');
    await world.clock.advance(7_200_000);
    await world.idle();

    expect(await statuses('impatient')).toEqual(['Starting', 'Pending', 'Stopping', 'Stopped']);
    expect((await look('given-up')).TrainingJobStatus).toBe('Stopped');
  });
});

describe('a training job that goes wrong', () => {
  it('is tried again after an internal error as often as it asked for', async () => {
    faults.set('retried', [{ failure: 'internal' }, { failure: 'internal' }]);
    faults.set('not-retried', [{ failure: 'internal' }]);
    await create('retried', { RetryStrategy: { MaximumRetryAttempts: 2 } });
    await create('not-retried');
    await world.idle();

    expect((await look('retried')).TrainingJobStatus).toBe('Completed');
    expect((await statuses('retried'))?.filter((status) => status === 'Restarting')).toHaveLength(2);
    expect((await look('not-retried')).FailureReason).toMatch(/^InternalServerError: /);
  });

  it('fails when its container is killed', async () => {
    faults.set('killed', [{ failure: 'killed' }]);
    await create('killed', { HyperParameters: { hang: 'true' } });
    await world.idle();

    expect((await look('killed')).FailureReason).toBe('AlgorithmError: , exit code: 137');
  });

  it('kills a container that does not end within 120 seconds of its stop', async () => {
    await create('stubborn', { HyperParameters: { hang: 'true', ignore_stop: 'true' } });
    await hangs('stubborn');
    await stop('stubborn');

    await world.clock.advance(119_999);
    const before = (await look('stubborn')).TrainingJobStatus;
    await world.clock.advance(1);
    await world.idle();

    expect(before).toBe('Stopping');
    expect(await statuses('stubborn')).toEqual([
      'Starting',
      'Downloading',
      'Training',
      'Stopping',
      'Uploading',
      'Stopped',
    ]);
    await expect(stop('stubborn')).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe('events of a training job', () => {
  it('spell times and tags now one way, now the other', async () => {
    await create('spelled');
    await world.idle();

    const [first, second] = world.events
      .filter(({ detail }) => detail.TrainingJobName === 'spelled')
      .map(({ detail }) => detail);
    const now = world.clock.ms();
    expect(first).toMatchObject({ CreationTime: now, TrainingEndTime: null, Tags: { team: 'tests' } });
    expect(second).toMatchObject({ CreationTime: String(now), Tags: [{ Key: 'team', Value: 'tests' }] });
  });
});

describe('quotas', () => {
  it('refuse the instance that is one too many, and give it back when a job ends', async () => {
    const large = { ResourceConfig: { InstanceType: 'ml.m5.large' as const, InstanceCount: 1, VolumeSizeInGB: 1 } };
    await create('first', { ...large, HyperParameters: { hang: 'true' } });
    await hangs('first');

    const refused = await create('second', large).catch((error: Error) => error);
    await stop('first');
    await world.idle();
    await create('third', large);
    await world.idle();

    expect(refused).toMatchObject({
      name: 'ResourceLimitExceeded',
      message: expect.stringContaining(
        "The account-level service limit 'ml.m5.large for training job usage' is 1 Instances, with current utilization of 1 Instances and a request delta of 1 Instances.",
      ),
    });
    await expect(look('second')).rejects.toMatchObject({ name: 'ResourceNotFound' });
    expect((await look('third')).TrainingJobStatus).toBe('Completed');
  });

  it('count spot instances by themselves', async () => {
    const resources = {
      ResourceConfig: { InstanceType: 'ml.m5.2xlarge' as const, InstanceCount: 1, VolumeSizeInGB: 1 },
    };

    await expect(create('no-spot', { ...spot, ...resources })).rejects.toMatchObject({
      name: 'ResourceLimitExceeded',
      message: expect.stringContaining("'ml.m5.2xlarge for spot training job usage' is 0 Instances"),
    });
    await create('demand', resources);
    await world.idle();
    expect((await look('demand')).TrainingJobStatus).toBe('Completed');
  });
});
