/**
 * The packaged steps in processes of their own, with real training, and the same steps called in this process, with a
 * model that is not trained: told the same stories, both come to the same end.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';

import { millrace } from '../loop/command.ts';
import { type DeliveredEvent, deliverAgain, hearEvents, hearNotices } from '../loop/deliveries.ts';
import { parcels } from '../loop/parcels.ts';
import { HOUR_MS, onSageMaker, startWorld, type World } from '../loop/world.ts';
import { startInProcessWorld } from './world.ts';

const MODELS = ['parcel-late', 'parcel-refused', 'parcel-asked'];
const START = '2001-03-20T06:00:00Z';
const QUESTION = { sent: '2001-03-20T10:00:00', carrier: 'crow', weight: 3, distance: 800 };

/** What is named by chance: versions of objects, and what is called after them or after the hour. */
const plainKey = (key: string): string =>
  key.replace(/^(arrivals\/[^/]+\/)[0-9a-f]{32}/, '$1VERSION').replace(/^(capture\/.*\/)[^/]+\.jsonl$/, '$1FILE.jsonl');

type Json = z.infer<ReturnType<typeof z.json>>;

/** Facts that consist of what was measured. */
const MEASURED = /\/(circumstances|evaluation|golden|model-quality|prediction-baseline)\.json$/;

/** Facts that are read out of the model itself: the one that is not trained has no trees. */
const OF_THE_MODEL = /\/importance\.json$/;

/** A fact without what the model decides (every measured number, and the words that quote one), and without times. */
const plainFact = (value: Json, isMeasured: boolean): Json => {
  if (typeof value === 'number') return isMeasured || !Number.isInteger(value) ? 'measured' : value;
  if (typeof value === 'string') {
    return (
      value
        .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
        .replaceAll(/-?\d+\.\d+(e[+-]\d+)?/g, 'NUMBER')
        .replaceAll(/\b[0-9a-f]{32}\b/g, 'VERSION')
        .replace(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'EVENT')
        // A model that is not trained is never better than itself.
        .replace(/^(better|no_worse)_than_champion$/, 'STANDS_UP_TO_CHAMPION')
        .replace(/: (better by NUMBER|the same)$/, ': STANDS_UP')
        .replace(/it is (at most NUMBER worse, and less than NUMBER worse is allowed|no worse)$/, 'it STANDS_UP')
    );
  }
  if (Array.isArray(value)) {
    const items = value.map((item) => plainFact(item, isMeasured));
    if (!isMeasured) return items;
    // How many points a curve has is measured, too.
    return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
  }
  // Between equal models some figures are undefined, between others they are measured.
  if (value === null && isMeasured) return 'measured';
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => {
    // In the registry's metadata figures are text; that of equal models is a whole number.
    const isGain = /^gain/.test(name) && typeof member === 'string';
    return [name, isGain ? 'NUMBER' : plainFact(member, isMeasured)] as const;
  });
  return Object.fromEntries(members);
};

/** All that there is in the end. */
const stateOf = async (world: World) => {
  const keys: string[] = [];
  const facts: Record<string, string[]> = {};
  for await (const { key } of world.store.list('')) {
    keys.push(plainKey(key));
    if (!key.endsWith('.json')) continue;
    const { body } = (await world.store.get(key)) ?? { body: new Uint8Array() };
    const fact = z.json().parse(JSON.parse(Buffer.from(body).toString()));
    const name = plainKey(key);
    if (OF_THE_MODEL.test(key)) continue; // that it is there is compared with the keys
    facts[name] = [...(facts[name] ?? []), JSON.stringify(plainFact(fact, MEASURED.test(key)), null, 1)].sort();
  }
  return { keys: keys.sort(), facts, sageMaker: await onSageMaker(world.sageMaker) };
};

/**
 * How many events of each type there were. Said twice is said once: two invocations at the same time may both find that
 * all is there, and say so. Both may also put a model's alarms, which changes nothing and which CloudWatch tells each time.
 */
