import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  type CreateEndpointConfigCommandInput,
  CreateModelCommand,
  DeleteEndpointCommand,
  DeleteEndpointConfigCommand,
  DescribeEndpointCommand,
  DescribeEndpointConfigCommand,
  DescribeModelCommand,
  ListEndpointsCommand,
  ListModelsCommand,
  type ProductionVariant,
  UpdateEndpointCommand,
  type UpdateEndpointCommandInput,
} from '@aws-sdk/client-sagemaker';
import { InvokeEndpointCommand, type InvokeEndpointCommandInput } from '@aws-sdk/client-sagemaker-runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IMAGE, ROLE, type SageMakerCloud, START, startSageMakerCloud } from './sagemaker-cloud.ts';
import { putModel } from './sagemaker-model.ts';

let world: SageMakerCloud;
beforeAll(async () => {
  world = await startSageMakerCloud();
  for (const value of [1, 2]) await putModel(world.s3, `s3://data/models/${value}.tar.gz`, value);
});
afterAll(() => world.close());

const model = (name: string, value: number, environment: Record<string, string> = {}) =>
  world.sagemaker.send(
    new CreateModelCommand({
      ModelName: name,
      ExecutionRoleArn: ROLE,
      PrimaryContainer: { Image: IMAGE, ModelDataUrl: `s3://data/models/${value}.tar.gz`, Environment: environment },
    }),
  );
const variant = (modelName: string, more: Partial<ProductionVariant> = {}): ProductionVariant => ({
  VariantName: 'AllTraffic',
  ModelName: modelName,
  InstanceType: 'ml.m5.large',
  InitialInstanceCount: 2,
  ...more,
});
const config = (name: string, variants: ProductionVariant[], more: Partial<CreateEndpointConfigCommandInput> = {}) =>
  world.sagemaker.send(
    new CreateEndpointConfigCommand({ EndpointConfigName: name, ProductionVariants: variants, ...more }),
  );
const look = (name: string) => world.sagemaker.send(new DescribeEndpointCommand({ EndpointName: name }));
const create = (name: string, configName: string) =>
  world.sagemaker.send(new CreateEndpointCommand({ EndpointName: name, EndpointConfigName: configName }));
const update = (name: string, configName: string, more: Partial<UpdateEndpointCommandInput> = {}) =>
  world.sagemaker.send(new UpdateEndpointCommand({ EndpointName: name, EndpointConfigName: configName, ...more }));
const remove = (name: string) => world.sagemaker.send(new DeleteEndpointCommand({ EndpointName: name }));
const invoke = (name: string, body: string, more: Partial<InvokeEndpointCommandInput> = {}) =>
  world.runtime.send(
    new InvokeEndpointCommand({ EndpointName: name, Body: body, ContentType: 'text/csv', Accept: 'text/csv', ...more }),
  );
const answer = async (name: string, body: string, more: Partial<InvokeEndpointCommandInput> = {}) =>
  Buffer.from((await invoke(name, body, more)).Body).toString('utf8');
const statusesOf = (name: string) =>
  world.events
    .filter(
      ({ detailType, detail }) => detailType === 'SageMaker Endpoint State Change' && detail.EndpointName === name,
    )
    .map(({ detail }) => detail.EndpointStatus);

