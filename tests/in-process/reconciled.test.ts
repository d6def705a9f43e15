/** Events are best effort: what one failed to move, reconcile moves, with the same end. */
import { afterEach, describe, expect, it } from 'vitest';

import { rulesTo } from '../loop/deliveries.ts';
import { parcels } from '../loop/parcels.ts';
import { MINUTE_MS, onSageMaker, type World } from '../loop/world.ts';
import { startInProcessWorld } from './world.ts';

const MODEL = 'parcel-late';
const KEY = `incoming/${MODEL}/first.csv`;

let world: World;
afterEach(() => world.close());

/** Long enough for an upload or a run to count as forgotten, and for the next reconcile after that. */
const FORGOTTEN_MS = 45 * MINUTE_MS;

const wait = (ms: number) => world.cloud.settle({ advanceMs: ms });

describe('reconcile', () => {
  it('takes in an upload whose event was lost', async () => {
    world = await startInProcessWorld({ models: [MODEL], start: '2001-03-20T06:00:00Z' });
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

  it('moves a run to a served model when each event of our own is lost once', async () => {
    world = await startInProcessWorld({ models: [MODEL], start: '2001-03-20T06:00:00Z' });
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
});
