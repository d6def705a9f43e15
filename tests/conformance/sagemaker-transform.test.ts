import { gzipSync } from 'node:zlib';
import {
  CreateModelCommand,
  CreateTransformJobCommand,
  type CreateTransformJobCommandInput,
  DescribeTransformJobCommand,
  ListTransformJobsCommand,
  StopTransformJobCommand,
} from '@aws-sdk/client-sagemaker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { BUILT_IN_IMAGE, IMAGE, ROLE, type SageMakerCloud, startSageMakerCloud } from './sagemaker-cloud.ts';
import { putModel } from './sagemaker-model.ts';

const FAULTS = ['capacity', 'internal', 'killed'] as const;
let world: SageMakerCloud;
const model = (name: string, environment: Record<string, string> = {}, image = IMAGE) =>
  world.sagemaker.send(
    new CreateModelCommand({
      ModelName: name,
      ExecutionRoleArn: ROLE,
      PrimaryContainer: { Image: image, ModelDataUrl: 's3://data/models/1.tar.gz', Environment: environment },
    }),
  );
beforeAll(async () => {
  world = await startSageMakerCloud({
    quotas: { instances: { 'ml.m5.2xlarge for transform job usage': 1 } },
    faults: {
      transform: ({ name }) =>
        FAULTS.map((failure) => ({ failure })).find(({ failure }) => name === `faulty-${failure}`),
    },
  });
  await putModel(world.s3, 's3://data/models/1.tar.gz', 1);
  await model('one');
  await model('counting', { ECHO_COLUMNS: 'true' });
  await model('built-in', {}, BUILT_IN_IMAGE);
  world.s3.put('s3://data/in/a.csv', '1,2\n3,4\n5,6\n');
  world.s3.put('s3://data/in/deep/b.csv', '7,8');
});
afterAll(() => world.close());

type More = Partial<Omit<CreateTransformJobCommandInput, 'TransformInput' | 'TransformOutput'>> & {
  input?: Partial<CreateTransformJobCommandInput['TransformInput']>;
  output?: Partial<CreateTransformJobCommandInput['TransformOutput']>;
  uri?: string;
};
const create = (name: string, { input, output, uri = 's3://data/in/', ...more }: More = {}) =>
  world.sagemaker.send(
    new CreateTransformJobCommand({
      TransformJobName: name,
      ModelName: 'one',
      TransformInput: {
        DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: uri } },
        ContentType: 'text/csv',
        SplitType: 'Line',
        ...input,
      },
      TransformOutput: { S3OutputPath: `s3://results/${name}/`, Accept: 'text/csv', AssembleWith: 'Line', ...output },
      TransformResources: { InstanceType: 'ml.m5.large', InstanceCount: 1 },
      ...more,
    }),
  );
const look = (name: string) => world.sagemaker.send(new DescribeTransformJobCommand({ TransformJobName: name }));
const finished = async (name: string, more: More = {}) => {
  await create(name, more);
  await world.idle();
  return look(name);
};
const text = async (uri: string) => (await world.s3.get(uri)).toString('utf8');

