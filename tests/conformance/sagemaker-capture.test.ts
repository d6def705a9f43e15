import type { DataCaptureConfig } from '@aws-sdk/client-sagemaker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type SageMakerCloud, startSageMakerCloud } from './sagemaker-cloud.ts';
import { endpointsOf, variantOf } from './sagemaker-endpoints.ts';
import { putModel } from './sagemaker-model.ts';

let world: SageMakerCloud;
const { model, config, create, update, invoke, answers, look } = endpointsOf(() => world);

beforeAll(async () => {
  world = await startSageMakerCloud();
  for (const value of [1, 2]) await putModel(world.s3, `s3://data/models/${value}.tar.gz`, value);
  await model('one', 1);
  await model('two', 2);
});
afterAll(() => world.close());

const captureTo = (folder: string, more: Partial<DataCaptureConfig> = {}) => ({
  DataCaptureConfig: {
    InitialSamplingPercentage: 100,
    DestinationS3Uri: `s3://results/${folder}`,
    CaptureOptions: [{ CaptureMode: 'Input' as const }, { CaptureMode: 'Output' as const }],
    CaptureContentTypeHeader: { CsvContentTypes: ['text/csv'], JsonContentTypes: ['application/json'] },
    ...more,
  },
});
const serving = async (name: string, more: Partial<DataCaptureConfig> = {}) => {
  await config(name, [variantOf('one')], captureTo(name, more));
  await create(name, name);
  await world.idle();
};
const advance = async (seconds: number) => {
  await world.clock.advance(seconds * 1000);
  await world.idle();
};
const recordsBelow = async (folder: string) => {
  const texts = await Promise.all(world.s3.keys(`s3://results/${folder}/`).map((key) => world.s3.get(`s3://${key}`)));
  return texts.flatMap((text) =>
    text
      .toString('utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  );
};

describe('data capture', () => {
  it('encodes each side by its own content type', async () => {
    await serving('json');
    await invoke('json', '1\n', { ContentType: 'application/json', Accept: 'text/plain' });

    await advance(60);

    const [{ captureData }] = await recordsBelow('json');
    expect(captureData.endpointInput).toEqual({
      observedContentType: 'application/json',
      mode: 'INPUT',
      data: '1\n',
      encoding: 'JSON',
    });
    expect(captureData.endpointOutput).toEqual({
      observedContentType: 'text/plain; charset=utf-8',
      mode: 'OUTPUT',
      data: Buffer.from('1\n').toString('base64'),
      encoding: 'BASE64',
    });
  });

  it('puts an invocation into the folder of its hour, also when the file is written in the next', async () => {
    await serving('hours');
    await world.clock.set(Date.UTC(2001, 0, 26, 10, 59, 30));
    await invoke('hours', '1');
    await advance(60);
    await invoke('hours', '2');
    await advance(60);

    expect(world.s3.keys('s3://results/hours/').map((key) => key.replace(/[^/]+$/, ''))).toEqual([
      'results/hours/hours/AllTraffic/2001/01/26/10/',
      'results/hours/hours/AllTraffic/2001/01/26/11/',
    ]);
  });

  it('comes later when faults say so', async () => {
    await serving('late');
    world.faults.captureDelayMs = ({ endpoint }) => (endpoint === 'late' ? 3_600_000 : 0);
    await invoke('late', '1');
    delete world.faults.captureDelayMs;

    await advance(3600);
    const early = await recordsBelow('late');
    await advance(60);

    expect(early).toEqual([]);
    expect(await recordsBelow('late')).toHaveLength(1);
  });

  it('is the business of the fleet that answers while a deployment shifts traffic', async () => {
    await serving('shifted');
    await config('shifted-2', [variantOf('two')], captureTo('shifted-2'));
    await update('shifted', 'shifted-2', {
      DeploymentConfig: {
        BlueGreenUpdatePolicy: {
          TrafficRoutingConfiguration: {
            Type: 'CANARY',
            WaitIntervalInSeconds: 600,
            CanarySize: { Type: 'INSTANCE_COUNT', Value: 2 },
          },
        },
      },
    });
    await world.idle();
    const found = await answers('shifted', 30);

    await advance(60);

    const outputs = async (folder: string) =>
      (await recordsBelow(folder)).map(({ captureData }) => captureData.endpointOutput.data.trim());
    expect(await outputs('shifted')).toEqual(found.filter((answer) => answer === '1'));
    expect(await outputs('shifted-2')).toEqual(found.filter((answer) => answer === '2'));
    expect(new Set(found).size).toBe(2);
  });

  it('can be switched off in a configuration that has it', async () => {
    await serving('off', { EnableCapture: false });
    await invoke('off', '1');
    await advance(60);

    expect(await recordsBelow('off')).toEqual([]);
    expect((await look('off')).DataCaptureConfig).toMatchObject({ EnableCapture: false, CaptureStatus: 'Stopped' });
  });

  it('costs its records, not the endpoint, when the role may not write', async () => {
    await serving('forbidden');
    world.denied.add('s3:PutObject');
    await invoke('forbidden', '1');
    await advance(60);
    world.denied.clear();

    expect(await recordsBelow('forbidden')).toEqual([]);
    expect(await answers('forbidden', 1)).toEqual(['1']);
    expect(world.lines.map(({ line }) => line)).toContainEqual(
      expect.stringMatching(/data capture of forbidden could not be written.*s3:PutObject/),
    );
  });
});