describe('an endpoint', () => {
  beforeAll(async () => {
    await model('one', 1);
    await model('two', 2);
    await model('broken', 2, { SERVE_EXIT: '3' });
    await model('never-healthy', 2, { UNHEALTHY_PINGS: '1000000' });
    await config('config-one', [variant('one')]);
    await config('config-two', [variant('two')]);
    await config('config-broken', [variant('broken')]);
  });

  it('comes into service when its container is healthy, and answers', async () => {
    await model('slow', 1, { UNHEALTHY_PINGS: '3' });
    await config('config-slow', [variant('slow')]);

    await create('first', 'config-slow');
    const creating = await look('first');
    await world.idle();

    const inService = await look('first');
    expect(creating).toMatchObject({
      EndpointStatus: 'Creating',
      PendingDeploymentSummary: {
        EndpointConfigName: 'config-slow',
        ProductionVariants: [{ DesiredInstanceCount: 2, VariantStatus: [{ Status: 'Creating' }] }],
      },
    });
    expect(inService.PendingDeploymentSummary).toBeUndefined();
    expect(inService).toMatchObject({
      EndpointStatus: 'InService',
      EndpointConfigName: 'config-slow',
      CreationTime: new Date(START),
      ProductionVariants: [{ VariantName: 'AllTraffic', CurrentWeight: 1, CurrentInstanceCount: 2 }],
    });
    expect(statusesOf('first')).toEqual(['CREATING', 'IN_SERVICE']);
    const response = await invoke('first', '1,2\n3,4\n', { CustomAttributes: 'trace=7' });
    expect(Buffer.from(response.Body).toString()).toBe('1\n1\n');
    expect(response).toMatchObject({
      ContentType: 'text/csv; charset=utf-8',
      InvokedProductionVariant: 'AllTraffic',
      CustomAttributes: 'trace=7; seen',
    });
    await remove('first');
    await world.idle();
    await expect(look('first')).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(/Could not find endpoint/),
    });
  });

  it('fails when its container ends, and can then only be deleted', async () => {
    await create('failing', 'config-broken');
    await world.idle();

    const described = await look('failing');
    expect(described.EndpointStatus).toBe('Failed');
    expect(described.FailureReason).toMatch(
      /production variant AllTraffic did not pass the ping health check.*exit code 3/,
    );
    await expect(update('failing', 'config-one')).rejects.toMatchObject({ name: 'ValidationException' });
    await remove('failing');
    await world.idle();
    await expect(look('failing')).rejects.toThrow(/Could not find endpoint/);
  });

  it('fails when faults leave no instances for it', async () => {
    world.faults.hosting = ({ endpoint }) => (endpoint === 'unlucky' ? { failure: 'capacity' } : undefined);

    await create('unlucky', 'config-one');
    await world.idle();
    delete world.faults.hosting;

    expect(await look('unlucky')).toMatchObject({
      EndpointStatus: 'Failed',
      FailureReason: expect.stringMatching(/InsufficientInstanceCapacity/),
    });
    expect(statusesOf('unlucky')).toEqual(['CREATING', 'FAILED']);
  });

  it('fails when its container is not healthy in time on the clock of the cloud', async () => {
    await config('config-never', [variant('never-healthy', { ContainerStartupHealthCheckTimeoutInSeconds: 60 })]);
    await create('never', 'config-never');
    await expect
      .poll(() => world.lines.some(({ group, line }) => group.endsWith('/never') && line === 'serving'), {
        timeout: 60_000,
      })
      .toBe(true);

    await world.clock.advance(60_000);
    await world.idle();

    expect((await look('never')).FailureReason).toMatch(/within 60 seconds/);
  });

  it('answers with the new model after an update, and is InService on the new configuration', async () => {
    await create('updated', 'config-one');
    await world.idle();

    await update('updated', 'config-two');
    const during = await look('updated');
    const refused = await update('updated', 'config-one').catch((error: Error) => error);
    const duringAnswer = await answer('updated', '1');
    await world.idle();

    expect(during).toMatchObject({
      EndpointStatus: 'Updating',
      EndpointConfigName: 'config-one',
      PendingDeploymentSummary: { EndpointConfigName: 'config-two' },
    });
    expect(refused).toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(/Cannot update in-progress endpoint/),
    });
    expect(duringAnswer).toBe('1\n');
    expect(await look('updated')).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: 'config-two' });
    expect(await answer('updated', '1')).toBe('2\n');
    expect(statusesOf('updated')).toEqual(['CREATING', 'IN_SERVICE', 'UPDATING', 'IN_SERVICE']);
    const deployments = world.events.filter(
      ({ detailType, detail }) =>
        detailType === 'SageMaker Endpoint Deployment State Change' && detail.EndpointName === 'updated',
    );
    expect(
      deployments.map(({ detail }) => [detail.EndpointStatus, detail.PendingDeploymentSummary !== undefined]),
    ).toEqual([
      ['UPDATING', true],
      ['UPDATING', true],
      ['IN_SERVICE', false],
    ]);
  });

  it('returns to InService on the old configuration when an update fails', async () => {
    await create('silent', 'config-one');
    await world.idle();

    await update('silent', 'config-broken');
    await world.idle();

    const described = await look('silent');
    expect(described).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: 'config-one' });
    expect(described.FailureReason).toMatch(/ping health check/);
    expect(await answer('silent', '1')).toBe('1\n');
    expect(statusesOf('silent').at(-1)).toBe('IN_SERVICE');
    await update('silent', 'config-two');
    await world.idle();
    expect((await look('silent')).FailureReason).toBeUndefined();
  });

  it('keeps the old fleet for the termination wait on the clock of the cloud', async () => {
    await create('baking', 'config-one');
    await world.idle();

    await update('baking', 'config-two', {
      DeploymentConfig: {
        BlueGreenUpdatePolicy: {
          TrafficRoutingConfiguration: { Type: 'ALL_AT_ONCE', WaitIntervalInSeconds: 0 },
          TerminationWaitInSeconds: 600,
        },
      },
    });
    await world.idle();

    const during = await look('baking');
    expect(during.EndpointStatus).toBe('Updating');
    expect(during.PendingDeploymentSummary?.ProductionVariants?.[0]?.VariantStatus?.[0]?.Status).toBe('Baking');
    expect(await answer('baking', '1')).toBe('2\n');
    await world.clock.advance(600_000);
    await world.idle();
    expect(await look('baking')).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: 'config-two' });
  });

  it('cannot be updated any more when its configuration has been deleted', async () => {
    await config('config-gone', [variant('one')]);
    await create('stuck', 'config-gone');
    await world.idle();
    await world.sagemaker.send(new DeleteEndpointConfigCommand({ EndpointConfigName: 'config-gone' }));

    await expect(update('stuck', 'config-two')).rejects.toThrow(/Could not find endpoint configuration.*config-gone/);
    expect(await answer('stuck', '1')).toBe('1\n');
  });

  it('keeps instance counts and weights over an update when it is asked to', async () => {
    await config('config-three', [variant('one', { InitialInstanceCount: 3 })]);
    await create('retained', 'config-three');
    await world.idle();

    await update('retained', 'config-two', { RetainAllVariantProperties: true });
    await world.idle();
    const retained = await look('retained');
    await update('retained', 'config-one', {
      RetainAllVariantProperties: true,
      ExcludeRetainedVariantProperties: [{ VariantPropertyType: 'DesiredInstanceCount' }],
    });
    await world.idle();

    expect(retained.ProductionVariants?.[0]?.CurrentInstanceCount).toBe(3);
    expect((await look('retained')).ProductionVariants?.[0]?.CurrentInstanceCount).toBe(2);
  });

  it('shares traffic among variants by weight, and lets a caller choose', async () => {
    await config('config-split', [
      variant('one', { VariantName: 'Blue', InitialVariantWeight: 3 }),
      variant('two', { VariantName: 'Green', InitialVariantWeight: 1 }),
    ]);
    await create('split', 'config-split');
    await world.idle();

    const answers = [];
    for (let i = 0; i < 40; i++) answers.push(await answer('split', '1'));

    expect(new Set(answers)).toEqual(new Set(['1\n', '2\n']));
    expect(answers.filter((one) => one === '1\n').length).toBeGreaterThan(answers.length / 2);
    expect((await invoke('split', '1', { TargetVariant: 'Green' })).InvokedProductionVariant).toBe('Green');
    await expect(invoke('split', '1', { TargetVariant: 'Red' })).rejects.toMatchObject({ name: 'ValidationError' });
  });

  it('answers ModelError with the words of the container', async () => {
    await create('erring', 'config-one');
    await world.idle();

    const error = await invoke('erring', 'boom').catch((thrown: Error) => thrown);

    expect(error).toMatchObject({
      name: 'ModelError',
      $metadata: { httpStatusCode: 424 },
      OriginalStatusCode: 400,
      OriginalMessage: 'cannot score "boom"',
    });
    const errors = world.metrics.filter(
      ({ name, dimensions }) => name === 'Invocation4XXErrors' && dimensions.EndpointName === 'erring',
    );
    expect(errors.map(({ value }) => value)).toEqual([1, 1]);
  });

  it('starts a container again that has ended', async () => {
    await create('reviving', 'config-one');
    await world.idle();
    await expect(invoke('reviving', 'die')).rejects.toMatchObject({ name: 'ModelError', OriginalStatusCode: 0 });

    const afterwards = await answer('reviving', '1');

    expect(afterwards).toBe('1\n');
  });

  it('is not found by the runtime when there is none of its name', async () => {
    await expect(invoke('nobody', '1')).rejects.toMatchObject({
      name: 'ValidationError',
      $metadata: { httpStatusCode: 400 },
    });
  });

  it('refuses what the runtime does not do, by name', async () => {
    await expect(invoke('nobody', '1', { TargetModel: 'a.tar.gz' })).rejects.toThrow(/TargetModel/);
  });
});

