import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { JsonObject } from '../../local/contracts.ts';
import type { FaultSettings } from '../../local/faults/settings.ts';
import { type MessagingCloud, openedQueue, queueArn, startMessagingCloud } from './messaging-cloud.ts';

let messaging: MessagingCloud;
beforeAll(async () => {
  messaging = await startMessagingCloud();
  const queue = (QueueName: string): JsonObject => ({ Type: 'AWS::SQS::Queue', Properties: { QueueName } });
  await messaging.deploy({
    First: queue('first'),
    FirstPolicy: openedQueue('First'),
    Second: queue('second'),
    SecondPolicy: openedQueue('Second'),
    Rule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        Name: 'deliveries',
        EventPattern: { source: ['shop'] },
        Targets: [
          { Id: 'first', Arn: queueArn('first') },
          { Id: 'second', Arn: queueArn('second') },
        ],
      },
    },
  });
});
afterAll(() => messaging?.close());
const QUEUES = ['first', 'second'] as const;
afterEach(async () => {
  faults();
  for (const queue of QUEUES)
    for (const { receiptHandle } of messaging.cloud.sqs.receive(queueArn(queue), 10))
      messaging.cloud.sqs.delete(queueArn(queue), receiptHandle);
});

const faults = (...rules: NonNullable<FaultSettings['rules']>) => messaging.cloud.faults.set({ rules });
const tell = async (DetailType: string, ...orders: readonly number[]) => {
  for (const order of orders) {
    await messaging.events.send(
      new PutEventsCommand({ Entries: [{ Source: 'shop', DetailType, Detail: JSON.stringify({ order }) }] }),
    );
  }
  await messaging.cloud.settle();
};
/** What each queue got, in its order. */
const got = () =>
  QUEUES.map((queue) =>
    messaging.messages(queue).map(({ body }) => {
      const event: { detail: { order: number } } = JSON.parse(body);
      return event.detail.order;
    }),
  );

describe('events on their way to a target', () => {
  it('arrive once and at once without faults', async () => {
    await tell('Ordered', 1, 2);

    expect(got()).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('are lost where a fault says so, and on the way to no other target', async () => {
    faults({ fault: 'lose-event', rule: 'deliveries', target: 'first', nth: 2 });

    await tell('Ordered', 1, 2, 3);

    expect(got()).toEqual([
      [1, 3],
      [1, 2, 3],
    ]);
  });

  it('are doubled', async () => {
    faults({ fault: 'double-event', target: 'second', times: 1 });

    await tell('Ordered', 1, 2);

    expect(got()[0]).toEqual([1, 2]);
    expect(got()[1]?.toSorted()).toEqual([1, 1, 2]);
  });

  it("are late by the cloud's clock", async () => {
    faults({ fault: 'delay-event', detailType: 'Order*', target: 'first', nth: 1, delayMs: 60_000 });

    await tell('Ordered', 1, 2);
    const before = got();
    await messaging.cloud.settle({ advanceMs: 60_000 });

    expect(before).toEqual([[2], [1, 2]]);
    expect(got()).toEqual([
      [2, 1],
      [1, 2],
    ]);
  });

  it('come in another order, and all of them', async () => {
    faults({ fault: 'reorder-events', target: 'first', withinMs: 10_000 });
    const orders = [1, 2, 3, 4, 5, 6, 7, 8];

    await tell('Ordered', ...orders);
    await messaging.cloud.settle({ advanceMs: 10_000 });

    const [first, second] = got();
    expect(second).toEqual(orders);
    expect(first).not.toEqual(orders);
    expect(first?.toSorted()).toEqual(orders);
  });

  it('are left alone by faults of other sources, types, rules, buses and targets', async () => {
    faults(
      { fault: 'lose-event', source: 'another' },
      { fault: 'lose-event', detailType: 'Paid' },
      { fault: 'lose-event', rule: 'another' },
      { fault: 'lose-event', bus: 'another' },
      { fault: 'lose-event', target: 'another' },
    );

    await tell('Ordered', 1);

    expect(got()).toEqual([[1], [1]]);
  });

  it('are listed by a trace, as faults can be set at them', async () => {
    const trace = messaging.cloud.faults.trace();

    await tell('Ordered', 1);
    await tell('Paid', 2);
    trace.stop();

    expect(
      trace.events
        .filter(({ target }) => target === queueArn('first'))
        .map(({ bus, rule, detailType, ordinal }) => [bus, rule, detailType, ordinal]),
    ).toEqual([
      ['default', 'deliveries', 'Ordered', 1],
      ['default', 'deliveries', 'Paid', 2],
    ]);
  });
});
