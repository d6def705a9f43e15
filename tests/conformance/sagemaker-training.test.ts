import { createGunzip } from 'node:zlib';
import {
  CreateTrainingJobCommand,
  type CreateTrainingJobCommandInput,
  DescribeTrainingJobCommand,
  ListTrainingJobsCommand,
  StopTrainingJobCommand,
} from '@aws-sdk/client-sagemaker';
import { extract } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { BUILT_IN_IMAGE, IMAGE, ROLE, type SageMakerCloud, START, startSageMakerCloud } from './sagemaker-cloud.ts';

let world: SageMakerCloud;
beforeAll(async () => {
  world = await startSageMakerCloud();
});
afterAll(() => world.close());

const job = (name: string, more: Partial<CreateTrainingJobCommandInput> = {}): CreateTrainingJobCommandInput => ({
  TrainingJobName: name,
  AlgorithmSpecification: { TrainingImage: IMAGE, TrainingInputMode: 'File' },
  RoleArn: ROLE,
  HyperParameters: { value: '0.25' },
  InputDataConfig: [
    {
      ChannelName: 'train',
      ContentType: 'text/csv',
      DataSource: {
        S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 's3://data/train', S3DataDistributionType: 'FullyReplicated' },
      },
    },
  ],
  OutputDataConfig: { S3OutputPath: 's3://results/models' },
  ResourceConfig: { InstanceType: 'ml.m5.xlarge', InstanceCount: 1, VolumeSizeInGB: 10 },
  StoppingCondition: { MaxRuntimeInSeconds: 3600 },
  Tags: [{ Key: 'team', Value: 'tests' }],
  ...more,
});
/** For a container's process to come up on a machine that has much else to do. */
const LONG_MS = 20_000;
const create = (name: string, more: Partial<CreateTrainingJobCommandInput> = {}) =>
  world.sagemaker.send(new CreateTrainingJobCommand(job(name, more)));
const look = (name: string) => world.sagemaker.send(new DescribeTrainingJobCommand({ TrainingJobName: name }));
const finished = async (name: string, more: Partial<CreateTrainingJobCommandInput> = {}) => {
  await create(name, more);
  await world.idle();
  return look(name);
};
const eventsOf = (name: string) =>
  world.events.filter(({ detail }) => detail.TrainingJobName === name).map(({ detail }) => detail);

const unpack = async (archive: Buffer) => {
  const files: Record<string, string> = {};
  const tar = extract();
  const gunzip = createGunzip();
  gunzip.pipe(tar);
  gunzip.end(archive);
  for await (const entry of tar) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry as AsyncIterable<Uint8Array>) chunks.push(chunk);
    files[entry.header.name] = Buffer.concat(chunks).toString('utf8');
  }
  return files;
};
const modelOf = async (uri: string | undefined) =>
  JSON.parse((await unpack(await world.s3.get(uri ?? '')))['constant.json'] ?? '');

