/** Events are best effort: what one failed to move, reconcile moves, with the same end. */
import { DescribeEndpointCommand } from '@aws-sdk/client-sagemaker';
import { afterEach, describe, expect, it } from 'vitest';

import { rulesTo } from './deliveries.ts';
import { parcels } from './parcels.ts';
import { HOUR_MS, MINUTE_MS, onSageMaker, startWorld, type World } from './world.ts';

const MODEL = 'parcel-late';
const KEY = `incoming/${MODEL}/first.csv`;

let world: World;
afterEach(() => world.close());

/** Long enough for an upload or a run to count as forgotten, and for the next reconcile after that. */
const FORGOTTEN_MS = 45 * MINUTE_MS;

const wait = (ms: number) => world.cloud.settle({ advanceMs: ms });

describe('reconcile', () => {
  it('takes in an upload whose event was lost', async () => {
    world = await startWorld([MODEL], '2001-03-20T06:00:00Z');
    const events = await rulesTo(world, 'validate-data');
    await events.off();
    const versionId = await world.land(KEY, parcels('2001-03-01', 12));
    await events.on();
    const before = await world.arrival(MODEL, KEY, versionId);

    await wait(FORGOTTEN_MS);

    expect(before).toBeUndefined();
    expect(await world.arrival(MODEL, KEY, versionId)).toMatchObject({ outcome: 'accepted' });
    expect((await world.ends(MODEL)).map((end) => end?.end)).toEqual(['promoted']);
  });

  it('moves a run to a served model when every event of SageMaker is lost', async () => {
    world = await startWorld([MODEL], '2001-03-20T06:00:00Z');
    for (const step of ['track-training', 'evaluate-model', 'track-endpoint']) await (await rulesTo(world, step)).off();
    const deploy = await rulesTo(world, 'deploy-model');
    await deploy.off();
    await world.land(KEY, parcels('2001-03-01', 12));
    const before = await world.ends(MODEL);

    await wait(4 * HOUR_MS);
    const champion = await world.champion(MODEL);
    const endpoint = await world.sageMaker.send(
      new DescribeEndpointCommand({ EndpointName: champion?.endpointName ?? 'none' }),
    );

    expect(before).toEqual([undefined]);
    expect((await world.ends(MODEL)).map((end) => end?.end)).toEqual(['promoted']);
    expect(endpoint.EndpointStatus).toBe('InService');
    expect(endpoint.EndpointConfigName).toBe(champion?.endpointConfigName);
    expect((await onSageMaker(world.sageMaker)).trainingJobs).toHaveLength(1);
    expect(await world.deadLetters()).toEqual({});
  });

  it('moves a run to a served model when each event of our own is lost once', async () => {
    world = await startWorld([MODEL], '2001-03-20T06:00:00Z');
    const steps = ['plan-run', 'prepare-data', 'launch-training', 'gate-model'] as const;
    const rules = await Promise.all(steps.map((step) => rulesTo(world, step)));
    for (const rule of rules) await rule.off();
    await world.land(KEY, parcels('2001-03-01', 12));
    const reached: number[] = [];
    for (const rule of rules) {
      reached.push((await world.ends(MODEL)).filter((end) => end !== undefined).length);
      await rule.on();
      await wait(FORGOTTEN_MS);
    }

    expect(reached).toEqual([0, 0, 0, 0]);
    expect((await world.ends(MODEL)).map((end) => end?.end)).toEqual(['promoted']);
    expect((await onSageMaker(world.sageMaker)).trainingJobs).toHaveLength(1);
    expect(await world.deadLetters()).toEqual({});
  });

  it('says nothing and changes nothing when nothing was lost', async () => {
    world = await startWorld([MODEL], '2001-03-20T06:00:00Z');
    await world.land(KEY, parcels('2001-03-01', 12));
    const before = await onSageMaker(world.sageMaker);
    await wait(2 * HOUR_MS);

    const said = world.cloud.logs
      .read('/aws/lambda/millrace-dev-reconcile')
      .filter(({ message }) => message.startsWith('{'))
      .map(({ message }) => String(JSON.parse(message).message))
      .filter((message) => ['quiet', 'moved'].includes(message));
    expect(said.length).toBeGreaterThan(6);
    expect(new Set(said)).toEqual(new Set(['quiet']));
    expect(await onSageMaker(world.sageMaker)).toEqual(before);
  });
});
