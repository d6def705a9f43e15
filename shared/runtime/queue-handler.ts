import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';

import { CapacityError } from '../errors.ts';
import { logger } from './logger.ts';
import { dispatch, type Route } from './route.ts';

/** Sends a fresh copy of a message to the step's own queue, to come back after the delay. */
export type Defer = (body: string, delaySeconds: number) => Promise<void>;

/** How long a message that waits for capacity sleeps; SQS's longest delay. Source: SQS, "Delay queues". */
const WAIT_SECONDS = 900;

/**
 * The handler of a step that a queue wakes with events. Failed messages are reported one by one and come again until
 * the queue's redrive policy takes them. A step that waits (CapacityError) is not failing: a fresh delayed copy that
 * remembers since when it has waited takes the message's place, so that waiting is not counted as receiving.
 */
export const queueHandler = (defer: Defer, ...routes: Route[]) =>
  middy<SQSEvent, SQSBatchResponse>()
    .use(injectLambdaContext(logger))
    .handler(async (event) => {
      const failed: SQSBatchResponse['batchItemFailures'] = [];
      for (const record of event.Records) {
        const sentAt = new Date(Number(record.attributes.SentTimestamp));
        try {
          const message: unknown = JSON.parse(record.body);
          const since = waitingSinceOf(message);
          try {
            await dispatch(routes, message, () => sentAt, since);
          } catch (error) {
            if (!(error instanceof CapacityError)) throw error;
            const waiting = { ...Object(message), waitingSince: (since ?? sentAt).toISOString() };
            await defer(JSON.stringify(waiting), WAIT_SECONDS);
          }
        } catch (error) {
          // It comes again, until the redrive policy takes it.
          logger.error('the message could not be handled', {
            error: error instanceof Error ? error : new Error(String(error)),
            messageId: record.messageId,
          });
          failed.push({ itemIdentifier: record.messageId });
        }
      }
      return { batchItemFailures: failed };
    });

const waitingSinceOf = (message: unknown): Date | undefined => {
  const since: unknown = Object(message).waitingSince;
  const time = typeof since === 'string' ? Date.parse(since) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time);
};
