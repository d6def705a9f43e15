import * as z from 'zod';

import type { EventContract, Metadata } from '../../events/define-event.ts';
import { type Envelope, envelopeSchema } from '../../events/envelope.ts';
import { InvalidEventError } from '../errors.ts';
import type { Outcome, Step } from './woken.ts';

/** Which step answers which event. */
export interface Route {
  readonly source: string;
  readonly detailType: string;
  run(
    envelope: Envelope,
    now: Date,
    waitingSince: Date | undefined,
    remainingMs: (() => number) | undefined,
  ): Promise<Outcome>;
}

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
  run: (envelope, now, waitingSince, remainingMs) =>
    step({
      data: parse(contract.detail, envelope.detail, `a ${contract.detailType}`),
      now,
      occurredAt: envelope.time,
      eventId: envelope.id,
      ...(waitingSince && { waitingSince }),
      ...(remainingMs && { remainingMs }),
    }),
});

/** Wakes the step with the data of one of Millrace's own events. */
export const on = <T>(contract: EventContract<{ metadata: Metadata; data: T }>, step: Step<T>): Route => ({
  source: contract.source,
  detailType: contract.detailType,
  run: (envelope, now, waitingSince, remainingMs) => {
    const { data, metadata } = parse(contract.detail, envelope.detail, `a ${contract.detailType}`);
    return step({
      data,
      now,
      occurredAt: new Date(metadata.occurredAt),
      eventId: metadata.eventId,
      ...(waitingSince && { waitingSince }),
      ...(remainingMs && { remainingMs }),
    });
  },
});

/** @throws InvalidEventError when it is none. */
export const envelopeOf = (raw: unknown): Envelope => parse(envelopeSchema, raw, 'an event');

/**
 * Finds the route of an envelope and runs it.
 * @throws InvalidEventError when no route takes it: a rule lets through what the step does not know.
 */
export const follow = async (
  routes: readonly Route[],
  envelope: Envelope,
  now: Date,
  waitingSince?: Date,
  remainingMs?: () => number,
): Promise<Outcome> => {
  const route = routes.find(
    ({ source, detailType }) => source === envelope.source && detailType === envelope['detail-type'],
  );
  if (!route) throw new InvalidEventError(`no step here takes ${envelope.source} ${envelope['detail-type']}`);
  return route.run(envelope, now, waitingSince, remainingMs);
};