describe('data capture', () => {
  const capture = { InitialSamplingPercentage: 100, DestinationS3Uri: 's3://results/capture/' };
  const both = [{ CaptureMode: 'Input' as const }, { CaptureMode: 'Output' as const }];
  const linesOf = async (prefix: string) => {
    const [key] = world.s3.keys(prefix);
    const text = (await world.s3.get(`s3://${key}`)).toString('utf8');
    return {
      key,
      records: text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    };
  };

  it('writes requests and answers below endpoint, variant and hour after a minute', async () => {
    await config('config-capture', [variant('one')], {
      DataCaptureConfig: {
        ...capture,
        CaptureOptions: both,
        CaptureContentTypeHeader: { CsvContentTypes: ['text/csv'] },
      },
    });
    await create('captured', 'config-capture');
    await world.idle();
    await world.clock.set(START);
    await invoke('captured', '1,2\n', { InferenceId: 'id-1' });
    await invoke('captured', '3,4\n5,6\n');
    expect(world.s3.keys('s3://results/capture/captured/')).toEqual([]);

    await world.clock.advance(60_000);
    await world.idle();

    const { key, records } = await linesOf('s3://results/capture/captured/');
    expect(key).toMatch(/^results\/capture\/captured\/AllTraffic\/2001\/01\/25\/10\/15-30-000-[0-9a-f-]{36}\.jsonl$/);
    expect(records).toHaveLength(2);
    expect(records[0]).toEqual({
      captureData: {
        endpointInput: { observedContentType: 'text/csv', mode: 'INPUT', data: '1,2\n', encoding: 'CSV' },
        endpointOutput: {
          observedContentType: 'text/csv; charset=utf-8',
          mode: 'OUTPUT',
          data: '1\n',
          encoding: 'CSV',
        },
      },
      eventMetadata: { eventId: expect.any(String), inferenceId: 'id-1', inferenceTime: '2001-01-25T10:15:30Z' },
      eventVersion: '0',
    });
    expect(records[1].eventMetadata.inferenceId).toBeUndefined();
  });

  it('writes base64 when no header names the content type, and only what is asked for', async () => {
    await config('config-base64', [variant('one')], {
      DataCaptureConfig: { ...capture, CaptureOptions: [{ CaptureMode: 'Input' }] },
    });
    await create('encoded', 'config-base64');
    await world.idle();
    await invoke('encoded', '1,2\n');

    await world.made.flushCapture();

    const { records } = await linesOf('s3://results/capture/encoded/');
    expect(records[0].captureData).toEqual({
      endpointInput: {
        observedContentType: 'text/csv',
        mode: 'INPUT',
        data: Buffer.from('1,2\n').toString('base64'),
        encoding: 'BASE64',
      },
    });
  });

  it('takes a sample when it is asked for one', async () => {
    await config('config-sample', [variant('one')], {
      DataCaptureConfig: { ...capture, InitialSamplingPercentage: 50, CaptureOptions: both },
    });
    await create('sampled', 'config-sample');
    await world.idle();
    for (let i = 0; i < 40; i++) await invoke('sampled', `${i}\n`);

    await remove('sampled');
    await world.idle();

    const { records } = await linesOf('s3://results/capture/sampled/');
    expect(records.length).toBeGreaterThan(5);
    expect(records.length).toBeLessThan(35);
  });

  it('is refused for a serverless variant', async () => {
    const serverless = {
      VariantName: 'AllTraffic',
      ModelName: 'one',
      ServerlessConfig: { MemorySizeInMB: 2048, MaxConcurrency: 5 },
    };

    await expect(
      config('config-serverless-capture', [serverless], { DataCaptureConfig: { ...capture, CaptureOptions: both } }),
    ).rejects.toMatchObject({ name: 'ValidationException', message: expect.stringMatching(/serverless/) });
    await config('config-serverless', [serverless]);
    await create('serverless', 'config-serverless');
    await world.idle();
    expect(await answer('serverless', '1')).toBe('1\n');
    await world.sagemaker.send(
      new CreateModelCommand({
        ModelName: 'isolated',
        ExecutionRoleArn: ROLE,
        PrimaryContainer: { Image: IMAGE },
        EnableNetworkIsolation: true,
      }),
    );
    await expect(config('config-isolated', [{ ...serverless, ModelName: 'isolated' }])).rejects.toThrow(
      /EnableNetworkIsolation/,
    );
    await create('instances', 'config-one');
    await world.idle();
    await expect(update('instances', 'config-serverless')).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe('requests about models and endpoints', () => {
  it('answer a taken name with ValidationException', async () => {
    await model('taken', 1);
    await config('taken', [variant('taken')]);
    await create('taken', 'taken');

    for (const again of [
      () => model('taken', 1),
      () => config('taken', [variant('taken')]),
      () => create('taken', 'taken'),
    ]) {
      await expect(again()).rejects.toMatchObject({
        name: 'ValidationException',
        message: expect.stringMatching(/already existing/),
      });
    }
    await world.idle();
  });

  it('give back what was sent', async () => {
    await model('described', 1, { A: 'b' });
    await config('described', [variant('described')], { Tags: [{ Key: 'a', Value: 'b' }] });

    expect(await world.sagemaker.send(new DescribeModelCommand({ ModelName: 'described' }))).toMatchObject({
      ModelArn: 'arn:aws:sagemaker:eu-west-1:000000000000:model/described',
      PrimaryContainer: { Image: IMAGE, ModelDataUrl: 's3://data/models/1.tar.gz', Environment: { A: 'b' } },
      EnableNetworkIsolation: false,
    });
    const described = await world.sagemaker.send(
      new DescribeEndpointConfigCommand({ EndpointConfigName: 'described' }),
    );
    expect(described.ProductionVariants).toEqual([{ ...variant('described'), InitialVariantWeight: 1 }]);
  });

  it('refuse what does not exist', async () => {
    await expect(config('dangling', [variant('nobody')])).rejects.toThrow(/Could not find model/);
    await expect(create('dangling', 'nobody')).rejects.toThrow(/Could not find endpoint configuration/);
    await expect(model('no-data', 3)).rejects.toThrow(/Could not find model data/);
  });

  it('list models and endpoints, newest first', async () => {
    const models = await world.sagemaker.send(new ListModelsCommand({ MaxResults: 1, SortBy: 'Name' }));
    const endpoints = await world.sagemaker.send(
      new ListEndpointsCommand({ StatusEquals: 'InService', NameContains: 'silent' }),
    );

    expect(models.Models).toHaveLength(1);
    expect(models.NextToken).toBeDefined();
    expect(endpoints.Endpoints?.map(({ EndpointName }) => EndpointName)).toEqual(['silent']);
  });

  it('leave no process behind when the cloud closes', async () => {
    const other = await startSageMakerCloud();
    await putModel(other.s3, 's3://data/models/1.tar.gz', 1);
    await other.sagemaker.send(
      new CreateModelCommand({
        ModelName: 'one',
        ExecutionRoleArn: ROLE,
        PrimaryContainer: { Image: IMAGE, ModelDataUrl: 's3://data/models/1.tar.gz' },
      }),
    );
    await other.sagemaker.send(
      new CreateEndpointConfigCommand({ EndpointConfigName: 'one', ProductionVariants: [variant('one')] }),
    );
    await other.sagemaker.send(new CreateEndpointCommand({ EndpointName: 'one', EndpointConfigName: 'one' }));
    await other.idle();
    await other.sagemaker.send(new CreateEndpointCommand({ EndpointName: 'starting', EndpointConfigName: 'one' }));
    const pid = Number(other.lines.find(({ line }) => line.startsWith('pid '))?.line.slice(4));
    expect(() => process.kill(pid, 0)).not.toThrow();

    await other.close();

    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    expect(other.cloud.activity.pending()).toEqual([]);
  });
});
