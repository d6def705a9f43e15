import {
  CreateHyperParameterTuningJobCommand,
  type CreateHyperParameterTuningJobCommandInput,
  DescribeHyperParameterTuningJobCommand,
  DescribeTrainingJobCommand,
  ListHyperParameterTuningJobsCommand,
  ListTagsCommand,
  ListTrainingJobsForHyperParameterTuningJobCommand,
  type ListTrainingJobsForHyperParameterTuningJobCommandInput,
  StopHyperParameterTuningJobCommand,
} from '@aws-sdk/client-sagemaker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Call } from '../../local/contracts.ts';
import { BUILT_IN_IMAGE, IMAGE, ROLE, type SageMakerCloud, startSageMakerCloud } from './sagemaker-cloud.ts';

let world: SageMakerCloud;
beforeAll(async () => {
  world = await startSageMakerCloud({ quotas: { instances: { 'ml.m5.large for training job usage': 1 } } });
  world.s3.put('s3://data/train/a.csv', '1,2\n');
});
afterAll(() => world.close());

/** A container is a real process: on a busy machine it takes seconds to write its first line. */
const SPAWNED = { timeout: 60_000 };

type Config = NonNullable<CreateHyperParameterTuningJobCommandInput['HyperParameterTuningJobConfig']>;
type Definition = NonNullable<CreateHyperParameterTuningJobCommandInput['TrainingJobDefinition']>;
const request = (
  name: string,
  config: Partial<Config>,
  definition: Partial<Definition>,
): CreateHyperParameterTuningJobCommandInput => ({
  HyperParameterTuningJobName: name,
  HyperParameterTuningJobConfig: {
    Strategy: 'Random',
    HyperParameterTuningJobObjective: { Type: 'Maximize', MetricName: 'validation:auc' },
    ResourceLimits: { MaxNumberOfTrainingJobs: 4, MaxParallelTrainingJobs: 2 },
    ParameterRanges: { ContinuousParameterRanges: [{ Name: 'value', MinValue: '0.1', MaxValue: '0.9' }] },
    RandomSeed: 7,
    ...config,
  },
  TrainingJobDefinition: {
    StaticHyperParameters: { metric_of: 'value' },
    AlgorithmSpecification: { TrainingImage: BUILT_IN_IMAGE, TrainingInputMode: 'File' },
    RoleArn: ROLE,
    InputDataConfig: [
      {
        ChannelName: 'train',
        DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 's3://data/train/' } },
      },
    ],
    OutputDataConfig: { S3OutputPath: 's3://results/models' },
    ResourceConfig: { InstanceType: 'ml.m5.xlarge', InstanceCount: 1, VolumeSizeInGB: 10 },
    StoppingCondition: { MaxRuntimeInSeconds: 3600 },
    ...definition,
  },
  Tags: [{ Key: 'team', Value: 'tests' }],
});
const create = (name: string, config: Partial<Config> = {}, definition: Partial<Definition> = {}) =>
  world.sagemaker.send(new CreateHyperParameterTuningJobCommand(request(name, config, definition)));
/** What an operation is called with where no request came over HTTP. */
const call: Call = {
  principal: { arn: 'arn:aws:iam::000000000000:root', accessKeyId: 'test' },
  requestId: 'here',
  sourceIp: '127.0.0.1',
  verifyBody: () => undefined,
  note: () => undefined,
  admit: async () => undefined,
};
const look = (name: string) =>
  world.sagemaker.send(new DescribeHyperParameterTuningJobCommand({ HyperParameterTuningJobName: name }));
const finished = async (name: string, config: Partial<Config> = {}, definition: Partial<Definition> = {}) => {
  await create(name, config, definition);
  await world.idle();
  return look(name);
};
const children = async (name: string, more: Partial<ListTrainingJobsForHyperParameterTuningJobCommandInput> = {}) =>
  (
    await world.sagemaker.send(
      new ListTrainingJobsForHyperParameterTuningJobCommand({ HyperParameterTuningJobName: name, ...more }),
    )
  ).TrainingJobSummaries ?? [];
const tuned = async (name: string) => (await children(name)).map(({ TunedHyperParameters }) => TunedHyperParameters);
const categories = (...Values: string[]) => ({ CategoricalParameterRanges: [{ Name: 'value', Values }] });

