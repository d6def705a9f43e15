/**
 * One queue: what is in it, what of it can be seen, and when. It knows time, and nothing of requests. Source: Amazon
 * SQS Developer Guide (visibility timeout, delay queues, dead-letter queues, FIFO delivery logic).
 */
import { createHash } from 'node:crypto';

import type { Clock, Timer } from '../../clock.ts';
import { ServiceError, type SqsMessage } from '../../contracts.ts';
import { invalidParameter, missingParameter } from './errors.ts';
import type { MessageAttributes } from './message-attributes.ts';
import type { QueueSettings } from './queue-attributes.ts';

/** What is sent. */
interface Outgoing {
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly senderId: string;
  readonly delaySeconds?: number | undefined;
  readonly groupId?: string | undefined;
  readonly deduplicationId?: string | undefined;
}

interface Stored {
  readonly id: string;
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly senderId: string;
  /** Epoch milliseconds; kept through redrive, so that retention counts from the first queue (documented). */
  readonly sentAt: number;
  readonly groupId?: string | undefined;
  readonly deduplicationId?: string | undefined;
  readonly sequenceNumber?: string | undefined;
  readonly deadLetterSource?: string | undefined;
  visibleAt: number;
  /** Received and neither deleted nor visible again. */
  held: boolean;
  receives: number;
  firstReceivedAt: number | undefined;
  receiptHandle: string | undefined;
}

interface Sent {
  readonly messageId: string;
  readonly sequenceNumber?: string | undefined;
}

/** What a queue needs of its surroundings. */
export interface QueueSurroundings {
  readonly clock: Clock;
  readonly newId: () => string;
  /** The queue with this ARN; undefined when there is none. */
  readonly queue: (arn: string) => Queue | undefined;
  /** Told whenever there may be something to receive. */
  readonly available: (queue: Queue) => void;
}

export interface Queue {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  readonly settings: () => QueueSettings;
  change(settings: QueueSettings): void;
  send(message: Outgoing): Sent;
  /** @param visibilitySeconds Instead of the queue's own. */
  receive(max: number, visibilitySeconds?: number): SqsMessage[];
  /** Silent when the message has gone or the handle is an old one. @throws ServiceError ReceiptHandleIsInvalid. */
  delete(receiptHandle: string): void;
  /** @throws ServiceError ReceiptHandleIsInvalid, MessageNotInflight. */
  changeVisibility(receiptHandle: string, seconds: number): void;
  purge(): void;
  peek(): SqsMessage[];
  count(): { readonly visible: number; readonly held: number; readonly delayed: number };
  /** Whether a receive would find something: the first message of a FIFO group holds back the others. */
  ready(): boolean;
  /** Takes in a message of another queue as it is. */
  takeIn(message: Stored): void;
  /** True while someone listens: only then does the queue set timers. */
  watch(watched: boolean): void;
  close(): void;
}

/** Documented (FIFO queues, exactly-once processing): the deduplication interval. */
const DEDUPLICATION_MS = 5 * 60_000;

const HANDLE_PREFIX = 'AQEB';

