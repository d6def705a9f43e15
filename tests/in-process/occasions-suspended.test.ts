/**
 * Endpoints that AWS takes out of everybody's hands: for maintenance, or out of service. No rollout is begun on one, none
 * is believed for it, and what it serves is put right when it comes back.
 */
import { DescribeEndpointCommand } from '@aws-sdk/client-sagemaker';
import { describe, expect, it } from 'vitest';

import { RetireRequestedV1 } from '../../events/index.ts';
import type { FaultRule, RuleOf } from '../../local/faults/settings.ts';
import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { deploymentEndSchema, deploymentStartedSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { hearNotices } from '../loop/deliveries.ts';
import { parcels } from '../loop/parcels.ts';
import { HOUR_MS, MINUTE_MS, onSageMaker, type World } from '../loop/world.ts';
import { type MoodyModel, moodyModel } from './moody-model.ts';
import { closeAfterEach, pass, startWorld } from './passing.ts';

const MODEL = 'parcel-late';
const QUESTION = { sent: '2001-03-20T10:00:00', carrier: 'crow', weight: 3, distance: 800 };

closeAfterEach();

type Suspension = Omit<RuleOf<'suspend-endpoint'>, 'fault'>;

const start = async (
  suspension: Suspension,
  ...rules: FaultRule[]
): Promise<{ world: World; moody: MoodyModel; notices: () => Promise<string[]> }> => {
  const moody = moodyModel();
  const world = await startWorld({
    models: [MODEL],
    start: '2001-03-20T06:00:00Z',
    image: moody.image,
    cloud: { faults: { rules: [{ fault: 'suspend-endpoint', ...suspension }, ...rules] } },
  });
  return { world, moody, notices: await hearNotices(world) };
};

const first = (world: World) => world.land(`incoming/${MODEL}/first.csv`, parcels('2001-03-01', 12));
const second = (world: World) => world.land(`incoming/${MODEL}/second.csv`, parcels('2001-03-13', 5));

const endsOf = async (world: World) => (await world.ends(MODEL)).map((end) => end?.end);
const predict = (world: World) => world.predict(MODEL, QUESTION);

/** The endpoint of the champion. */
const served = async (world: World) =>
  world.sageMaker.send(new DescribeEndpointCommand({ EndpointName: (await world.champion(MODEL))?.endpointName }));

/** When the n-th rollout was sent. */
const startOf = async (world: World, n: number) =>
  (await world.ledger.find(deploymentStartedSchema, keys.deploymentStarted(MODEL, n)))?.startedAt;

describe('a champion whose endpoint is under maintenance', () => {
  const maintenance: Suspension = { status: 'SystemUpdating', nth: 1, afterMs: 2 * HOUR_MS, forMs: 3 * HOUR_MS };

  it('answers, and its challenger is rolled out afterwards', async () => {
    const { world } = await start(maintenance);
    await first(world);
    await pass(world, 2 * HOUR_MS);

    await second(world);
    await pass(world, HOUR_MS);
    const meanwhile = await served(world);
    const answered = await predict(world);
    const tooEarly = await startOf(world, 2);
    await pass(world, 4 * HOUR_MS);

    expect(meanwhile.EndpointStatus).toBe('SystemUpdating');
    expect(answered.status).toBe(200);
    expect(tooEarly).toBeUndefined();
    expect(await startOf(world, 2)).toBeDefined();
    expect(await endsOf(world)).toEqual(['promoted', 'promoted']);
    expect(await world.deadLetters()).toEqual({});
  });

  it('is retired afterwards, and asked no more at once', async () => {
    const { world } = await start(maintenance);
    await first(world);
    await pass(world, 2 * HOUR_MS);
    const run = (await world.champion(MODEL))?.run ?? '';
    const now = world.cloud.clock.now();

    await eventPublisher('millrace-dev', world.events)(
      RetireRequestedV1,
      MODEL,
      { model: MODEL, run, reason: 'so says the test' },
      { now, correlationId: run },
    );
    await world.settle();
    const asked = await predict(world);
    const kept = await onSageMaker(world.sageMaker);
    await pass(world, 5 * HOUR_MS);
    const left = await onSageMaker(world.sageMaker);

    expect(asked.status).toBe(404);
    expect(kept.endpoints).toEqual([expect.stringMatching(/ SystemUpdating$/)]);
    expect(left.endpoints).toEqual([]);
    expect(await world.deadLetters()).toEqual({});
  });
});

describe('a champion whose endpoint is out of service', () => {
  it('does not answer, its challenger is given up after a day, and it answers again when it is back', async () => {
    const { world, notices } = await start({
      status: 'OutOfService',
      nth: 1,
      afterMs: 2 * HOUR_MS,
      forMs: 28 * HOUR_MS,
    });
    await first(world);
    await pass(world, 2 * HOUR_MS);
    const champion = await world.champion(MODEL);

    await second(world);
    await pass(world, 26 * HOUR_MS);
    const [, run] = await world.runs(MODEL);
    const meanwhile = await served(world);
    const asked = await predict(world);
    const [, end] = await world.ends(MODEL);
    await pass(world, 3 * HOUR_MS);

    expect(meanwhile.EndpointStatus).toBe('OutOfService');
    expect(asked.status).toBe(500);
    expect(end).toMatchObject({
      end: 'failed',
      reason: expect.stringMatching(/^waited 24 hours: .* is OutOfService$/),
    });
    expect(await notices()).toContain(`${MODEL}: run ${run} failed`);
    expect(await world.champion(MODEL)).toEqual(champion);
    expect((await predict(world)).status).toBe(200);
    expect(await world.deadLetters()).toEqual({});
  });
});

describe('a new endpoint that goes out of service before anybody has looked at it', () => {
  const unseen: FaultRule = {
    fault: 'delay-event',
    detailType: 'SageMaker Endpoint State Change',
    nth: 1,
    delayMs: 5 * MINUTE_MS,
  };

  it('is believed when it is back, and not before', async () => {
    const { world } = await start({ status: 'OutOfService', nth: 1, afterMs: MINUTE_MS, forMs: 2 * HOUR_MS }, unseen);

    await first(world);
    await pass(world, HOUR_MS);
    const early = await world.champion(MODEL);
    await pass(world, 2 * HOUR_MS);

    expect(early).toBeUndefined();
    expect(await endsOf(world)).toEqual(['promoted']);
    expect((await predict(world)).status).toBe(200);
  });

  it('is given up when no rollout takes so long, and deleted when it comes back', async () => {
    const { world } = await start({ status: 'OutOfService', nth: 1, afterMs: MINUTE_MS, forMs: 11 * HOUR_MS }, unseen);

    await first(world);
    await pass(world, 10 * HOUR_MS);
    const end = await world.ledger.find(deploymentEndSchema, keys.deploymentEnd(MODEL, 1));
    const kept = await onSageMaker(world.sageMaker);
    await pass(world, 2 * HOUR_MS);
    const left = await onSageMaker(world.sageMaker);

    expect(end).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('OutOfService after 9 hours') });
    expect(await endsOf(world)).toEqual(['rolled-back']);
    expect(kept.endpoints).toEqual([expect.stringMatching(/ OutOfService$/)]);
    expect(left.endpoints).toEqual([]);
    expect(await world.champion(MODEL)).toBeUndefined();
  });
});

describe('a rollout that is to be taken back when maintenance begins', () => {
  it('is taken back when that is over', async () => {
    const { world, moody } = await start(
      { status: 'SystemUpdating', nth: 2, afterMs: 30_000, forMs: 2 * HOUR_MS },
      // It dies when it has judged; by the time it is tried again the endpoint cannot be changed.
      {
        fault: 'crash',
        function: '*-track-endpoint',
        operation: 'UpdateModelPackage',
        when: 'before',
        nth: 1,
      },
    );
    await first(world);
    await pass(world, HOUR_MS);
    const champion = await world.champion(MODEL);

    moody.next = 'wrong';
    await second(world);
    moody.next = 'well';
    await pass(world, HOUR_MS);
    const meanwhile = await served(world);
    const ends = await endsOf(world);
    await pass(world, 2 * HOUR_MS);
    const after = await served(world);

    expect(meanwhile).toMatchObject({ EndpointStatus: 'SystemUpdating' });
    expect(meanwhile.EndpointConfigName).not.toBe(champion?.endpointConfigName);
    expect(ends).toEqual(['promoted', 'rolled-back']);
    expect(after).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: champion?.endpointConfigName });
    expect(await world.champion(MODEL)).toEqual(champion);
  });
});