describe('a training job', () => {
  beforeAll(() => {
    world.s3.put('s3://data/train/a.csv', '1,2\n');
    world.s3.put('s3://data/train/deep/b.csv', '3,4\n');
    world.s3.put('s3://data/train-more/c.csv', '5,6\n');
    world.s3.put('s3://data/other/d.csv', '7,8\n');
  });

  it('trains the container and leaves its model in S3', async () => {
    const described = await finished('good-job', { Environment: { GREETING: 'hello' } });

    expect(described.TrainingJobStatus).toBe('Completed');
    expect(described.SecondaryStatusTransitions?.map(({ Status }) => Status)).toEqual([
      'Starting',
      'Downloading',
      'Training',
      'Uploading',
      'Completed',
    ]);
    expect(described.ModelArtifacts?.S3ModelArtifacts).toBe('s3://results/models/good-job/output/model.tar.gz');
    expect(described.CreationTime?.getTime()).toBe(START);
    expect(described.TrainingTimeInSeconds).toBe(0);
    const model = await modelOf(described.ModelArtifacts?.S3ModelArtifacts);
    expect(model).toMatchObject({
      value: 0.25,
      host: 'algo-1',
      job: 'good-job',
      greeting: 'hello',
      channels: {
        train: {
          ContentType: 'text/csv',
          TrainingInputMode: 'File',
          S3DistributionType: 'FullyReplicated',
          RecordWrapperType: 'None',
        },
      },
    });
    expect(model.environment).toEqual(
      [
        'AWS_ACCESS_KEY_ID',
        'AWS_ENDPOINT_URL',
        'AWS_REGION',
        'AWS_SECRET_ACCESS_KEY',
        'AWS_SESSION_TOKEN',
        'CONTAINER_ROOT',
        'GREETING',
        'HOME',
        'PATH',
        'TRAINING_JOB_ARN',
        'TRAINING_JOB_NAME',
      ].sort(),
    );
  });

  it('takes an S3Prefix as a prefix of keys, not as a folder', async () => {
    const described = await finished('prefix-job');

    const model = await modelOf(described.ModelArtifacts?.S3ModelArtifacts);
    expect(model.files.train).toEqual(['train-more/c.csv', 'train/a.csv', 'train/deep/b.csv']);
  });

  it('takes the objects a manifest names and no others', async () => {
    world.s3.put('s3://data/some.manifest', JSON.stringify([{ prefix: 's3://data/train/' }, 'deep/b.csv']));

    const described = await finished('manifest-job', {
      InputDataConfig: [
        {
          ChannelName: 'train',
          DataSource: { S3DataSource: { S3DataType: 'ManifestFile', S3Uri: 's3://data/some.manifest' } },
        },
      ],
    });

    const model = await modelOf(described.ModelArtifacts?.S3ModelArtifacts);
    expect(model.files.train).toEqual(['deep/b.csv']);
  });

  it('tells of each secondary status in an event of its own', async () => {
    await finished('told-job');

    const told = eventsOf('told-job');
    expect(told.map(({ TrainingJobStatus, SecondaryStatus }) => `${TrainingJobStatus}/${SecondaryStatus}`)).toEqual([
      'InProgress/Starting',
      'InProgress/Downloading',
      'InProgress/Training',
      'InProgress/Uploading',
      'Completed/Completed',
    ]);
    expect(told[0]).toMatchObject({
      FailureReason: null,
      TrainingEndTime: null,
      CreationTime: START,
      Tags: { team: 'tests' },
    });
    expect(world.events.find(({ detail }) => detail.TrainingJobName === 'told-job')).toMatchObject({
      detailType: 'SageMaker Training Job State Change',
      resources: ['arn:aws:sagemaker:eu-west-1:000000000000:training-job/told-job'],
    });
  });

  it('fails with the words the container left, and its exit code', async () => {
    const described = await finished('bad-job', {
      HyperParameters: { fail_message: 'no label column', exit_code: '3' },
    });

    expect(described.TrainingJobStatus).toBe('Failed');
    expect(described.SecondaryStatus).toBe('Failed');
    expect(described.FailureReason).toBe('AlgorithmError: no label column, exit code: 3');
    expect(described.ModelArtifacts).toBeUndefined();
  });

  it('cuts the reason of a failure at 1024 characters', async () => {
    const described = await finished('long-job', { HyperParameters: { fail_message: 'x'.repeat(2000) } });

    expect(described.FailureReason).toHaveLength(1024);
    expect(described.FailureReason).toMatch(/^AlgorithmError: x+, exit code: 1$/);
  });

  it('fails when no program stands in for the image, and names it', async () => {
    const described = await finished('unknown-image', {
      AlgorithmSpecification: {
        TrainingImage: '1.dkr.ecr.eu-west-1.amazonaws.com/nothing:7',
        TrainingInputMode: 'File',
      },
    });

    expect(described.TrainingJobStatus).toBe('Failed');
    expect(described.FailureReason).toContain('1.dkr.ecr.eu-west-1.amazonaws.com/nothing:7');
  });

  it.each([
    ['has no prefix in front', '["a.csv"]', /does not begin with \{"prefix"/],
    ['has an empty prefix', '[{"prefix": ""}, "a.csv"]', /does not begin with \{"prefix"/],
    ['names what is not there', '[{"prefix": "s3://data/train/"}, "z.csv"]', /which does not exist/],
    ['is no JSON', 'a.csv', /is not JSON/],
  ])('fails over a manifest that %s', async (_, manifest, reason) => {
    world.s3.put('s3://data/bad.manifest', manifest);

    const described = await finished(`manifest-${world.events.length}`, {
      InputDataConfig: [
        {
          ChannelName: 'train',
          DataSource: { S3DataSource: { S3DataType: 'ManifestFile', S3Uri: 's3://data/bad.manifest' } },
        },
      ],
    });

    expect(described.FailureReason).toMatch(reason);
  });

  it('takes the whole name of a folder in FastFile mode, and not its beginning', async () => {
    const fast = (S3Uri: string) => ({
      AlgorithmSpecification: { TrainingImage: IMAGE, TrainingInputMode: 'FastFile' as const },
      InputDataConfig: [{ ...CHANNEL, DataSource: { S3DataSource: { S3DataType: 'S3Prefix' as const, S3Uri } } }],
    });
    const whole = await finished('fast-whole', fast('s3://data/train/deep'));
    const one = await finished('fast-one', fast('s3://data/train/a.csv'));
    const beginning = await finished('fast-beginning', fast('s3://data/train'));

    expect([whole, one].map(({ TrainingJobStatus }) => TrainingJobStatus)).toEqual(['Completed', 'Completed']);
    expect(beginning).toMatchObject({
      TrainingJobStatus: 'Failed',
      FailureReason: expect.stringContaining('the beginning of one'),
    });
  });

  it('fails when a channel has no objects', async () => {
    const described = await finished('empty-job', {
      InputDataConfig: [
        { ChannelName: 'train', DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 's3://data/nothing/' } } },
      ],
    });

    expect(described.FailureReason).toBe(
      'ClientError: Data download failed: No S3 objects found under S3 URL "s3://data/nothing/" given in input data source.',
    );
  });

  it('finds the metrics of a built-in image in its log, where a TAB is #011', async () => {
    const described = await finished('metric-job', {
      AlgorithmSpecification: { TrainingImage: BUILT_IN_IMAGE, TrainingInputMode: 'File' },
      HyperParameters: { metrics: '0.6,0.7' },
    });

    expect(described.FinalMetricDataList).toEqual([
      { MetricName: 'validation:auc', Value: 0.7, Timestamp: new Date(START) },
    ]);
    expect(world.lines.filter(({ stream }) => stream.startsWith('metric-job/')).map(({ line }) => line)).toEqual([
      '[0]#011validation-auc:0.6',
      '[0]#011validation-auc:0.7',
    ]);
    expect(
      world.metrics.filter(({ dimensions }) => dimensions.Host === 'metric-job/algo-1').map(({ value }) => value),
    ).toEqual([0.6, 0.7]);
  });

  it('finds metrics by the definitions of the request', async () => {
    const described = await finished('own-metric-job', {
      AlgorithmSpecification: {
        TrainingImage: IMAGE,
        TrainingInputMode: 'File',
        MetricDefinitions: [{ Name: 'auc', Regex: 'auc:([0-9.]+)' }],
      },
      HyperParameters: { metrics: '0.61' },
    });

    expect(described.FinalMetricDataList?.map(({ MetricName, Value }) => [MetricName, Value])).toEqual([['auc', 0.61]]);
  });

  it('keeps other output beside the model', async () => {
    await finished('output-job', { HyperParameters: { extra_output: 'a note' } });

    const files = await unpack(await world.s3.get('s3://results/models/output-job/output/output.tar.gz'));
    expect(files).toEqual({ 'notes.txt': 'a note' });
  });

  it('stops when it is told to, and keeps the model it saved then', async () => {
    await create('stopped-job', { HyperParameters: { hang: 'true', save_on_stop: 'true', value: '7' } });
    await expect
      .poll(() => world.lines.some(({ stream, line }) => stream.startsWith('stopped-job/') && line === 'hanging'), {
        timeout: LONG_MS,
      })
      .toBe(true);

    await world.sagemaker.send(new StopTrainingJobCommand({ TrainingJobName: 'stopped-job' }));
    await world.idle();

    const described = await look('stopped-job');
    expect(described.TrainingJobStatus).toBe('Stopped');
    expect((await modelOf(described.ModelArtifacts?.S3ModelArtifacts)).value).toBe(7);
    expect(eventsOf('stopped-job').map(({ TrainingJobStatus }) => TrainingJobStatus)).toContain('Stopping');
  });

  it('stops when its time on the clock of the cloud is over', async () => {
    await create('slow-job', { HyperParameters: { hang: 'true' }, StoppingCondition: { MaxRuntimeInSeconds: 60 } });
    await expect
      .poll(() => world.lines.some(({ stream, line }) => stream.startsWith('slow-job/') && line === 'hanging'), {
        timeout: LONG_MS,
      })
      .toBe(true);

    await world.clock.advance(60_000);
    await world.idle();

    const described = await look('slow-job');
    expect([described.TrainingJobStatus, described.SecondaryStatus]).toEqual(['Stopped', 'MaxRuntimeExceeded']);
    expect(described.TrainingTimeInSeconds).toBe(60);
  });
});

