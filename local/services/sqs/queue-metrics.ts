/**
 * What a queue tells CloudWatch. Names and units:
 * docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html (documented).
 */
import type { Clock } from '../../clock.ts';
import type { MonitoringApi } from '../../contracts.ts';
import type { Queue } from './queue.ts';

// A queue is told of for six hours after something was last done to it, or as long as it holds messages (documented).
const ACTIVE_MS = 6 * 3_600_000;

interface Level {
  readonly value: number | undefined;
  readonly rise?: number;
  readonly at?: number;
  readonly until?: number;
}

/** A queue that tells what is done to it, and what it holds when asked. Otherwise it is the queue given. */
export const measured = (queue: Queue, clock: Clock, monitoring: MonitoringApi): Queue => {
  const dimensions = { QueueName: queue.name };
  const count = (name: string, value: number, unit = 'Count') =>
    monitoring.put({ namespace: 'AWS/SQS', name, dimensions, value, unit });
  let usedAt = clock.ms();

  /** How many are visible: those that are out of sight come back one by one. */
  const visible = (): Level[] => {
    const { visible: now, hiddenUntil } = queue.outlook();
    const idle = hiddenUntil.length === 0 && now === 0;
    const steps = [...hiddenUntil].sort((a, b) => a - b).map((at, index): Level => ({ at, value: now + index + 1 }));
    return [{ value: now, ...(idle ? { until: usedAt + ACTIVE_MS } : {}) }, ...steps];
  };
  const hidden = (): Level[] => {
    const { hiddenUntil, visible: shown } = queue.outlook();
    const times = [...hiddenUntil].sort((a, b) => a - b);
    const idle = times.length === 0 && shown === 0;
    return [
      { value: times.length, ...(idle ? { until: usedAt + ACTIVE_MS } : {}) },
      ...times.map((at, index): Level => ({ at, value: times.length - index - 1 })),
    ];
  };
  const age = (): Level[] => {
    const { oldestSentAt } = queue.outlook();
    if (oldestSentAt === undefined) return [{ value: 0, until: usedAt + ACTIVE_MS }];
    return [{ value: (usedAt - oldestSentAt) / 1000, rise: 1 }];
  };
  // Messages that are delayed or received are not told apart here: *assumed* is that both count as not visible.
  const gauges = [
    { name: 'ApproximateNumberOfMessagesVisible', unit: 'Count', read: visible },
    { name: 'ApproximateNumberOfMessagesNotVisible', unit: 'Count', read: hidden },
    { name: 'ApproximateAgeOfOldestMessage', unit: 'Seconds', read: age },
  ].flatMap(({ name, unit, read }) => monitoring.gauge?.({ namespace: 'AWS/SQS', name, dimensions, unit }, read) ?? []);

  /** Does something to the queue. */
  const use = <T>(act: () => T): T => {
    for (const gauge of gauges) gauge.touched();
    usedAt = clock.ms();
    return act();
  };

  return {
    ...queue,
    send(message) {
      const sent = use(() => queue.send(message));
      count('NumberOfMessagesSent', 1);
      count('SentMessageSize', Buffer.byteLength(message.body), 'Bytes');
      return sent;
    },
    receive(max, visibilitySeconds) {
      const received = use(() => queue.receive(max, visibilitySeconds));
      if (received.length > 0) count('NumberOfMessagesReceived', received.length);
      else count('NumberOfEmptyReceives', 1);
      return received;
    },
    delete(receiptHandle) {
      use(() => queue.delete(receiptHandle));
      count('NumberOfMessagesDeleted', 1);
    },
    changeVisibility: (receiptHandle, seconds) => use(() => queue.changeVisibility(receiptHandle, seconds)),
    purge: () => use(() => queue.purge()),
    change: (settings) => use(() => queue.change(settings)),
    takeIn: (message) => use(() => queue.takeIn(message)),
    takeOut: (max) => use(() => queue.takeOut(max)),
    adopt: (message, encryptedWith) => use(() => queue.adopt(message, encryptedWith)),
    close() {
      queue.close();
      for (const gauge of gauges) gauge.end();
    },
  };
};
