import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createActivity } from '../../../local/activity.ts';
import { createClock } from '../../../local/clock.ts';
import type { BusEvent, Cloud, SqsApi } from '../../../local/contracts.ts';
import { createArchives } from '../../../local/services/events/archives.ts';
import { createDispatch } from '../../../local/services/events/delivery.ts';
import { createEventLog } from '../../../local/services/events/event-log.ts';
import { createEventStore } from '../../../local/services/events/store.ts';
import { createQueue, type Queue } from '../../../local/services/sqs/queue.ts';
import { DEFAULTS } from '../../../local/services/sqs/queue-attributes.ts';

const EVENTS = 5_000;
const START = Date.parse('2001-02-01T08:00:00Z');
const QUEUE_ARN = 'arn:aws:sqs:eu-west-1:000000000000:parcels';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'event-memory-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const unused = (): never => {
  throw new Error('not part of this test');
};

const event = (number: number, time = START): BusEvent => ({
  version: '0',
  id: `event-${number}`,
  'detail-type': 'Parcel Moved',
  source: 'depot',
  account: '000000000000',
  time: new Date(time).toISOString().replace('.000Z', 'Z'),
  region: 'eu-west-1',
  resources: [],
  detail: { number },
});

/** The parts of a cloud between a bus and a queue, each to be looked into. */
const busToQueue = (fifo: boolean) => {
  const clock = createClock(START, false);
  const activity = createActivity(clock);
  let ids = 0;
  const queue: Queue = createQueue(
    'parcels',
    QUEUE_ARN,
    { ...DEFAULTS, FifoQueue: fifo, ContentBasedDeduplication: fifo },
    { clock, newId: () => `id-${++ids}`, queue: () => undefined, available: () => undefined },
  );
  const sqs: SqsApi = {
    send: (_, body, options = {}) =>
      void queue.send({ body, attributes: {}, senderId: 'test', groupId: options.groupId }),
    receive: unused,
    delete: unused,
    visibilityTimeoutSeconds: unused,
    onAvailable: unused,
    peek: unused,
  };
  const parts: Pick<Cloud, 'clock' | 'activity' | 'account' | 'region' | 'directory' | 'log' | 'sqs' | 'faults'> & {
    readonly iam: Pick<Cloud['iam'], 'authorizeDelivery'>;
  } = {
    clock,
    activity,
    account: '000000000000',
    region: 'eu-west-1',
    directory: folder,
    log: () => undefined,
    sqs,
    iam: { authorizeDelivery: () => undefined },
    faults: { copies: () => [0] },
  };
  // What else a cloud has is not touched on this way.
  const cloud = parts as Cloud;
  const archives = createArchives(cloud);
  const store = createEventStore(cloud, createDispatch(cloud, unused), archives.take);
  const bus = store.bus(undefined);
  const rule = store.putRule(bus, { name: 'moved', pattern: '{"source": ["depot"]}', state: 'ENABLED' });
  store.putTargets(rule, [
    {
      Id: 'q',
      Arn: fifo ? `${QUEUE_ARN}.fifo` : QUEUE_ARN,
      RoleArn: undefined,
      Input: undefined,
      InputPath: undefined,
      InputTransformer: undefined,
      SqsParameters: fifo ? { MessageGroupId: 'g' } : undefined,
      DeadLetterConfig: undefined,
      RetryPolicy: undefined,
    },
  ]);
  return { clock, activity, queue, store, bus, archives };
};

describe('a bus and a queue that is consumed', () => {
  it.each([
    ['standard', false],
    ['FIFO', true],
  ])('keep nothing of %s messages that were delivered', async (_, fifo) => {
    const { clock, activity, queue, store, bus } = busToQueue(fifo);
    let consumed = 0;
    let most = 0;

    for (let number = 0; number < EVENTS; number++) {
      store.publish(bus, event(number));
      if (number % 10 !== 9) continue;
      await activity.idle();
      for (const { receiptHandle } of queue.receive(10)) {
        queue.delete(receiptHandle);
        consumed += 1;
      }
      most = Math.max(most, queue.remembered());
      // 500 steps of three seconds: five deduplication intervals.
      await clock.advance(3_000);
    }

    expect(consumed).toBe(EVENTS);
    // A FIFO queue knows what was sent within five minutes: 100 steps of 10 messages, and those just sent.
    expect(most).toBeLessThanOrEqual(fifo ? 1_010 : 0);
    expect(queue.count()).toEqual({ visible: 0, held: 0, delayed: 0 });
    expect(activity.pending()).toEqual([]);
    expect(clock.nextTimer()).toBeUndefined();
  });
});

describe('an archive', () => {
  it('holds the latest events in memory and the others in files, which go with it', async () => {
    const { activity, store, bus, archives } = busToQueue(false);
    const archive = archives.create('kept', bus, {});

    for (let number = 0; number < EVENTS + 7; number++) {
      store.publish(bus, event(number));
      if (number % 100 === 0) await activity.idle();
    }
    await activity.idle();
    const counted = archive.events.count();
    const all = archive.events.between(START, START + 1);
    const files = await readdir(join(folder, 'archives'));
    archives.remove(archive);

    expect(archive.events.inMemory()).toBe(0);
    expect(counted.events).toBe(EVENTS + 7);
    expect(all.map(({ id }) => id)).toEqual(Array.from({ length: EVENTS + 7 }, (_, number) => `event-${number}`));
    expect(files).toHaveLength(10);
    expect(await readdir(join(folder, 'archives'))).toEqual([]);
  });

  it('forgets files and events whose time is up, one by one when they are read', () => {
    const clock = createClock(START, false);
    const log = createEventLog(clock, join(folder, 'retained'), 'a', () => 60_000);
    const step = (count: number, from: number) => {
      for (let number = from; number < from + count; number++) log.add(event(number, START + number * 1_000));
    };

    step(300, 0);
    clock.set(START + 30_000);
    step(300, 300);
    const inMemory = log.inMemory();
    clock.set(START + 60_000);
    const half = log.between(START, START + 1_000_000);
    const counted = log.count().events;
    clock.set(START + 90_000);

    // The first 500 went to a file; it stays until the last of it has expired.
    expect(inMemory).toBe(100);
    expect(half.map(({ id }) => id)).toEqual(Array.from({ length: 300 }, (_, index) => `event-${300 + index}`));
    expect(counted).toBe(600);
    expect(log.count()).toEqual({ events: 0, bytes: 0 });
  });

  it('gives events of a time in the order of their times', () => {
    const clock = createClock(START, false);
    const log = createEventLog(clock, join(folder, 'ordered'), 'a', () => undefined);
    for (const offset of [5_000, 1_000, 3_000, 1_000]) log.add(event(offset, START + offset));

    const found = log.between(START + 1_000, START + 5_000).map(({ detail }) => detail.number);

    expect(found).toEqual([1_000, 1_000, 3_000]);
  });
});