const SPOT = { EnableManagedSpotTraining: true };
const CHANNEL = {
  ChannelName: 'train',
  DataSource: { S3DataSource: { S3DataType: 'S3Prefix' as const, S3Uri: 's3://data/train/' } },
};

describe('requests about training jobs', () => {
  it.each([
    ['a taken name', { TrainingJobName: 'once' }, 'ResourceInUse', /already exists/],
    [
      'a name with an underscore',
      { TrainingJobName: 'a_b' },
      'ValidationException',
      /'trainingJobName'.*regular expression/,
    ],
    ['a role that does not exist', { RoleArn: `${ROLE}-2` }, 'ValidationException', /Could not assume role/],
    ['an experiment', { ExperimentConfig: { TrialName: 'x' } }, 'NotImplemented', /ExperimentConfig/],
    [
      'pipe mode',
      { AlgorithmSpecification: { TrainingImage: IMAGE, TrainingInputMode: 'Pipe' as const } },
      'NotImplemented',
      /Pipe.*trainingInputMode/i,
    ],
    [
      'several instances',
      { ResourceConfig: { InstanceType: 'ml.m5.xlarge' as const, InstanceCount: 2, VolumeSizeInGB: 1 } },
      'NotImplemented',
      /InstanceCount/,
    ],
    [
      'a spot job without a waiting time',
      { EnableManagedSpotTraining: true },
      'ValidationException',
      /MaxWaitTimeInSeconds/,
    ],
    [
      'a spot job that waits less than it may run',
      { ...SPOT, StoppingCondition: { MaxRuntimeInSeconds: 3600, MaxWaitTimeInSeconds: 3599 } },
      'ValidationException',
      /equal to or greater than MaxRuntimeInSeconds/,
    ],
    [
      'a waiting time on demand',
      { StoppingCondition: { MaxRuntimeInSeconds: 60, MaxWaitTimeInSeconds: 60 } },
      'ValidationException',
      /managed spot training only/,
    ],
    [
      'a built-in image that waits for more than an hour without checkpoints',
      {
        ...SPOT,
        AlgorithmSpecification: { TrainingImage: BUILT_IN_IMAGE, TrainingInputMode: 'File' as const },
        StoppingCondition: { MaxRuntimeInSeconds: 3600, MaxWaitTimeInSeconds: 3601 },
      },
      'ValidationException',
      /at most 3600/,
    ],
    [
      'a key for its volume, which nothing here would ask',
      {
        ResourceConfig: {
          InstanceType: 'ml.m5.large' as const,
          InstanceCount: 1,
          VolumeSizeInGB: 1,
          VolumeKmsKeyId: 'key',
        },
      },
      'NotImplemented',
      /resourceConfig\.VolumeKmsKeyId/,
    ],
    [
      'channels of one name',
      { InputDataConfig: [CHANNEL, CHANNEL] },
      'ValidationException',
      /Channel names must be unique/,
    ],
    [
      'a manifest in fast file mode',
      {
        AlgorithmSpecification: { TrainingImage: IMAGE, TrainingInputMode: 'FastFile' as const },
        InputDataConfig: [
          { ...CHANNEL, DataSource: { S3DataSource: { S3DataType: 'ManifestFile' as const, S3Uri: 's3://data/m' } } },
        ],
      },
      'ValidationException',
      /FastFile input mode takes S3DataType S3Prefix only/,
    ],
    [
      'definitions of a built-in image',
      {
        AlgorithmSpecification: {
          TrainingImage: BUILT_IN_IMAGE,
          TrainingInputMode: 'File' as const,
          MetricDefinitions: [{ Name: 'a', Regex: '(.)' }],
        },
      },
      'ValidationException',
      /override the metric definitions/,
    ],
    ['a reserved tag', { Tags: [{ Key: 'aws:x', Value: '' }] }, 'ValidationException', /aws:/],
  ] as [string, Partial<CreateTrainingJobCommandInput>, string, RegExp][])(
    'refuses %s',
    async (_, more, name, message) => {
      if (more.TrainingJobName === 'once') await finished('once');

      const error = await create(more.TrainingJobName ?? 'refused', more).catch((thrown: Error) => thrown);

      expect(error).toMatchObject({ name, message: expect.stringMatching(message) });
    },
  );

  it('answers ResourceNotFound for a job that does not exist', async () => {
    await expect(look('nobody')).rejects.toMatchObject({ name: 'ResourceNotFound' });
  });

  it('refuses operations it does not have by name', async () => {
    const { CreateProcessingJobCommand } = await import('@aws-sdk/client-sagemaker');

    const sent = world.sagemaker.send(
      new CreateProcessingJobCommand({
        ProcessingJobName: 'x',
        ProcessingResources: undefined,
        AppSpecification: undefined,
        RoleArn: ROLE,
      }),
    );

    await expect(sent).rejects.toThrow(/CreateProcessingJob/);
  });

  it('lists jobs page by page, newest last unless asked otherwise', async () => {
    for (const name of ['list-a', 'list-b', 'list-c']) {
      await finished(name);
      await world.clock.advance(1000);
    }
    const list = (more: object) =>
      world.sagemaker.send(new ListTrainingJobsCommand({ NameContains: 'LIST-', SortBy: 'CreationTime', ...more }));

    const first = await list({ MaxResults: 2 });
    const second = await list({ MaxResults: 2, NextToken: first.NextToken });
    const backwards = await list({ SortOrder: 'Descending' });
    const failed = await list({ StatusEquals: 'Failed' });

    expect(first.TrainingJobSummaries?.map(({ TrainingJobName }) => TrainingJobName)).toEqual(['list-a', 'list-b']);
    expect(second.TrainingJobSummaries?.map(({ TrainingJobName }) => TrainingJobName)).toEqual(['list-c']);
    expect(second.NextToken).toBeUndefined();
    expect(backwards.TrainingJobSummaries?.map(({ TrainingJobName }) => TrainingJobName)).toEqual([
      'list-c',
      'list-b',
      'list-a',
    ]);
    expect(failed.TrainingJobSummaries).toEqual([]);
    await expect(list({ NextToken: 'nonsense' })).rejects.toMatchObject({ name: 'ValidationException' });
  });
});
