/** An event may come more than once, at once or days later, in any order: nothing happens a second time. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  type DeliveredEvent,
  deliverAgain,
  deliverTwice,
  hearEvents,
  hearNotices,
  sayAgain,
} from '../loop/deliveries.ts';
import { parcels } from '../loop/parcels.ts';
import { DAY_MS, HOUR_MS, objectsOf, onSageMaker, type World } from '../loop/world.ts';
import { startInProcessWorld } from './world.ts';

const MODEL = 'parcel-late';

/** A file that leads to a first model, one that is turned away, and one that leads to a challenger. */
const play = async (world: World) => {
  await world.land(`incoming/${MODEL}/first.csv`, parcels('2001-03-01', 12));
  await world.land(`incoming/${MODEL}/damaged.csv`, 'sent,carrier\n2001-03-01,ant,one too many\n');
  await world.cloud.clock.jump(world.cloud.clock.ms() + 2 * HOUR_MS, () => world.cloud.activity.idle());
  await world.settle();
  await world.land(`incoming/${MODEL}/second.csv`, parcels('2001-03-13', 5));
};

/** All that a repeat could change. */
const stateOf = async (world: World) => ({
  store: await objectsOf(world.s3, world.outputs.StoreBucketName ?? ''),
  data: await objectsOf(world.s3, world.dataBucket),
  sageMaker: await onSageMaker(world.sageMaker),
  champion: await world.champion(MODEL),
  deadLetters: await world.deadLetters(),
});

describe('events that come again after the story is over', () => {
  let world: World;
  let events: DeliveredEvent[];
  let before: Awaited<ReturnType<typeof stateOf>>;
  let notices: () => Promise<string[]>;

  beforeAll(async () => {
    world = await startInProcessWorld({ models: [MODEL], start: '2001-03-20T06:00:00Z' });
    const heard = await hearEvents(world);
    notices = await hearNotices(world);
    await play(world);
    events = await heard();
    await notices();
    before = await stateOf(world);
  });
  afterAll(() => world.close());

  /** Days pass, and what belongs to days is done: windows that close. @returns The state then. */
  const later = async (ms: number) => {
    await world.cloud.clock.jump(world.cloud.clock.ms() + ms, () => world.cloud.activity.idle());
    await world.settle();
    await notices();
    return stateOf(world);
  };

  it('are all those of two runs and of every step', async () => {
    const kinds = new Set(events.map((event) => event['detail-type']));
    const ends = await world.ends(MODEL);

    expect(ends, world.errors().join('\n')).toHaveLength(2);
    expect(ends[0]?.end).toBe('promoted');
    expect(ends[1]?.end).toBeDefined();
    expect(before.deadLetters).toEqual({});
    expect([...kinds].sort()).toEqual(
      expect.arrayContaining([
        'DatasetAccepted.v1',
        'DatasetRejected.v1',
        'DeploymentStarted.v1',
        'ModelDeployed.v1',
        'ModelEvaluated.v1',
        'ModelTrained.v1',
        'Object Created',
        'RunEnded.v1',
        'RunPlanned.v1',
        'RunPrepared.v1',
        'SageMaker Endpoint State Change',
        'SageMaker Model Package State Change',
        'SageMaker Training Job State Change',
        'SageMaker Transform Job State Change',
        'TrainingStarted.v1',
      ]),
    );
  });

  it('change nothing when they are delivered again at once', async () => {
    const deliveries = await deliverAgain(world, events);
    await world.settle();
    const after = await stateOf(world);

    expect(deliveries).toBeGreaterThan(20);
    expect(after).toEqual(before);
    expect(await notices()).toEqual([]);
  });

  it('change nothing when they are delivered again days later, the last first', async () => {
    const daysLater = await later(3 * DAY_MS);
    await deliverAgain(world, events.toReversed());
    await world.settle();
    const after = await stateOf(world);

    expect(after).toEqual(daysLater);
    expect(await notices()).toEqual([]);
  });

  it('change nothing when they are said again weeks later, under envelopes of that day', async () => {
    const weeksLater = await later(20 * DAY_MS);
    await sayAgain(world, events);
    await world.settle();
    const after = await stateOf(world);

    expect(after).toEqual(weeksLater);
    expect(await notices()).toEqual([]);
  });
});

describe('events that come twice while the story plays', () => {
  let world: World;
  let notices: () => Promise<string[]>;

  beforeAll(async () => {
    world = await startInProcessWorld({ models: [MODEL], start: '2001-03-20T06:00:00Z' });
    await deliverTwice(world);
    notices = await hearNotices(world);
    await play(world);
  });
  afterAll(() => world.close());

  it('make one training job, one model and one package of a run, and one endpoint', async () => {
    const { trainingJobs, transformJobs, models, endpoints, packages } = await onSageMaker(world.sageMaker);
    const [first, second, ...more] = await world.runs(MODEL);

    expect(more).toEqual([]);
    expect(trainingJobs).toEqual([first, second].map((run) => `mr-dev-${MODEL}-${run}-try1`).sort());
    expect(models).toEqual([first, second].map((run) => `mr-dev-${MODEL}-${run}-cand`).sort());
    expect(transformJobs).toEqual(
      [`${first}-cand`, `${second}-cand`, `${second}-champ`].map((name) => `mr-dev-${MODEL}-${name}`).sort(),
    );
    expect(packages).toHaveLength(2);
    expect(endpoints).toEqual([expect.stringMatching(/ InService$/)]);
  });

  it('end each run once and leave no dead letter', async () => {
    const ends = await world.ends(MODEL);
    const champion = await world.champion(MODEL);

    expect(ends.map((end) => end?.end)).toEqual(['promoted', expect.any(String)]);
    expect(champion?.n).toBe(ends.filter((end) => end?.end === 'promoted').length);
    expect(await world.deadLetters()).toEqual({});
  });

  it('tell a person of each thing that happened, and of nothing that did not', async () => {
    const told = new Set(await notices());
    const deployed = (await world.ends(MODEL)).filter((end) => end?.end === 'promoted');

    // Two deliveries in the same moment may each find that nobody was told yet: better twice than not at all.
    expect(told.size).toBe(deployed.length + 1);
  });
});
