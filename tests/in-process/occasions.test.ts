/**
 * What the steps do on rare occasions, each brought about by a fault or by somebody outside, and how it ends. Nothing
 * else needs some of what their roles grant: the test of the grants judges what is asked here, too.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import {
  CreateEndpointCommand,
  DeleteEndpointCommand,
  DescribeEndpointCommand,
  DescribeModelPackageCommand,
} from '@aws-sdk/client-sagemaker';
import { afterEach, describe, expect, it } from 'vitest';

import { putInForce, readPublications } from '../../cli/verbs/publish.ts';
import type { FaultRule } from '../../local/faults/settings.ts';
import { registeredSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { parcels } from '../loop/parcels.ts';
import { HOUR_MS, MINUTE_MS, onSageMaker, type World } from '../loop/world.ts';
import { startInProcessWorld } from './world.ts';

const MODEL = 'parcel-late';
const START = '2001-03-20T06:00:00Z';

let open: World | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

const start = async (rules: FaultRule[] = []): Promise<World> => {
  open = await startInProcessWorld({ models: [MODEL], start: START, cloud: { faults: { rules } } });
  return open;
};

/** Lets time pass, and everything that falls due meanwhile. */
const pass = async (world: World, ms: number): Promise<void> => {
  await world.cloud.clock.advance(ms, () => world.cloud.activity.idle());
  await world.settle();
};

const first = (world: World) => world.land(`incoming/${MODEL}/first.csv`, parcels('2001-03-01', 12));
const second = (world: World) => world.land(`incoming/${MODEL}/second.csv`, parcels('2001-03-13', 5));

/** A first model is in service, and another may follow it. */
const withChampion = async (): Promise<World> => {
  const world = await start();
  await first(world);
  await pass(world, 2 * HOUR_MS);
  return world;
};

const endsOf = async (world: World) => (await world.ends(MODEL)).map((end) => end?.end);

const statusOf = async (world: World, EndpointName: string | undefined) =>
  (await world.sageMaker.send(new DescribeEndpointCommand({ EndpointName }))).EndpointStatus;

/** What the registry says of the version that a model's latest run made. */
const approvalOfLatest = async (world: World) => {
  const run = (await world.runs(MODEL)).at(-1) ?? '';
  const { modelPackageArn } = await world.ledger.read(registeredSchema, keys.registered(MODEL, run));
  const version = await world.sageMaker.send(new DescribeModelPackageCommand({ ModelPackageName: modelPackageArn }));
  return version.ModelApprovalStatus;
};

describe('on a rare occasion', () => {
  it('an upload whose version is gone when it is read fails by name', async () => {
    const world = await start([{ fault: 'delay-event', source: 'aws.s3', delayMs: HOUR_MS, nth: 1 }]);
    const Key = `incoming/${MODEL}/first.csv`;

    const VersionId = await first(world);
    await world.s3.send(new DeleteObjectCommand({ Bucket: world.dataBucket, Key, VersionId }));
    await pass(world, 2 * HOUR_MS);

    expect(world.errors()).toContainEqual(expect.stringContaining(VersionId));
    expect(await world.runs(MODEL)).toEqual([]);
  });

  it('a training that finds no instance waits in its queue until there is one', async () => {
    const world = await start([{ fault: 'quota', service: 'sagemaker', operation: 'CreateTrainingJob', times: 1 }]);

    await first(world);
    const before = await endsOf(world);
    await pass(world, 16 * MINUTE_MS);

    expect(before).toEqual([undefined]);
    expect(await endsOf(world)).toEqual(['promoted']);
    expect(await world.deadLetters()).toEqual({});
  });

  it('an endpoint that somebody left failed is deleted, and made anew when it is gone', async () => {
    const world = await withChampion();
    const { endpointName: EndpointName, endpointConfigName: EndpointConfigName } = (await world.champion(MODEL)) ?? {};
    await world.sageMaker.send(new DeleteEndpointCommand({ EndpointName }));
    await world.settle();
    world.cloud.faults.set({ rules: [{ fault: 'fail-deployment', failure: 'capacity', nth: 1 }] });
    await world.sageMaker.send(new CreateEndpointCommand({ EndpointName, EndpointConfigName }));
    await world.settle();
    const left = await statusOf(world, EndpointName);

    await second(world);
    await pass(world, HOUR_MS);

    expect(left).toBe('Failed');
    expect(await endsOf(world)).toEqual(['promoted', 'promoted']);
    expect(await statusOf(world, EndpointName)).toBe('InService');
  });

  it('a rollout that SageMaker refuses is given up, and the slot is free for another', async () => {
    const world = await start([
      {
        fault: 'error',
        service: 'sagemaker',
        operation: 'CreateEndpointConfig',
        code: 'ValidationException',
        status: 400,
      },
    ]);

    await first(world);
    // What is refused at first might only not be seen yet.
    const early = await endsOf(world);
    await pass(world, 20 * MINUTE_MS);
    world.cloud.faults.set({});
    await pass(world, 2 * HOUR_MS);
    await second(world);

    expect(early).toEqual([undefined]);
    expect(await endsOf(world)).toEqual(['failed', 'promoted']);
  });

  it('a first endpoint that fails to come up is deleted, and its version rejected', async () => {
    const world = await start([{ fault: 'fail-deployment', failure: 'unhealthy' }]);

    await first(world);
    const { endpoints } = await onSageMaker(world.sageMaker);

    expect(await endsOf(world)).toEqual(['rolled-back']);
    expect(endpoints).toEqual([]);
    expect(await approvalOfLatest(world)).toBe('Rejected');
  });

  it('an update whose model does not answer is taken back, and its version rejected', async () => {
    const world = await withChampion();
    const champion = await world.champion(MODEL);
    world.cloud.faults.set({
      rules: [
        {
          fault: 'error',
          service: 'sagemaker',
          operation: 'InvokeEndpoint',
          function: '*-track-endpoint',
          code: 'ModelError',
          status: 424,
        },
      ],
    });

    await second(world);
    await pass(world, HOUR_MS);
    const served = await world.sageMaker.send(new DescribeEndpointCommand({ EndpointName: champion?.endpointName }));

    expect(await endsOf(world)).toEqual(['promoted', 'rolled-back']);
    expect(served).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: champion?.endpointConfigName });
    expect(await approvalOfLatest(world)).toBe('Rejected');
    expect(await world.champion(MODEL)).toEqual(champion);
  });

  it('an endpoint that a model with another input has replaced is retired an hour later', async () => {
    const world = await withChampion();
    const before = await world.champion(MODEL);
    const folder = await mkdtemp(join(tmpdir(), 'occasions-'));
    const file = join(folder, `${MODEL}.yml`);
    const definition = await readFile(`tests/fixtures/loop/models/${MODEL}.yml`, 'utf8');
    await writeFile(file, definition.replace('    - weight\n', ''));
    const [publication] = await readPublications([file]);
    await rm(folder, { recursive: true, force: true });
    if (!publication) throw new Error('nothing to publish');

    await putInForce(world.ledger, publication.published, world.cloud.clock.now());
    await second(world);
    await pass(world, 30 * MINUTE_MS);
    const meanwhile = await onSageMaker(world.sageMaker);
    await pass(world, 2 * HOUR_MS);
    const { endpoints } = await onSageMaker(world.sageMaker);
    const after = await world.champion(MODEL);

    expect(after?.endpointName).not.toBe(before?.endpointName);
    expect(meanwhile.endpoints).toHaveLength(2);
    expect(endpoints).toEqual([`${after?.endpointName} InService`]);
  });
});
