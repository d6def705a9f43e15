/**
 * One queue: what is in it, what of it can be seen, and when. It knows time, and nothing of requests. Source: Amazon
 * SQS Developer Guide (visibility timeout, delay queues, dead-letter queues, FIFO delivery logic, documented).
 */
import { createHash } from 'node:crypto';

import type { Clock, Timer } from '../../clock.ts';
import { ServiceError, type SqsMessage } from '../../contracts.ts';
import type { MessageKey } from '../../message-keys.ts';
import { invalidParameter, missingParameter } from './errors.ts';
import type { MessageAttributes } from './message-attributes.ts';
import type { QueueSettings } from './queue-attributes.ts';

/** What is sent. */
interface Outgoing {
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly senderId: string;
  readonly delaySeconds?: number | undefined;
  /** By a fault it can be received so much later. */
  readonly lateMs?: number | undefined;
  readonly groupId?: string | undefined;
  readonly deduplicationId?: string | undefined;
  readonly encryptedWith?: MessageKey | undefined;
}

/** A message as a queue holds it. */
export interface Stored {
  readonly id: string;
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly senderId: string;
  /** Epoch milliseconds. */
  readonly sentAt: number;
  readonly groupId?: string | undefined;
  readonly deduplicationId?: string | undefined;
  readonly sequenceNumber?: string | undefined;
  readonly deadLetterSource?: string | undefined;
  /**
   * A message stays encrypted as it was sent, whatever becomes of its queue's settings and wherever it is moved:
   * docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html (documented).
   */
  readonly encryptedWith?: MessageKey | undefined;
  visibleAt: number;
  /** Received and neither deleted nor visible again. */
  held: boolean;
  receives: number;
  firstReceivedAt: number | undefined;
  /** The latest time; epoch milliseconds. */
  receivedAt?: number | undefined;
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
  /** How many can be seen, when each of the others will be, and when the oldest was sent. Epoch milliseconds. */
  outlook(): {
    readonly visible: number;
    readonly hiddenUntil: readonly number[];
    readonly oldestSentAt: number | undefined;
  };
  /** The keys of the messages that can be seen now, each once. */
  keysInSight(): MessageKey[];
  /** Whether a receive would find something: the first message of a FIFO group holds back the others. */
  ready(): boolean;
  /** Takes in a message that another queue has given up, as it is. */
  takeIn(message: Stored): void;
  /** Takes up to `max` visible messages out, as no receiver would: none of them counts as received. */
  takeOut(max: number): Stored[];
  /** Takes in a message of a dead-letter queue as a new one: a new id, sent now. */
  adopt(message: Stored, encryptedWith?: MessageKey): void;
  /** How many messages and deduplication ids are in memory. */
  remembered(): number;
  /** True while someone listens: only then does the queue set timers. */
  watch(watched: boolean): void;
  close(): void;
}

// A message is taken once within five minutes: FIFO queues, exactly-once processing (documented).
const DEDUPLICATION_MS = 5 * 60_000;

const LONGEST_VISIBILITY_MS = 43_200_000;

const HANDLE_PREFIX = 'AQEB';