describe('a tuning job', () => {
  it('trains as many jobs as it may and tells which was best', async () => {
    const described = await finished('tuned');

    expect(described).toMatchObject({
      HyperParameterTuningJobStatus: 'Completed',
      HyperParameterTuningJobArn: 'arn:aws:sagemaker:eu-west-1:000000000000:hyper-parameter-tuning-job/tuned',
      TrainingJobStatusCounters: { Completed: 4, InProgress: 0, RetryableError: 0, NonRetryableError: 0, Stopped: 0 },
      ObjectiveStatusCounters: { Succeeded: 4, Pending: 0, Failed: 0 },
    });
    const all = await children('tuned');
    const values = all.map((child) => Number(child.TunedHyperParameters?.value));
    expect(all.map(({ TrainingJobName }) => TrainingJobName)).toEqual([
      expect.stringMatching(/^tuned-001-[0-9a-f]{8}$/),
      expect.stringMatching(/^tuned-002-[0-9a-f]{8}$/),
      expect.stringMatching(/^tuned-003-[0-9a-f]{8}$/),
      expect.stringMatching(/^tuned-004-[0-9a-f]{8}$/),
    ]);
    expect(values.every((value) => value >= 0.1 && value <= 0.9)).toBe(true);
    expect(described.BestTrainingJob?.FinalHyperParameterTuningJobObjectiveMetric).toEqual({
      Type: 'Maximize',
      MetricName: 'validation:auc',
      Value: Math.max(...values),
    });
  });

  it('makes ordinary training jobs: static and tuned hyperparameters, tags, the way back to it', async () => {
    const described = await finished('ordinary', {
      ResourceLimits: { MaxNumberOfTrainingJobs: 1, MaxParallelTrainingJobs: 1 },
    });

    const training = await world.sagemaker.send(
      new DescribeTrainingJobCommand({ TrainingJobName: described.BestTrainingJob?.TrainingJobName }),
    );
    expect(training.TuningJobArn).toBe(described.HyperParameterTuningJobArn);
    expect(training.HyperParameters).toEqual({
      metric_of: 'value',
      _tuning_objective_metric: 'validation:auc',
      ...described.BestTrainingJob?.TunedHyperParameters,
    });
    expect(training.ModelArtifacts?.S3ModelArtifacts).toMatch(/models\/ordinary-001-.{8}\/output\/model.tar.gz$/);
    const { Tags } = await world.sagemaker.send(new ListTagsCommand({ ResourceArn: training.TrainingJobArn }));
    expect(Tags).toEqual([{ Key: 'team', Value: 'tests' }]);
  });

  it('tells of itself and of its training jobs in events', async () => {
    await finished('told');

    const told = world.events.filter(({ resources }) => resources[0]?.endsWith('hyper-parameter-tuning-job/told'));
    expect(told.map(({ detail }) => detail.HyperParameterTuningJobStatus)).toEqual(['InProgress', 'Completed']);
    expect(told[1]).toMatchObject({
      detailType: 'SageMaker HyperParameter Tuning Job State Change',
      detail: {
        HyperParameterTuningJobName: 'told',
        CreationTime: String(world.clock.ms()),
        TrainingJobStatusCounters: { Completed: 4 },
        Tags: [{ Key: 'team', Value: 'tests' }],
      },
    });
    const ofChildren = world.events.filter(({ detail }) => String(detail.TrainingJobName).startsWith('told-'));
    expect(ofChildren.filter(({ detail }) => detail.TrainingJobStatus === 'Completed')).toHaveLength(4);
  });

  it('finds the same points from the same seed, and the least where it minimises', async () => {
    const described = await finished('least', {
      Strategy: 'Bayesian',
      HyperParameterTuningJobObjective: { Type: 'Minimize', MetricName: 'validation:auc' },
    });

    expect(await tuned('least')).toEqual(await tuned('tuned'));
    const values = (await tuned('least')).map((point) => Number(point?.value));
    expect(described.BestTrainingJob?.TunedHyperParameters).toEqual({ value: String(Math.min(...values)) });
  });

  it('tries each combination of a grid once', async () => {
    const described = await finished('grid', {
      Strategy: 'Grid',
      ResourceLimits: { MaxParallelTrainingJobs: 3 },
      ParameterRanges: {
        CategoricalParameterRanges: [
          { Name: 'value', Values: ['0.1', '0.3', '0.2'] },
          { Name: 'other', Values: ['a', 'b'] },
        ],
      },
    });

    expect((await tuned('grid')).map((point) => `${point?.value}${point?.other}`)).toEqual([
      '0.1a',
      '0.1b',
      '0.3a',
      '0.3b',
      '0.2a',
      '0.2b',
    ]);
    expect(described.BestTrainingJob?.TunedHyperParameters).toEqual({ value: '0.3', other: 'a' });
  });

  it('runs no more jobs side by side than it may', async () => {
    await create(
      'side',
      { ResourceLimits: { MaxNumberOfTrainingJobs: 3, MaxParallelTrainingJobs: 2 } },
      { StaticHyperParameters: { metric_of: 'value', hang: 'true' } },
    );
    await expect.poll(() => world.lines.filter(({ stream }) => stream.startsWith('side-00')).length, SPAWNED).toBe(4);

    const counters = (await look('side')).TrainingJobStatusCounters;
    await world.sagemaker.send(new StopHyperParameterTuningJobCommand({ HyperParameterTuningJobName: 'side' }));
    const stopping = (await look('side')).HyperParameterTuningJobStatus;
    await world.idle();

    const described = await look('side');
    expect(counters).toMatchObject({ InProgress: 2, Completed: 0 });
    expect(stopping).toBe('Stopping');
    expect(described.HyperParameterTuningJobStatus).toBe('Stopped');
    expect(described.TrainingJobStatusCounters).toMatchObject({ InProgress: 0, Stopped: 2 });
    await expect(
      world.sagemaker.send(new StopHyperParameterTuningJobCommand({ HyperParameterTuningJobName: 'side' })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('stops when its own time is over', async () => {
    await create(
      'timed',
      { ResourceLimits: { MaxNumberOfTrainingJobs: 1, MaxParallelTrainingJobs: 1, MaxRuntimeInSeconds: 120 } },
      { StaticHyperParameters: { hang: 'true' } },
    );
    await expect.poll(() => world.lines.some(({ stream }) => stream.startsWith('timed-001')), SPAWNED).toBe(true);

    await world.clock.advance(120_000);
    await world.idle();

    expect((await look('timed')).HyperParameterTuningJobStatus).toBe('Stopped');
  });

  it('goes on after training jobs that fail, and fails when all do', async () => {
    const one = { MaxParallelTrainingJobs: 1, MaxNumberOfTrainingJobs: 3 };
    const some = await finished('some', { ResourceLimits: one }, { StaticHyperParameters: { metrics: '0.5' } });
    const none = await finished('none', { ResourceLimits: one }, { StaticHyperParameters: { fail_message: 'bad' } });

    expect(some.HyperParameterTuningJobStatus).toBe('Completed');
    expect(none).toMatchObject({
      HyperParameterTuningJobStatus: 'Failed',
      FailureReason: expect.stringMatching(/^All training jobs failed/),
      TrainingJobStatusCounters: { NonRetryableError: 3 },
      ObjectiveStatusCounters: { Failed: 3 },
    });
  });

  it('fails when no training job says what it is to be judged by', async () => {
    const described = await finished('silent', {}, { StaticHyperParameters: {} });

    expect(described).toMatchObject({
      HyperParameterTuningJobStatus: 'Failed',
      FailureReason: expect.stringMatching(/^No objective metrics found after running 4 training jobs/),
      TrainingJobStatusCounters: { Completed: 4 },
      ObjectiveStatusCounters: { Failed: 4 },
    });
    expect(await children('silent', { SortBy: 'FinalObjectiveMetricValue' })).toEqual([]);
  });

  it('ends once its target is reached, or nothing gets better', async () => {
    const one = { MaxParallelTrainingJobs: 1 };
    const target = await finished('target', {
      ResourceLimits: { ...one, MaxNumberOfTrainingJobs: 20 },
      TuningJobCompletionCriteria: { TargetObjectiveMetricValue: 0.5 },
    });
    const patience = await finished(
      'patience',
      {
        ResourceLimits: { ...one, MaxNumberOfTrainingJobs: 20 },
        TuningJobCompletionCriteria: { BestObjectiveNotImproving: { MaxNumberOfTrainingJobsNotImproving: 3 } },
      },
      { StaticHyperParameters: { metrics: '0.4' } },
    );

    expect(target.HyperParameterTuningJobStatus).toBe('Completed');
    const values = (await tuned('target')).map((point) => Number(point?.value));
    expect(values.slice(0, -1).every((value) => value < 0.5)).toBe(true);
    expect(values.at(-1)).toBeGreaterThanOrEqual(0.5);
    expect(patience.TrainingJobStatusCounters?.Completed).toBe(4);
  });

  it('waits for instances that another job uses', async () => {
    const resources = { ResourceConfig: { InstanceType: 'ml.m5.large' as const, InstanceCount: 1, VolumeSizeInGB: 1 } };
    const limits = { ResourceLimits: { MaxNumberOfTrainingJobs: 2, MaxParallelTrainingJobs: 1 } };
    const { api } = world.made.services[0] ?? {};
    if (api?.protocol !== 'json-1.1') throw new Error('the first service is the control plane');

    // In one turn, so that the one instance is free for both.
    for (const name of ['one', 'two']) {
      api.operations.CreateHyperParameterTuningJob?.(
        JSON.parse(JSON.stringify(request(name, limits, resources))),
        call,
      );
    }
    await world.idle();

    expect((await look('one')).TrainingJobStatusCounters?.Completed).toBe(2);
    expect((await look('two')).TrainingJobStatusCounters?.Completed).toBe(2);
  });
});

describe('requests about tuning jobs', () => {
  it.each([
    ['a taken name', 'TUNED', {}, {}, 'ResourceInUse', /already exists/],
    ['a name of more than 32 characters', 'a'.repeat(33), {}, {}, 'ValidationException', /length|regular expression/],
    ['Hyperband', 'new', { Strategy: 'Hyperband' }, {}, 'NotImplemented', /Hyperband/],
    ['a grid of numbers', 'new', { Strategy: 'Grid' }, {}, 'ValidationException', /categorical ranges only/],
    [
      'a search without an end',
      'new',
      { ResourceLimits: { MaxParallelTrainingJobs: 1 } },
      {},
      'ValidationException',
      /MaxNumberOfTrainingJobs/,
    ],
    [
      'more jobs side by side than in all',
      'new',
      { ResourceLimits: { MaxParallelTrainingJobs: 3, MaxNumberOfTrainingJobs: 2 } },
      {},
      'ValidationException',
      /MaxParallelTrainingJobs/,
    ],
    ['no ranges', 'new', { ParameterRanges: {} }, {}, 'ValidationException', /at least one/],
    [
      'a range that ends before it begins',
      'new',
      { ParameterRanges: { IntegerParameterRanges: [{ Name: 'value', MinValue: '5', MaxValue: '1' }] } },
      {},
      'ValidationException',
      /begins at 5/,
    ],
    [
      'a logarithmic range from 0',
      'new',
      {
        ParameterRanges: {
          ContinuousParameterRanges: [{ Name: 'value', MinValue: '0', MaxValue: '1', ScalingType: 'Logarithmic' }],
        },
      },
      {},
      'ValidationException',
      /greater than 0/,
    ],
    [
      'a hyperparameter that is static and searched',
      'new',
      {},
      { StaticHyperParameters: { value: '1' } },
      'ValidationException',
      /value is static/,
    ],
    [
      'a metric no log is searched for',
      'new',
      { HyperParameterTuningJobObjective: { Type: 'Maximize', MetricName: 'validation:beauty' } },
      {},
      'ValidationException',
      /validation:beauty/,
    ],
    [
      'an own image without metric definitions',
      'new',
      {},
      { AlgorithmSpecification: { TrainingImage: IMAGE, TrainingInputMode: 'File' } },
      'ValidationException',
      /validation:auc/,
    ],
    ['a role that does not exist', 'new', {}, { RoleArn: `${ROLE}-2` }, 'ValidationException', /Could not assume role/],
    [
      'spot training without a waiting time',
      'new',
      {},
      { EnableManagedSpotTraining: true },
      'ValidationException',
      /MaxWaitTimeInSeconds/,
    ],
    [
      'more instances side by side than the quota has',
      'new',
      { ParameterRanges: categories('1', '2') },
      { ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 1 } },
      'ResourceLimitExceeded',
      /request delta of 2 Instances/,
    ],
    [
      'convergence',
      'new',
      { TuningJobCompletionCriteria: { ConvergenceDetected: { CompleteOnConvergence: 'Enabled' } } },
      {},
      'NotImplemented',
      /ConvergenceDetected/i,
    ],
  ] as [string, string, Partial<Config>, Partial<Definition>, string, RegExp][])(
    'refuse %s',
    async (_, name, config, definition, code, message) => {
      const error = await create(name, config, definition).catch((thrown: Error) => thrown);

      expect(error).toMatchObject({ name: code, message: expect.stringMatching(message) });
    },
  );

  it('answer ResourceNotFound for a job that does not exist', async () => {
    await expect(look('nobody')).rejects.toMatchObject({ name: 'ResourceNotFound' });
    await expect(children('nobody')).rejects.toMatchObject({ name: 'ResourceNotFound' });
  });

  it('list tuning jobs by name, and training jobs by what they reached', async () => {
    const { HyperParameterTuningJobSummaries: summaries } = await world.sagemaker.send(
      new ListHyperParameterTuningJobsCommand({ NameContains: 'tUNED' }),
    );
    const best = await children('tuned', {
      SortBy: 'FinalObjectiveMetricValue',
      SortOrder: 'Descending',
      MaxResults: 1,
    });

    expect(summaries).toMatchObject([
      { HyperParameterTuningJobName: 'tuned', Strategy: 'Random', HyperParameterTuningJobStatus: 'Completed' },
    ]);
    expect(best[0]?.TrainingJobName).toBe((await look('tuned')).BestTrainingJob?.TrainingJobName);
  });
});