describe('a transform job', () => {
  it('scores every object below a prefix into an .out of its own', async () => {
    const described = await finished('all');

    expect(described).toMatchObject({ TransformJobStatus: 'Completed', ModelName: 'one' });
    expect(world.s3.keys('s3://results/all/').sort()).toEqual(['results/all/a.csv.out', 'results/all/deep/b.csv.out']);
    expect(await text('s3://results/all/a.csv.out')).toBe('1\n1\n1\n');
    expect(await text('s3://results/all/deep/b.csv.out')).toBe('1\n');
  });

  it('tells of each status in an event', async () => {
    await finished('told', { Tags: [{ Key: 'a', Value: 'b' }] });

    const told = world.events.filter(({ detail }) => detail.TransformJobName === 'told');
    expect(told.map(({ detail }) => detail.TransformJobStatus)).toEqual(['InProgress', 'Completed']);
    expect(told[0]).toMatchObject({
      detailType: 'SageMaker Transform Job State Change',
      resources: ['arn:aws:sagemaker:eu-west-1:000000000000:transform-job/told'],
      detail: { FailureReason: null, TransformEndTime: null, Tags: { a: 'b' }, ModelName: 'one' },
    });
  });

  it.each([
    ['one line a request', { BatchStrategy: 'SingleRecord' as const, MaxConcurrentTransforms: 4 }],
    ['many lines a request', { BatchStrategy: 'MultiRecord' as const, MaxConcurrentTransforms: 4, MaxPayloadInMB: 1 }],
  ])('keeps the order of the lines with %s', async (_, more) => {
    // Column counts tell the rows apart; over 1 MB there are several requests of many lines.
    const rows = Array.from({ length: 600 }, (__, i) => `${'x'.repeat(4000)}${',1'.repeat((i % 7) + 1)}`);
    world.s3.put('s3://data/ordered/rows.csv', `${rows.join('\n')}\n`);

    const name = `ordered-${more.BatchStrategy.toLowerCase()}`;
    await finished(name, { ...more, ModelName: 'counting', uri: 's3://data/ordered/' });

    const scores = (await text(`s3://results/${name}/rows.csv.out`)).trimEnd().split('\n');
    expect(scores.map(Number)).toEqual(rows.map((_row, i) => (i % 7) + 2));
  });

  it('sends a whole object at once when it is not split', async () => {
    await finished('whole', { input: { SplitType: 'None' }, output: { AssembleWith: 'None' } });

    expect(await text('s3://results/whole/a.csv.out')).toBe('1\n1\n1');
  });

  it('reads gzip', async () => {
    world.s3.put('s3://data/zipped/a.csv.gz', gzipSync('1,2\n3,4\n'));

    await finished('zipped', { uri: 's3://data/zipped/', input: { CompressionType: 'Gzip' } });

    expect(await text('s3://results/zipped/a.csv.gz.out')).toBe('1\n1\n');
  });

  it('leaves columns out of the input and joins them to the output', async () => {
    world.s3.put('s3://data/keyed/a.csv', '"id,1",10,20,0\nid2,30,40,1\n');

    await finished('keyed', {
      ModelName: 'counting',
      uri: 's3://data/keyed/',
      DataProcessing: { InputFilter: '$[1:-1]', JoinSource: 'Input', OutputFilter: '$[0,3:]' },
    });

    expect(await text('s3://results/keyed/a.csv.out')).toBe('"id,1",0,2\nid2,1,2\n');
  });

  it('fails when one object fails, and keeps the output of the others', async () => {
    world.s3.put('s3://data/mixed/bad.csv', 'boom\n');
    world.s3.put('s3://data/mixed/good.csv', '1\n');

    const described = await finished('mixed', { uri: 's3://data/mixed/' });

    expect(described.TransformJobStatus).toBe('Failed');
    expect(described.FailureReason).toMatch(
      /^AlgorithmError: .*s3:\/\/data\/mixed\/bad\.csv: The model answered 400: cannot score "boom"/,
    );
    expect(world.s3.keys('s3://results/mixed/')).toEqual(['results/mixed/good.csv.out']);
  });

  it('fails when a filter asks for a column that is not there', async () => {
    const described = await finished('narrow', { DataProcessing: { OutputFilter: '$[5]' } });

    expect(described.FailureReason).toMatch(/\$\[5\] asks for column 5 of 1/);
  });

  it('fails when a record is larger than a request may be', async () => {
    world.s3.put('s3://data/huge/a.csv', 'x'.repeat(1_100_000));

    const described = await finished('huge', { uri: 's3://data/huge/', MaxPayloadInMB: 1 });

    expect(described.FailureReason).toMatch(/MaxPayloadInMB/);
  });

  it('fails when there is nothing to score, or its container does not start', async () => {
    await model('broken', { SERVE_EXIT: '2' });

    expect((await finished('nothing', { uri: 's3://data/none/' })).FailureReason).toMatch(
      /^ClientError: No S3 objects found/,
    );
    expect((await finished('unstarted', { ModelName: 'broken' })).FailureReason).toMatch(/exit code 2/);
  });

  it('asks again after a server error, as often as it is told to', async () => {
    await model('flaky', { FAIL_FIRST: '2' });

    const patient = await finished('patient', { ModelName: 'flaky' });
    const hasty = await finished('hasty', { ModelName: 'flaky', ModelClientConfig: { InvocationsMaxRetries: 0 } });

    expect(patient.TransformJobStatus).toBe('Completed');
    expect(hasty.TransformJobStatus).toBe('Failed');
  });

  it('stops when it is told to, without output', async () => {
    await model('never', { UNHEALTHY_PINGS: '1000000' });
    await create('stopped', { ModelName: 'never' });
    await world.sagemaker.send(new StopTransformJobCommand({ TransformJobName: 'stopped' }));
    await world.idle();

    expect((await look('stopped')).TransformJobStatus).toBe('Stopped');
    expect(world.s3.keys('s3://results/stopped/')).toEqual([]);
    await expect(world.sagemaker.send(new StopTransformJobCommand({ TransformJobName: 'stopped' }))).rejects.toThrow(
      /Stopped/,
    );
  });
});