const countsOf = (events: readonly DeliveredEvent[]): Readonly<Record<string, number>> => {
  const said = new Map<string, string>();
  for (const { id, detail, 'detail-type': type } of events) {
    if (type === 'CloudWatch Alarm Configuration Change') continue;
    const { data: metadata } = z.object({ eventId: z.string() }).safeParse(detail.metadata);
    said.set(metadata?.eventId ?? id, type);
  }
  const counts: Record<string, number> = {};
  for (const type of said.values()) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
};

/** Tells every story to one world. */
const play = async (world: World) => {
  const [heard, told] = [await hearEvents(world), await hearNotices(world)];
  const later = async (ms: number) => {
    await world.cloud.clock.jump(world.cloud.clock.ms() + ms, () => world.cloud.activity.idle());
    await world.settle();
  };
  const chapters: Record<string, unknown> = {};
  const chapter = async (name: string) => {
    chapters[name] = {
      events: countsOf(await heard()),
      notices: (await told()).sort(),
      ends: await Promise.all(MODELS.map(async (model) => (await world.ends(model)).map((end) => end?.end))),
      champions: await Promise.all(MODELS.map(async (model) => (await world.champion(model))?.n)),
      deadLetters: await world.deadLetters(),
    };
  };

  await world.land('incoming/parcel-late/first.csv', parcels('2001-03-01', 12));
  const first = await heard();
  chapters.first = { events: countsOf(first) };
  await chapter('a first model');

  const deliveries = await deliverAgain(world, first);
  await world.settle();
  await chapter('its events once more');

  await world.land('incoming/parcel-late/damaged.csv', 'sent,carrier\n2001-03-01,ant,one too many\n');
  await chapter('damaged data');

  await later(2 * HOUR_MS);
  await world.land('incoming/parcel-late/second.csv', parcels('2001-03-13', 5));
  await chapter('a challenger');

  await world.land('incoming/parcel-refused/first.csv', parcels('2001-03-01', 12));
  await chapter('a training that fails');

  await world.land('incoming/parcel-asked/first.csv', parcels('2001-03-01', 12));
  await chapter('a candidate that waits for approval');
  const [run = ''] = await world.runs('parcel-asked');
  const approval = await millrace(world, 'approve', run, '--approver', 'Ada', '--reference', 'TICKET-1');
  await chapter('its approval');

  const { status } = await world.predict('parcel-late', QUESTION);
  return { chapters, deliveries, approval: approval.exit, status, state: await stateOf(world) };
};

type Told = Awaited<ReturnType<typeof play>>;

const tell = async (start: () => Promise<World>): Promise<Told> => {
  const world = await start();
  try {
    return await play(world);
  } finally {
    await world.close();
  }
};

describe('the packaged mode and the mode in one process', () => {
  let packaged: Told;
  let inProcess: Told;

  beforeAll(async () => {
    packaged = await tell(() => startWorld(MODELS, START));
    inProcess = await tell(() => startInProcessWorld({ models: MODELS, start: START }));
    // The packaged mode takes its ten seconds of a machine that has nothing else to do.
  }, 300_000);

  it('end each story alike: events, notices, ends, champions, dead letters', () => {
    expect(inProcess.chapters).toEqual(packaged.chapters);
    expect(inProcess.deliveries).toBe(packaged.deliveries);
    expect([inProcess.approval, inProcess.status]).toEqual([packaged.approval, packaged.status]);
  });

  it('tell the stories that are meant', () => {
    expect(packaged.chapters['its approval']).toMatchObject({
      ends: [['promoted', 'promoted'], ['failed'], ['held']],
      champions: [2, undefined, 1],
      deadLetters: {},
    });
    expect(packaged.status).toBe(200);
  });

  it('leave the same keys in the ledger', () => {
    expect(packaged.state.keys.length).toBeGreaterThan(150);
    expect(inProcess.state.keys).toEqual(packaged.state.keys);
  });

  it('leave the same facts apart from times and measured values', () => {
    expect(inProcess.state.facts).toEqual(packaged.state.facts);
  });

  it('leave the same resources on SageMaker', () => {
    expect(inProcess.state.sageMaker).toEqual(packaged.state.sageMaker);
  });
});
