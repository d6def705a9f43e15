/** What SageMaker's events failed to move, the packaged reconcile moves; of events of our own, tests/in-process/reconciled.test.ts. */
import { DescribeEndpointCommand } from '@aws-sdk/client-sagemaker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { rulesTo } from './deliveries.ts';
import { parcels } from './parcels.ts';
import { HOUR_MS, onSageMaker, startWorld, type World } from './world.ts';

const MODEL = 'parcel-late';
const KEY = `incoming/${MODEL}/first.csv`;

let world: World;
beforeAll(async () => {
  world = await startWorld([MODEL], '2001-03-20T06:00:00Z');
});
afterAll(() => world.close());

const wait = (ms: number) => world.cloud.settle({ advanceMs: ms });

describe('reconcile', () => {
  it('moves a run to a served model when every event of SageMaker is lost', async () => {
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

  it('says nothing and changes nothing when nothing is left to move', async () => {
    const lines = () => world.cloud.logs.read('/aws/lambda/millrace-dev-reconcile');
    const [before, linesBefore] = [await onSageMaker(world.sageMaker), lines().length];
    await wait(2 * HOUR_MS);

    const said = lines()
      .slice(linesBefore)
      .filter(({ message }) => message.startsWith('{'))
      .map(({ message }) => String(JSON.parse(message).message))
      .filter((message) => ['quiet', 'moved'].includes(message));
    expect(said.length).toBeGreaterThan(6);
    expect(new Set(said)).toEqual(new Set(['quiet']));
    expect(await onSageMaker(world.sageMaker)).toEqual(before);
  });
});
