import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';

import { CapacityError } from '../errors.ts';

/** Sends a fresh copy of a message to the step's own queue, to come back after the delay. */
export type Defer = (body: string, delaySeconds: number) => Promise<void>;

/** What is done with one message's event, and with one that failed. */
export interface MessageWork {
  handle(event: unknown, sentAt: Date, waitingSince: Date | undefined): Promise<unknown>;
  failed(error: unknown, record: SQSRecord): void;
}

/** How long a message that waits for capacity sleeps; SQS's longest delay. Source: SQS, "Delay queues". */
const WAIT_SECONDS = 900;

/**
 * Handles the messages of a queue. Failed messages are reported one by one and come again until the queue's redrive
 * policy takes them. A step that waits (CapacityError) is not failing: a fresh delayed copy that remembers since when it
 * has waited takes the message's place, so that waiting is not counted as receiving.
 */
export const handleMessages = async (defer: Defer, work: MessageWork, event: SQSEvent): Promise<SQSBatchResponse> => {
  const failed: SQSBatchResponse['batchItemFailures'] = [];
  for (const record of event.Records) {
    const sentAt = new Date(Number(record.attributes.SentTimestamp));
    try {
      const message: unknown = JSON.parse(record.body);
      const since = waitingSinceOf(message);
      try {
        await work.handle(message, sentAt, since);
      } catch (error) {
        if (!(error instanceof CapacityError)) throw error;
        const waiting = { ...Object(message), waitingSince: (since ?? sentAt).toISOString() };
        await defer(JSON.stringify(waiting), WAIT_SECONDS);
      }
    } catch (error) {
      // It comes again, until the redrive policy takes it.
      work.failed(error, record);
      failed.push({ itemIdentifier: record.messageId });
    }
  }
  return { batchItemFailures: failed };
};

const waitingSinceOf = (message: unknown): Date | undefined => {
  const since: unknown = Object(message).waitingSince;
  const time = typeof since === 'string' ? Date.parse(since) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time);
};
