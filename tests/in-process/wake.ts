/**
 * Wakes steps as the handlers of `shared/runtime` do, without their log and their counts: these have nobody to read them
 * here, and cost as much as a step. That both come to the same is what the test of both modes is about.
 */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';

import type { InvocationContext } from '../../local/in-process/environment.ts';
import { type Defer, handleMessages } from '../../shared/runtime/messages.ts';
import { envelopeOf, follow, type Route } from '../../shared/runtime/route.ts';
import type { Outcome } from '../../shared/runtime/woken.ts';

/** A step that EventBridge wakes. */
export const wokenByEvent =
  (routes: readonly Route[]) =>
  async (event: unknown, context: InvocationContext): Promise<Outcome> => {
    const envelope = envelopeOf(event);
    return follow(routes, envelope, envelope.time, undefined, context.getRemainingTimeInMillis);
  };

/** A step that a schedule wakes. */
export const wokenBySchedule =
  (step: (woken: { now: Date }) => Promise<Outcome>) =>
  async (event: unknown): Promise<Outcome> =>
    step({ now: envelopeOf(event).time });

/** A step that a queue wakes. */
export const wokenByQueue =
  (defer: Defer, routes: readonly Route[]) =>
  async (event: SQSEvent, { getRemainingTimeInMillis }: InvocationContext): Promise<SQSBatchResponse> =>
    handleMessages(
      defer,
      {
        handle: (message, sentAt, waitingSince) =>
          follow(routes, envelopeOf(message), sentAt, waitingSince, getRemainingTimeInMillis),
        failed: () => {},
      },
      event,
    );
