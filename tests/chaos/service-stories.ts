/** Stories of a model in service: rolled out by canary, watched, taken back, taken out of service. */
import * as z from 'zod';

import type { MillraceEvent } from '../../events/define-event.ts';
import { RetireRequestedV1, RollbackRequestedV1 } from '../../events/index.ts';
import { eventPublisher } from '../../shared/aws/event-publisher.ts';
import { rolloutsOf } from '../../shared/ledger/deployments.ts';
import { windowAt } from '../../shared/monitoring/windows.ts';
import { type FoundDrift, publishDrift, recordDrift } from '../in-process/found-drift.ts';
import { pass, passUntil } from '../in-process/passing.ts';
import { parcels } from '../loop/parcels.ts';
import { DAY_MS, HOUR_MS, type World } from '../loop/world.ts';
import { inService, type Story, second } from './stories.ts';

const LATE = 'parcel-late';
const WATCHED = 'parcel-watched';
const CANARY = 'parcel-canary';

/** Sleeps until a moment: what falls due meanwhile is done then, once. */
const sleepUntil = async (world: World, time: string): Promise<void> => {
  await world.cloud.clock.jump(Date.parse(time), () => world.cloud.activity.idle());
  await world.settle();
};

const withTwoChampions = async (world: World): Promise<void> => {
  await inService(CANARY)(world);
  await second(CANARY)(world);
  await pass(world, 2 * HOUR_MS);
};

interface Asked {
  readonly model: string;
  readonly run: string;
  readonly reason: string;
}

/** Asks for something by name, as a verb of the command line does; who sees nothing of it after an hour asks again. */
const ask = async (
  world: World,
  model: string,
  contract: MillraceEvent<Asked>,
  isSeen: () => Promise<boolean>,
): Promise<void> => {
  const run = (await world.champion(model))?.run ?? '';
  const tell = eventPublisher(world.outputs.BusName ?? '', world.events);
  const say = async () => {
    const now = world.cloud.clock.now();
    await tell(contract, run, { model, run, reason: 'asked' }, { now, correlationId: run });
    await world.settle();
  };
  await say();
  await pass(world, HOUR_MS);
  if (!(await isSeen())) await say();
};

/** As `millrace rollback` says it. */
const askedBack = (world: World): Promise<void> =>
  ask(world, CANARY, RollbackRequestedV1, async () =>
    (await rolloutsOf(world.ledger, CANARY)).some(({ deployment }) => deployment.rollback),
  );

/** As `millrace retire` says it. */
const retired = (world: World): Promise<void> =>
  ask(world, LATE, RetireRequestedV1, async () => (await world.champion(LATE))?.retired !== undefined);

/** What nobody needs any more is cleared away an hour later. */
const hoursLater = (world: World): Promise<void> => pass(world, 3 * HOUR_MS);

/** What came true of the parcels a world's model was asked about, as lines of a file of labels. */
const labels = new WeakMap<World, readonly string[]>();

const answersSchema = z.object({ predictions: z.array(z.object({ inferenceId: z.string() })) });

/** A model in service is asked about a day's parcels. */
const withTraffic = async (world: World): Promise<void> => {
  await inService(LATE)(world);
  const lines = ['inference_id,label'];
  const rows = parcels('2001-03-20', 1, 200).trimEnd().split('\n').slice(1);
  for (let from = 0; from < rows.length; from += 100) {
    const some = rows.slice(from, from + 100).map((row) => row.split(','));
    const records = some.map(([sent, carrier, weight, distance]) => ({
      sent,
      carrier,
      weight: Number(weight),
      distance: Number(distance),
    }));
    const { predictions } = answersSchema.parse((await world.predict(LATE, { records })).body);
    for (const [at, { inferenceId }] of predictions.entries()) {
      lines.push(`${inferenceId},${Number(some[at]?.[4]) > 10}`);
    }
  }
  labels.set(world, lines);
  await sleepUntil(world, '2001-03-21T00:40:00Z');
};

/** The day's window has had its time, and then the labels of what was asked in it land. */
const dayEnds = async (world: World): Promise<void> => {
  await passUntil(world, '2001-03-21T01:20:00Z');
  // To the second: how late labels are is measured.
  await world.cloud.clock.advance(Date.parse('2001-03-21T01:40:00Z') - world.cloud.clock.ms(), () =>
    world.cloud.activity.idle(),
  );
  await world.land(`ground-truth/${LATE}/labels.csv`, `${(labels.get(world) ?? []).join('\n')}\n`);
  // What a step had in hand when it died comes back an hour and a half later.
  await passUntil(world, '2001-03-21T05:00:00Z');
};

/** The labels of the day have had their time, and nobody asked anything on the next. */
const nextDay = async (world: World): Promise<void> => {
  await sleepUntil(world, '2001-03-22T00:50:00Z');
  await passUntil(world, '2001-03-22T03:30:00Z');
};

/** The day before has drifted. */
const yesterday = (world: World): FoundDrift => ({
  model: WATCHED,
  window: windowAt(world.cloud.clock.ms() - DAY_MS, DAY_MS),
  score: 1.5,
});

/** Two days have drifted; the alarm knows of the first. */
const withDrift = async (world: World): Promise<void> => {
  await inService(WATCHED)(world);
  await sleepUntil(world, '2001-03-21T00:30:00Z');
  await recordDrift(world, yesterday(world));
  await publishDrift(world, yesterday(world));
  await sleepUntil(world, '2001-03-22T00:30:00Z');
  await recordDrift(world, yesterday(world));
};

const withDriftAndData = async (world: World): Promise<void> => {
  await withDrift(world);
  await second(WATCHED)(world);
};

/** Of the second day the alarm hears now. */
const alarmSpeaks = async (world: World): Promise<void> => {
  await publishDrift(world, yesterday(world));
  await passUntil(world, '2001-03-22T03:30:00Z');
};

export const SERVICE_STORIES = {
  canary: {
    name: 'a challenger by canary',
    model: CANARY,
    before: inService(CANARY),
    chapters: [{ tell: second(CANARY) }],
    ends: ['promoted', 'promoted'],
  },
  takenBack: {
    name: 'a champion that somebody takes back',
    model: CANARY,
    before: withTwoChampions,
    chapters: [{ tell: askedBack }, { tell: hoursLater }],
    ends: ['promoted', 'promoted'],
  },
  retired: {
    name: 'a model that somebody takes out of service',
    model: LATE,
    before: inService(LATE),
    chapters: [{ tell: retired }, { tell: hoursLater }],
    ends: ['promoted'],
  },
  watched: {
    name: 'a day of a model in service, and its labels',
    model: LATE,
    before: withTraffic,
    chapters: [{ tell: dayEnds }, { tell: nextDay }],
    ends: ['promoted'],
  },
  declined: {
    name: 'drift and nothing to learn from',
    model: WATCHED,
    before: withDrift,
    chapters: [{ tell: alarmSpeaks }],
    ends: ['promoted'],
  },
  retrained: {
    name: 'drift that a run answers',
    model: WATCHED,
    before: withDriftAndData,
    chapters: [{ tell: alarmSpeaks }],
    ends: ['promoted', 'promoted'],
  },
} as const satisfies Record<string, Story>;