export const createQueue = (
  name: string,
  arn: string,
  initial: QueueSettings,
  { clock, newId, queue, available }: QueueSurroundings,
): Queue => {
  let settings = initial;
  let messages: Stored[] = [];
  let sequence = 0n;
  let watched = false;
  let timer: Timer | undefined;
  let timerAt = Number.POSITIVE_INFINITY;
  const deduplicated = new Map<string, { readonly at: number; readonly sent: Sent }>();

  const handleOf = (message: Stored) =>
    `${HANDLE_PREFIX}${Buffer.from(`${name}:${message.id}:${message.receives}`).toString('base64')}`;
  const readHandle = (handle: string): { readonly id: string; readonly handle: string } => {
    const [from, id, receives] = handle.startsWith(HANDLE_PREFIX)
      ? Buffer.from(handle.slice(HANDLE_PREFIX.length), 'base64').toString().split(':')
      : [];
    if (from !== name || id === undefined || receives === undefined)
      throw new ServiceError(
        'ReceiptHandleIsInvalid',
        `The input receipt handle "${handle}" is not a valid receipt handle.`,
      );
    return { id, handle };
  };

  const expire = () => {
    const oldest = clock.ms() - settings.MessageRetentionPeriod * 1000;
    messages = messages.filter((message) => message.sentAt > oldest);
  };

  /** Wakes listeners when the next message that is out of sight comes back. */
  const arm = () => {
    const now = clock.ms();
    const next = messages.reduce(
      (earliest, { visibleAt }) => (visibleAt > now ? Math.min(earliest, visibleAt) : earliest),
      Number.POSITIVE_INFINITY,
    );
    if (watched && next === timerAt) return;
    timer?.cancel();
    timer = undefined;
    timerAt = Number.POSITIVE_INFINITY;
    if (!watched || next === Number.POSITIVE_INFINITY) return;
    timerAt = next;
    timer = clock.at(
      next,
      () => {
        timer = undefined;
        timerAt = Number.POSITIVE_INFINITY;
        available(self);
        arm();
      },
      `sqs: a message of ${name} becomes visible`,
    );
  };
  const ready = () => {
    const now = clock.ms();
    const busyGroups = new Set<string>();
    return messages.some(({ groupId, visibleAt }) => {
      const group = settings.FifoQueue ? groupId : undefined;
      if (visibleAt <= now) return group === undefined || !busyGroups.has(group);
      if (group !== undefined) busyGroups.add(group);
      return false;
    });
  };
  const changed = () => {
    if (ready()) available(self);
    arm();
  };

  const view = (message: Stored): SqsMessage => ({
    messageId: message.id,
    receiptHandle: message.receiptHandle ?? handleOf(message),
    body: message.body,
    attributes: {
      SenderId: message.senderId,
      SentTimestamp: String(message.sentAt),
      ApproximateReceiveCount: String(message.receives),
      ...(message.firstReceivedAt === undefined
        ? {}
        : { ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt) }),
      ...(message.groupId === undefined ? {} : { MessageGroupId: message.groupId }),
      ...(message.deduplicationId === undefined ? {} : { MessageDeduplicationId: message.deduplicationId }),
      ...(message.sequenceNumber === undefined ? {} : { SequenceNumber: message.sequenceNumber }),
      ...(message.deadLetterSource === undefined ? {} : { DeadLetterQueueSourceArn: message.deadLetterSource }),
    },
    messageAttributes: structuredClone(message.attributes),
  });

  const deduplicationOf = ({ body, groupId, deduplicationId, delaySeconds }: Outgoing): string | undefined => {
    if (!settings.FifoQueue) {
      if (deduplicationId !== undefined)
        throw invalidParameter(
          `Value ${deduplicationId} for parameter MessageDeduplicationId is invalid. Reason: The request includes a parameter that is not valid for this queue type.`,
        );
      return undefined;
    }
    if (delaySeconds !== undefined)
      throw invalidParameter(
        `Value ${delaySeconds} for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.`,
      );
    if (groupId === undefined) throw missingParameter('MessageGroupId');
    if (deduplicationId !== undefined) return deduplicationId;
    if (settings.ContentBasedDeduplication) return createHash('sha256').update(body).digest('hex');
    throw invalidParameter(
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  };

  /** Moves a message that was received often enough to the dead-letter queue; false when it stays. */
  const redrive = (message: Stored): boolean => {
    const policy = settings.RedrivePolicy;
    if (!policy || message.receives < policy.maxReceiveCount) return false;
    const target = queue(policy.deadLetterTargetArn);
    // Assumed: a message whose dead-letter queue has gone stays where it is.
    if (!target) return false;
    messages = messages.filter((each) => each !== message);
    target.takeIn({ ...message, deadLetterSource: arn });
    return true;
  };

  const self: Queue = {
    name,
    arn,
    createdAt: clock.ms(),
    settings: () => settings,
    change(given) {
      settings = given;
      expire();
      changed();
    },
    send(message) {
      const deduplicationId = deduplicationOf(message);
      const now = clock.ms();
      if (deduplicationId !== undefined) {
        const earlier = deduplicated.get(deduplicationId);
        if (earlier && now - earlier.at < DEDUPLICATION_MS) return earlier.sent;
      }
      const id = newId();
      sequence += 1n;
      const sequenceNumber = settings.FifoQueue ? String(sequence).padStart(20, '0') : undefined;
      const sent: Sent = { messageId: id, sequenceNumber };
      if (deduplicationId !== undefined) deduplicated.set(deduplicationId, { at: now, sent });
      messages.push({
        id,
        body: message.body,
        attributes: structuredClone(message.attributes),
        senderId: message.senderId,
        sentAt: now,
        groupId: message.groupId,
        deduplicationId,
        sequenceNumber,
        visibleAt: now + (message.delaySeconds ?? settings.DelaySeconds) * 1000,
        held: false,
        receives: 0,
        firstReceivedAt: undefined,
        receiptHandle: undefined,
      });
      changed();
      return sent;
    },
    receive(max, visibilitySeconds = settings.VisibilityTimeout) {
      expire();
      const now = clock.ms();
      const received: Stored[] = [];
      const busyGroups = new Set<string>();
      for (const message of [...messages]) {
        if (received.length >= max) break;
        const group = settings.FifoQueue ? message.groupId : undefined;
        if (group !== undefined && busyGroups.has(group)) continue;
        if (message.visibleAt > now) {
          // A group waits for its first message, received or delayed.
          if (group !== undefined) busyGroups.add(group);
          continue;
        }
        if (redrive(message)) continue;
        message.receives += 1;
        message.firstReceivedAt ??= now;
        message.visibleAt = now + visibilitySeconds * 1000;
        message.held = true;
        message.receiptHandle = handleOf(message);
        received.push(message);
      }
      arm();
      return received.map(view);
    },
    delete(receiptHandle) {
      const { id } = readHandle(receiptHandle);
      // Documented (DeleteMessage): an old receipt handle may succeed and not delete the message.
      messages = messages.filter((message) => message.id !== id || message.receiptHandle !== receiptHandle);
      changed();
    },
    changeVisibility(receiptHandle, seconds) {
      const { id } = readHandle(receiptHandle);
      const message = messages.find((each) => each.id === id && each.receiptHandle === receiptHandle);
      const now = clock.ms();
      if (!message || message.visibleAt <= now)
        throw new ServiceError(
          'MessageNotInflight',
          'Message does not exist or is not available for visibility timeout change.',
        );
      message.visibleAt = now + seconds * 1000;
      changed();
    },
    purge() {
      messages = [];
      arm();
    },
    peek() {
      expire();
      return messages.map(view);
    },
    count() {
      expire();
      const now = clock.ms();
      const hidden = messages.filter(({ visibleAt }) => visibleAt > now);
      const held = hidden.filter((message) => message.held).length;
      return { visible: messages.length - hidden.length, held, delayed: hidden.length - held };
    },
    ready() {
      expire();
      return ready();
    },
    takeIn(message) {
      sequence += 1n;
      messages.push({
        ...message,
        visibleAt: clock.ms(),
        held: false,
        receiptHandle: undefined,
        // Assumed: receives are counted anew, or a dead-letter queue with a redrive policy could never be read.
        receives: 0,
        firstReceivedAt: undefined,
      });
      changed();
    },
    watch(now) {
      watched = now;
      arm();
    },
    close() {
      watched = false;
      timer?.cancel();
      messages = [];
    },
  };
  return self;
};