describe('a transform job that goes wrong', () => {
  it.each([
    ['capacity', /^CapacityError: Unable to provision requested ML compute capacity/],
    ['internal', /^InternalServerError: /],
    ['killed', /^AlgorithmError: See job logs/],
  ])('fails by its reason: %s', async (failure, reason) => {
    const described = await finished(`faulty-${failure}`);

    expect(described.TransformJobStatus).toBe('Failed');
    expect(described.FailureReason).toMatch(reason);
  });

  it('spells times and tags now one way, now the other', async () => {
    await finished('spelled', { Tags: [{ Key: 'a', Value: 'b' }] });

    const [first, second] = world.events.filter(({ detail }) => detail.TransformJobName === 'spelled');
    const now = world.clock.ms();
    expect(first?.detail).toMatchObject({ CreationTime: now, Tags: { a: 'b' } });
    expect(second?.detail).toMatchObject({
      CreationTime: `${new Date(now).toISOString().slice(0, 19)}Z`,
      Tags: [{ Key: 'a', Value: 'b' }],
    });
  });

  it('gets no more instances than the quota has, and gives them back', async () => {
    const resources = (InstanceCount: number) => ({
      TransformResources: { InstanceType: 'ml.m5.2xlarge' as const, InstanceCount },
    });

    await expect(create('two-instances', resources(2))).rejects.toMatchObject({
      name: 'ResourceLimitExceeded',
      message: expect.stringContaining("'ml.m5.2xlarge for transform job usage' is 1 Instances"),
    });
    await finished('one-instance', resources(1));
    expect((await finished('next-instance', resources(1))).TransformJobStatus).toBe('Completed');
  });
});

describe('requests about transform jobs', () => {
  it.each([
    ['a taken name', 'all', {}, 'ResourceInUse', /already exists/],
    ['a model that does not exist', 'new', { ModelName: 'nobody' }, 'ValidationException', /Could not find model/],
    ['RecordIO', 'new', { input: { SplitType: 'RecordIO' } }, 'NotImplemented', /RecordIO/],
    [
      'a strategy without a split',
      'new',
      { input: { SplitType: 'None' }, BatchStrategy: 'MultiRecord' },
      'ValidationException',
      /SplitType/,
    ],
    [
      'data capture',
      'new',
      { DataCaptureConfig: { DestinationS3Uri: 's3://a/' } },
      'NotImplemented',
      /DataCaptureConfig/,
    ],
    ['a filter by name', 'new', { DataProcessing: { OutputFilter: "$['id']" } }, 'NotImplemented', /\['id'\]/],
    [
      'joins of JSON',
      'new',
      { DataProcessing: { JoinSource: 'Input' }, output: { Accept: 'application/json' } },
      'NotImplemented',
      /DataProcessing/,
    ],
    [
      'a built-in algorithm that reads in chunks',
      'new',
      { ModelName: 'built-in', MaxPayloadInMB: 0 },
      'ValidationException',
      /MaxPayloadInMB 0/,
    ],
    [
      'more than 100 MB at once',
      'new',
      { MaxPayloadInMB: 60, MaxConcurrentTransforms: 2 },
      'ValidationException',
      /100 MB/,
    ],
  ] as [string, string, More, string, RegExp][])('refuse %s', async (_, name, more, code, message) => {
    const error = await create(name, more).catch((thrown: Error) => thrown);

    expect(error).toMatchObject({ name: code, message: expect.stringMatching(message) });
  });

  it('list jobs, newest first', async () => {
    const { TransformJobSummaries: summaries } = await world.sagemaker.send(
      new ListTransformJobsCommand({ StatusEquals: 'Failed', MaxResults: 2 }),
    );

    expect(summaries).toHaveLength(2);
    expect(summaries?.every(({ TransformJobStatus }) => TransformJobStatus === 'Failed')).toBe(true);
    await expect(look('nobody')).rejects.toMatchObject({ name: 'ResourceNotFound' });
  });
});