export const createQueue = (
  name: string,
  arn: string,
  initial: QueueSettings,
  { clock, newId, queue, available }: QueueSurroundings,
): Queue => {
  let settings = initial;
  /** In the order of their coming; a message that is gone leaves nothing behind. */
  const messages = new Map<string, Stored>();
  /** No message was sent before this: nothing is looked through for age as long as this is young enough. */
  let oldest = Number.POSITIVE_INFINITY;
  let sequence = 0n;
  let watched = false;
  let timer: Timer | undefined;
  let timerAt = Number.POSITIVE_INFINITY;
  const deduplicated = new Map<string, { readonly at: number; readonly sent: Sent }>();

  const nextSequence = () => {
    if (!settings.FifoQueue) return undefined;
    sequence += 1n;
    return String(sequence).padStart(20, '0');
  };
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

  const keep = (message: Stored) => {
    messages.set(message.id, message);
    oldest = Math.min(oldest, message.sentAt);
  };
  const expire = () => {
    const limit = clock.ms() - settings.MessageRetentionPeriod * 1000;
    if (oldest > limit) return;
    oldest = Number.POSITIVE_INFINITY;
    for (const { id, sentAt } of messages.values()) {
      if (sentAt <= limit) messages.delete(id);
      else oldest = Math.min(oldest, sentAt);
    }
  };
  const forgetDuplicates = () => {
    const limit = clock.ms() - DEDUPLICATION_MS;
    for (const [id, { at }] of deduplicated) {
      if (at > limit) return;
      deduplicated.delete(id);
    }
  };

  /** Wakes listeners when the next message that is out of sight comes back. */
  const arm = () => {
    const now = clock.ms();
    let next = Number.POSITIVE_INFINITY;
    if (watched) for (const { visibleAt } of messages.values()) if (visibleAt > now) next = Math.min(next, visibleAt);
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
    for (const { groupId, visibleAt } of messages.values()) {
      const group = settings.FifoQueue ? groupId : undefined;
      if (visibleAt <= now && (group === undefined || !busyGroups.has(group))) return true;
      if (visibleAt > now && group !== undefined) busyGroups.add(group);
    }
    return false;
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
    messageAttributes: { ...message.attributes },
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
    // *Assumed*: a message whose dead-letter queue has gone stays where it is.
    if (!target) return false;
    messages.delete(message.id);
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
        forgetDuplicates();
        const earlier = deduplicated.get(deduplicationId);
        if (earlier) return earlier.sent;
      }
      const id = newId();
      const sequenceNumber = nextSequence();
      const sent: Sent = { messageId: id, sequenceNumber };
      if (deduplicationId !== undefined) deduplicated.set(deduplicationId, { at: now, sent });
      keep({
        id,
        body: message.body,
        attributes: { ...message.attributes },
        senderId: message.senderId,
        sentAt: now,
        groupId: message.groupId,
        deduplicationId,
        sequenceNumber,
        encryptedWith: message.encryptedWith,
        visibleAt: now + (message.delaySeconds ?? settings.DelaySeconds) * 1000 + (message.lateMs ?? 0),
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
      for (const message of messages.values()) {
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
        message.receivedAt = now;
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
      // Deleting with an old receipt handle may succeed and not delete the message: DeleteMessage (documented).
      if (messages.get(id)?.receiptHandle === receiptHandle) messages.delete(id);
      changed();
    },
    changeVisibility(receiptHandle, seconds) {
      const { id } = readHandle(receiptHandle);
      const message = messages.get(id);
      const now = clock.ms();
      // Only a message that is out of sight, by its latest receipt handle, can be hidden longer: ChangeMessageVisibility
      // (documented).
      if (!message || message.receiptHandle !== receiptHandle || message.visibleAt <= now)
        throw new ServiceError(
          'MessageNotInflight',
          'Message does not exist or is not available for visibility timeout change.',
        );
      // A message stays hidden for 12 hours at most, counted from its receiving: ChangeMessageVisibility (documented).
      if (now + seconds * 1000 - (message.receivedAt ?? now) > LONGEST_VISIBILITY_MS)
        throw invalidParameter(
          `Value ${seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [${LONGEST_VISIBILITY_MS / 1000} seconds].`,
        );
      message.visibleAt = now + seconds * 1000;
      changed();
    },
    purge() {
      messages.clear();
      arm();
    },
    peek() {
      expire();
      return [...messages.values()].map(view);
    },
    count() {
      expire();
      const now = clock.ms();
      const hidden = [...messages.values()].filter(({ visibleAt }) => visibleAt > now);
      const held = hidden.filter((message) => message.held).length;
      return { visible: messages.size - hidden.length, held, delayed: hidden.length - held };
    },
    outlook() {
      expire();
      const now = clock.ms();
      const hiddenUntil: number[] = [];
      let oldestSentAt: number | undefined;
      for (const { visibleAt, sentAt } of messages.values()) {
        if (visibleAt > now) hiddenUntil.push(visibleAt);
        oldestSentAt = Math.min(oldestSentAt ?? sentAt, sentAt);
      }
      return { visible: messages.size - hiddenUntil.length, hiddenUntil, oldestSentAt };
    },
    keysInSight() {
      expire();
      const now = clock.ms();
      const keys = new Map<string, MessageKey>();
      for (const { visibleAt, encryptedWith } of messages.values())
        if (encryptedWith && visibleAt <= now) keys.set(`${encryptedWith.key} ${encryptedWith.place}`, encryptedWith);
      return [...keys.values()];
    },
    ready() {
      expire();
      return ready();
    },
    takeIn(message) {
      keep({
        ...message,
        // A message that moves to a standard dead-letter queue keeps the time it was first sent, and its retention counts
        // from there; in a FIFO queue the time begins anew:
        // docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html (documented).
        sentAt: settings.FifoQueue ? clock.ms() : message.sentAt,
        sequenceNumber: nextSequence(),
        visibleAt: clock.ms(),
        held: false,
        receiptHandle: undefined,
        // *Assumed*: receives are counted anew, or a dead-letter queue with a redrive policy could never be read.
        receives: 0,
        firstReceivedAt: undefined,
        receivedAt: undefined,
      });
      changed();
    },
    takeOut(max) {
      expire();
      const now = clock.ms();
      const taken: Stored[] = [];
      for (const message of messages.values()) {
        if (taken.length >= max) break;
        if (message.visibleAt > now) continue;
        messages.delete(message.id);
        taken.push(message);
      }
      return taken;
    },
    adopt(message, encryptedWith) {
      self.takeIn({ ...message, id: newId(), sentAt: clock.ms(), deadLetterSource: undefined, encryptedWith });
    },
    remembered: () => messages.size + deduplicated.size,
    watch(now) {
      watched = now;
      arm();
    },
    close() {
      watched = false;
      timer?.cancel();
      messages.clear();
      deduplicated.clear();
    },
  };
  return self;
};
