import { createHash, hash } from 'node:crypto';

import type { Timer } from '../../clock.ts';
import { type Actor, type Cloud, type Json, type JsonObject, ServiceError, type SqsMessage } from '../../contracts.ts';
import type { EnvironmentPool } from './environment-pool.ts';
import type { FunctionDefinition } from './function-definition.ts';
import type { Invoker } from './invoker.ts';

/** A queue whose messages wake a function. Behaviour: docs.aws.amazon.com/lambda/latest/dg/with-sqs.html (documented). */
export interface EventSourceMapping {
  readonly uuid: string;
  readonly arn: string;
  readonly queueArn: string;
  readonly definition: FunctionDefinition;
  readonly batchSize: number;
  readonly batchingWindowSeconds: number;
  /** Partial batch responses count only where they were declared. */
  readonly reportsItemFailures: boolean;
  readonly maximumConcurrency?: number;
  enabled: boolean;
  lastModified: Date;
}

export interface Poller {
  /** Begins to poll, if the mapping is enabled; calling it again does no harm. */
  start(): void;
  stop(): void;
}

// Lambda starts with five concurrent batches per mapping: with-sqs (documented). *Assumed*: it stays there.
const CONCURRENT_BATCHES = 5;
// SQS gives ten messages at most per request: ReceiveMessage (documented).
const RECEIVE_AT_MOST = 10;
// A batch is invoked early when its payload reaches 6 MB: with-sqs (documented).
const MAX_BATCH_BYTES = 6 * 1024 * 1024;

/** MD5 of message attributes as SQS computes it: docs.aws.amazon.com/AWSSimpleQueueService/…/sqs-message-metadata.html (documented). */
const md5OfAttributes = (attributes: SqsMessage['messageAttributes']): string => {
  const digest = createHash('md5');
  const part = (value: string) => {
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    digest.update(length).update(bytes);
  };
  for (const [name, { dataType, stringValue }] of Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1))) {
    part(name);
    part(dataType);
    digest.update(Buffer.from([1]));
    part(stringValue);
  }
  return digest.digest('hex');
};

/** A message as the function sees it, all its members: a queue's records (recorded). */
const recordOf = (message: SqsMessage, queueArn: string, region: string): JsonObject => {
  const hasAttributes = Object.keys(message.messageAttributes).length > 0;
  return {
    messageId: message.messageId,
    receiptHandle: message.receiptHandle,
    body: message.body,
    attributes: { ...message.attributes },
    messageAttributes: Object.fromEntries(
      Object.entries(message.messageAttributes).map(([name, { dataType, stringValue }]) => [
        name,
        { stringValue, stringListValues: [], binaryListValues: [], dataType },
      ]),
    ),
    ...(hasAttributes ? { md5OfMessageAttributes: md5OfAttributes(message.messageAttributes) } : {}),
    md5OfBody: hash('md5', message.body),
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: region,
  };
};

/**
 * The ids of the messages a partial batch response calls failed; undefined when all have failed, because the response
 * is not a valid one. Rules: docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html (documented).
 */
export const failedItems = (response: Json, batch: ReadonlySet<string>): ReadonlySet<string> | undefined => {
  if (response === null) return new Set();
  if (typeof response !== 'object' || Array.isArray(response)) return undefined;
  const list = response.batchItemFailures;
  if (list === undefined || list === null) return new Set();
  if (!Array.isArray(list)) return undefined;
  const failed = new Set<string>();
  for (const item of list) {
    const id = typeof item === 'object' && item !== null && !Array.isArray(item) ? item.itemIdentifier : undefined;
    if (typeof id !== 'string' || !batch.has(id)) return undefined;
    failed.add(id);
  }
  return failed;
};

