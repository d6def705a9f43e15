/**
 * Wakes steps as the handlers of `shared/runtime` do, without their log and their counts: these have nobody to read them
 * here, and cost as much as a step. That both come to the same is what the test of both modes is about.
 */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';

import { type Envelope, envelopeSchema } from '../../events/envelope.ts';
import { CapacityError, InvalidEventError } from '../../shared/errors.ts';
import type { Defer } from '../../shared/runtime/queue-handler.ts';
import type { Route } from '../../shared/runtime/route.ts';
import type { Outcome } from '../../shared/runtime/woken.ts';

const envelopeOf = (event: unknown): Envelope => {
  const parsed = envelopeSchema.safeParse(event);
  if (!parsed.success) throw new InvalidEventError('not an event', { cause: parsed.error });
  return parsed.data;
};

const dispatch = (
  routes: readonly Route[],
  event: unknown,
  when: (envelope: Envelope) => Date,
  waitingSince?: Date,
): Promise<Outcome> => {
  const envelope = envelopeOf(event);
  const route = routes.find(
    ({ source, detailType }) => source === envelope.source && detailType === envelope['detail-type'],
  );
  if (!route) throw new InvalidEventError(`no step here takes ${envelope.source} ${envelope['detail-type']}`);
  return route.run(envelope, when(envelope), waitingSince);
};

/** A step that EventBridge wakes. */
export const wokenByEvent =
  (...routes: Route[]) =>
  async (event: unknown): Promise<Outcome> =>
    dispatch(routes, event, ({ time }) => time);

/** A step that a schedule wakes. */
export const wokenBySchedule =
  (step: (woken: { now: Date }) => Promise<Outcome>) =>
  async (event: unknown): Promise<Outcome> =>
    step({ now: envelopeOf(event).time });

/** A message that waits for capacity comes again after so long, as in `shared/runtime`. */
const WAIT_SECONDS = 900;

/** A step that a queue wakes: messages fail one by one, and one that waits for capacity is put back as a fresh copy. */
export const wokenByQueue =
  (defer: Defer, ...routes: Route[]) =>
  async (event: SQSEvent): Promise<SQSBatchResponse> => {
    const failed: SQSBatchResponse['batchItemFailures'] = [];
    for (const { messageId, body, attributes } of event.Records) {
      const sentAt = new Date(Number(attributes.SentTimestamp));
      try {
        const message: unknown = JSON.parse(body);
        const { waitingSince } = Object(message);
        const since = typeof waitingSince === 'string' ? new Date(waitingSince) : undefined;
        try {
          await dispatch(routes, message, () => sentAt, since);
        } catch (error) {
          if (!(error instanceof CapacityError)) throw error;
          const waiting = { ...Object(message), waitingSince: (since ?? sentAt).toISOString() };
          await defer(JSON.stringify(waiting), WAIT_SECONDS);
        }
      } catch {
        failed.push({ itemIdentifier: messageId });
      }
    }
    return { batchItemFailures: failed };
  };
