import type { Envelope } from '../../events/envelope.ts';
import { CapacityError, MillraceError } from '../errors.ts';
import { logger } from './logger.ts';
import { countOutcome } from './metrics.ts';
import { envelopeOf, follow, type Route } from './route.ts';
import type { Outcome } from './woken.ts';

/** Follows the route of an event, with one log line and one count of what came of it. */
export const dispatch = async (
  routes: readonly Route[],
  raw: unknown,
  when: (envelope: Envelope) => Date,
  waitingSince?: Date,
  remainingMs?: () => number,
): Promise<Outcome> => {
  const envelope = envelopeOf(raw);
  const log = logger.createChild({
    persistentKeys: { event: envelope['detail-type'], eventId: envelope.id },
  });
  try {
    const outcome = await follow(routes, envelope, when(envelope), waitingSince, remainingMs);
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
