/** A container that exits with an error ends the run in its own words, and the next run is possible. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { slotSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { millrace } from '../loop/command.ts';
import { type DeliveredEvent, hearEvents, hearNotices } from '../loop/deliveries.ts';
import { parcels } from '../loop/parcels.ts';
import { onSageMaker, type World } from '../loop/world.ts';
import { trainingImage } from './training-image.ts';
import { startInProcessWorld } from './world.ts';

const MODEL = 'parcel-refused';

let world: World;
let events: DeliveredEvent[];
let notices: string[];

beforeAll(async () => {
  world = await startInProcessWorld({ models: [MODEL], start: '2001-03-20T06:00:00Z', image: trainingImage });
  const [heard, told] = [await hearEvents(world), await hearNotices(world)];
  await world.land(`incoming/${MODEL}/parcels.csv`, parcels('2001-03-01', 12));
  [events, notices] = [await heard(), await told()];
});
afterAll(() => world.close());

describe('a hyperparameter the container refuses', () => {
  it('fails the training in the words of the container', () => {
    const failed = events.filter((event) => event['detail-type'] === 'TrainingFailed.v1');

    expect(failed.map(({ detail }) => detail.data)).toEqual([
      expect.objectContaining({ model: MODEL, reason: expect.stringMatching(/^AlgorithmError.*treee_method/s) }),
    ]);
  });

  it('is tried once: the same container would refuse it again', async () => {
    const [run] = await world.runs(MODEL);

    expect((await onSageMaker(world.sageMaker)).trainingJobs).toEqual([`mr-dev-${MODEL}-${run}-try1`]);
  });

  it('ends the run, frees the slot, and a person is told', async () => {
    const [end, ...more] = await world.ends(MODEL);
    const slot = await world.ledger.read(slotSchema, keys.slot(MODEL));

    expect(more).toEqual([]);
    expect(end).toMatchObject({ end: 'failed', reason: expect.stringContaining('treee_method') });
    expect(slot.flight).toBeNull();
    expect(events.filter((event) => event['detail-type'] === 'RunEnded.v1')).toHaveLength(1);
    expect(notices).toEqual([`${MODEL}: run ${end?.run} failed`]);
    expect(await world.deadLetters()).toEqual({});
  });

  it('does not keep a run with the mended definition from being promoted', async () => {
    const published = await millrace(world, 'publish', 'tests/fixtures/loop/mended');
    const asked = await millrace(world, 'run', MODEL, '--override', 'cooldown');
    const ends = await world.ends(MODEL);

    expect([published.exit, asked.exit], asked.stderr).toEqual([0, 0]);
    expect(ends.map((end) => end?.end)).toEqual(['failed', 'promoted']);
    expect((await world.champion(MODEL))?.run).toBe(ends[1]?.run);
  });
});