/** Polls the queue of a mapping and invokes its function with batches of messages. */
export const createPoller = (
  cloud: Cloud,
  pool: Pick<EnvironmentPool, 'capacity' | 'underWay' | 'onRoom'>,
  invoker: Invoker,
  mapping: EventSourceMapping,
): Poller => {
  const { queueArn, definition } = mapping;
  let unsubscribe: (() => void) | undefined;
  let batches = 0;
  let gathered: SqsMessage[] = [];
  let window: Timer | undefined;

  /** Lambda polls under the function's role: docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html (documented). */
  const by: Actor = { role: definition.role, session: definition.name };
  const may = (action: 'ReceiveMessage' | 'DeleteMessage') =>
    cloud.iam.allows({ by, action: `sqs:${action}`, resource: queueArn });
  const receive = (wanted: number): SqsMessage[] => {
    if (!may('ReceiveMessage')) return [];
    try {
      return cloud.sqs.receive(queueArn, wanted, by);
    } catch (error) {
      // A role that may not use the queue's key reads nothing, and the messages stay:
      // docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html (documented).
      if (!(error instanceof ServiceError) || !error.code.startsWith('Kms')) throw error;
      cloud.log(`lambda ${definition.name}: ${queueArn} cannot be read: ${error.message}`, { error: error.code });
      return [];
    }
  };

  const concurrency = Math.min(mapping.maximumConcurrency ?? CONCURRENT_BATCHES, pool.capacity(definition));
  // Messages are received only when the function has room for them: what is thrown back would count as received.
  const hasRoom = () => batches < concurrency && pool.underWay(definition) < pool.capacity(definition);

  const process = async (messages: readonly SqsMessage[]): Promise<void> => {
    const event = { Records: messages.map((message) => recordOf(message, queueArn, cloud.region)) };
    const result = await invoker.invoke(definition, JSON.stringify(event), { isChecked: true });
    // A failed batch becomes visible again after the queue's visibility timeout.
    if (result.functionError) return;
    const ids = new Set(messages.map((message) => message.messageId));
    const failed = mapping.reportsItemFailures ? failedItems(JSON.parse(result.payload), ids) : new Set<string>();
    if (!failed) return;
    for (const message of messages) {
      if (failed.has(message.messageId) || !may('DeleteMessage')) continue;
      // SQS delivers at least once: a message whose deletion did not get through comes again
      // (standard-queues-at-least-once-delivery.html, documented).
      if (cloud.faults.deletionIsLost?.({ queueArn, functionName: definition.name })) continue;
      cloud.sqs.delete(queueArn, message.receiptHandle);
    }
  };

  const dispatch = (messages: readonly SqsMessage[]) => {
    batches++;
    cloud.activity
      .track(`batch of ${messages.length} for ${definition.name}`, process(messages))
      .catch((cause: unknown) => {
        // Throttled: the messages come back like those of a failed batch.
        if (cause instanceof ServiceError && cause.code === 'TooManyRequestsException') return;
        cloud.log(`lambda ${definition.name}: ${cause instanceof Error ? (cause.stack ?? cause.message) : cause}`);
      })
      .finally(() => {
        batches--;
        if (unsubscribe) pollSoon();
      });
  };

  const flush = () => {
    window?.cancel();
    window = undefined;
    while (gathered.length > 0) {
      let bytes = 0;
      let count = 0;
      for (const message of gathered.slice(0, mapping.batchSize)) {
        bytes += Buffer.byteLength(message.body);
        if (count > 0 && bytes > MAX_BATCH_BYTES) break;
        count++;
      }
      dispatch(gathered.slice(0, count));
      gathered = gathered.slice(count);
    }
  };

  const poll = (): void => {
    while (unsubscribe && mapping.enabled && hasRoom()) {
      const wanted = Math.min(mapping.batchSize - gathered.length, RECEIVE_AT_MOST);
      const received = receive(wanted);
      gathered.push(...received);
      if (received.length > 0 && gathered.length < mapping.batchSize) {
        const windowMs = mapping.batchingWindowSeconds * 1000;
        if (windowMs > 0) window ??= cloud.clock.after(windowMs, flush, `batching window of ${definition.name}`);
        continue;
      }
      if (gathered.length === 0) return;
      if (gathered.length < mapping.batchSize && window) return;
      flush();
    }
  };

  // A queue tells of each message by itself; waiting for the turn's end gathers those that come together.
  let polling = false;
  const pollSoon = () => {
    if (polling) return;
    polling = true;
    const turn = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      polling = false;
      poll();
    });
    cloud.activity.track(`poll for ${definition.name}`, turn);
  };

  pool.onRoom(definition, () => {
    if (unsubscribe) pollSoon();
  });

  return {
    start() {
      if (unsubscribe || !mapping.enabled) return;
      unsubscribe = cloud.sqs.onAvailable(queueArn, pollSoon);
      pollSoon();
    },
    stop() {
      unsubscribe?.();
      unsubscribe = undefined;
    },
  };
};
