import * as z from 'zod';

import { type EventContract, metadataSchema } from '../../events/define-event.ts';
import { type Envelope, envelopeSchema } from '../../events/envelope.ts';
import { CapacityError, InvalidEventError, MillraceError } from '../errors.ts';
import { logger } from './logger.ts';
import { countOutcome } from './metrics.ts';
import type { Outcome, Step } from './woken.ts';

/** Which step answers which event. */
export interface Route {
  readonly source: string;
  readonly detailType: string;
  run(envelope: Envelope, now: Date, waitingSince: Date | undefined): Promise<Outcome>;
}

const ownDetail = z.object({ metadata: metadataSchema });

const parse = <T>(schema: z.ZodType<T>, value: unknown, what: string): T => {
  const parsed = schema.safeParse(value);
  if (!parsed.success)
    throw new InvalidEventError(`not ${what}: ${z.prettifyError(parsed.error)}`, { cause: parsed.error });
  return parsed.data;
};

/** Wakes the step with the contract's parsed detail. For Millrace's own events use {@link on}. */
export const onAws = <T>(contract: EventContract<T>, step: Step<T>): Route => ({
  source: contract.source,
  detailType: contract.detailType,
  run: (envelope, now, waitingSince) =>
    step({
      data: parse(contract.detail, envelope.detail, `a ${contract.detailType}`),
      now,
      occurredAt: envelope.time,
      eventId: envelope.id,
      ...(waitingSince && { waitingSince }),
    }),
});

/** Wakes the step with the data of one of Millrace's own events. */
export const on = <T>(contract: EventContract<{ data: T }>, step: Step<T>): Route => ({
  source: contract.source,
  detailType: contract.detailType,
  run: (envelope, now, waitingSince) => {
    const { data } = parse(contract.detail, envelope.detail, `a ${contract.detailType}`);
    const { metadata } = parse(ownDetail, envelope.detail, 'metadata');
    return step({
      data,
      now,
      occurredAt: new Date(metadata.occurredAt),
      eventId: metadata.eventId,
      ...(waitingSince && { waitingSince }),
    });
  },
});

/**
 * Finds the route of an envelope and runs it, with one log line of what came of it.
 * @throws InvalidEventError when no route takes it: a rule lets through what the step does not know.
 */
export const dispatch = async (
  routes: readonly Route[],
  raw: unknown,
  when: (envelope: Envelope) => Date,
  waitingSince?: Date,
): Promise<Outcome> => {
  const envelope = parse(envelopeSchema, raw, 'an event');
  const log = logger.createChild({
    persistentKeys: { event: envelope['detail-type'], eventId: envelope.id },
  });
  const route = routes.find(
    ({ source, detailType }) => source === envelope.source && detailType === envelope['detail-type'],
  );
  try {
    if (!route) throw new InvalidEventError(`no step here takes ${envelope.source} ${envelope['detail-type']}`);
    const outcome = await route.run(envelope, when(envelope), waitingSince);
    countOutcome(outcome.outcome);
    log.info(outcome.outcome, { ...outcome });
    return outcome;
  } catch (cause) {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    countOutcome(error.name);
    // Waiting is not failing.
    if (error instanceof CapacityError) log.info('waits', { for: error.message });
    else log.error(error.message, { error, retryable: error instanceof MillraceError ? error.retryable : undefined });
    throw error;
  }
};
