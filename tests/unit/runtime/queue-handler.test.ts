import './quiet.ts';

import type { SQSRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';

import { RunPlannedV1 } from '../../../events/index.ts';
import { CapacityError, DependencyError } from '../../../shared/errors.ts';
import { queueHandler } from '../../../shared/runtime/queue-handler.ts';
import { on } from '../../../shared/runtime/route.ts';
import type { Woken } from '../../../shared/runtime/woken.ts';
import { context, ownEvent, SENT_AT } from './invocation.ts';

const RUN = '20010201-0123456789';
const body = (model: string, more: object = {}) =>
  JSON.stringify({ ...ownEvent('RunPlanned.v1', { model, run: RUN }), ...more });

const record = (messageId: string, text: string, sentAt = SENT_AT): SQSRecord => ({
  messageId,
  receiptHandle: 'r',
  body: text,
  attributes: {
    ApproximateReceiveCount: '1',
    SentTimestamp: String(sentAt.getTime()),
    SenderId: 's',
    ApproximateFirstReceiveTimestamp: '1',
  },
  messageAttributes: {},
  md5OfBody: 'm',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn',
  awsRegion: 'eu-west-1',
});

/** A step that does what the model is called. */
const world = (defers = true) => {
  const woken: Woken<{ model: string }>[] = [];
  const deferred: { message: Record<string, unknown>; delay: number }[] = [];
  const handler = queueHandler(
    async (text, delay) => {
      if (!defers) throw new DependencyError('the queue does not answer');
      deferred.push({ message: JSON.parse(text), delay });
    },
    on(RunPlannedV1, async (one) => {
      woken.push(one);
      if (one.data.model === 'throttled') throw new DependencyError('slower');
      if (one.data.model === 'full') throw new CapacityError('no instances');
      return { outcome: 'done' };
    }),
  );
  const receive = (...records: SQSRecord[]) => handler({ Records: records }, context);
  return { woken, deferred, receive };
};

describe('a step that a queue wakes', () => {
  it('is woken at the time the message was sent', async () => {
    const run = world();

    expect(await run.receive(record('m1', body('late-bus')))).toEqual({ batchItemFailures: [] });

    expect(run.woken).toMatchObject([{ now: SENT_AT, eventId: 'event-1', data: { model: 'late-bus' } }]);
    expect(run.woken[0]).not.toHaveProperty('waitingSince');
  });

  it('reports the messages that failed one by one, and handles the others', async () => {
    const run = world();

    const answer = await run.receive(
      record('m1', body('throttled')),
      record('m2', body('late-bus')),
      record('m3', 'not json'),
      record('m4', body('late-bus', { source: 'somebody' })),
      record('m5', body('late-tram')),
    );

    expect(answer).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm1' }, { itemIdentifier: 'm3' }, { itemIdentifier: 'm4' }],
    });
    expect(run.woken.map(({ data }) => data.model)).toEqual(['throttled', 'late-bus', 'late-tram']);
  });

  it('that waits for capacity sends a fresh copy of itself, delayed, that remembers since when', async () => {
    const run = world();

    expect(await run.receive(record('m1', body('full')))).toEqual({ batchItemFailures: [] });

    expect(run.deferred).toEqual([
      {
        message: { ...ownEvent('RunPlanned.v1', { model: 'full', run: RUN }), waitingSince: SENT_AT.toISOString() },
        delay: 900,
      },
    ]);
  });

  it('that waits on keeps the time it began, and is told of it', async () => {
    const run = world();
    const since = '2001-01-31T00:00:00.000Z';

    await run.receive(record('m1', body('full', { waitingSince: since })));

    expect(run.woken[0]?.waitingSince).toEqual(new Date(since));
    expect(run.deferred[0]?.message.waitingSince).toBe(since);
  });

  it('takes a time that is none for the first time', async () => {
    const run = world();

    await run.receive(record('m1', body('full', { waitingSince: 'long ago' })));

    expect(run.woken[0]).not.toHaveProperty('waitingSince');
    expect(run.deferred[0]?.message.waitingSince).toBe(SENT_AT.toISOString());
  });

  it('keeps the message where its copy could not be sent', async () => {
    const run = world(false);

    expect(await run.receive(record('m1', body('full')))).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] });
  });
});
