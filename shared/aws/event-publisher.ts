import { createHash } from 'node:crypto';

import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';

import type { MillraceEvent } from '../../events/define-event.ts';
import { DependencyError } from '../errors.ts';
import { translated } from './translate.ts';

/**
 * Tells one event on Millrace's bus.
 * @param about What the event is about; the same `about` gives the same `eventId`, so a repeat is known as one.
 * @param correlationId Ties together everything that follows from one beginning: a run, or a dataset before its run.
 * @throws DependencyError when EventBridge did not take it; the caller's retry tells it again.
 */
export type Tell = <T>(
  contract: MillraceEvent<T>,
  about: string,
  data: T,
  context: { now: Date; correlationId: string },
) => Promise<void>;

/** The detail of one of Millrace's own events, whichever way it goes. */
export const eventDetail = <T>(
  contract: MillraceEvent<T>,
  about: string,
  data: T,
  { now, correlationId }: { now: Date; correlationId: string },
) => {
  const eventId = createHash('sha256').update(`${contract.detailType}\n${about}`).digest('hex').slice(0, 32);
  return { metadata: { eventId, correlationId, occurredAt: now.toISOString() }, data: contract.data.parse(data) };
};

/** The one publisher of Millrace's own events. */
export const eventPublisher = (busName: string, eventBridge = new EventBridgeClient({})): Tell => {
  return async (contract, about, data, context) => {
    const detail = eventDetail(contract, about, data, context);
    const { Entries = [], FailedEntryCount = 0 } = await eventBridge
      .send(
        new PutEventsCommand({
          Entries: [
            {
              EventBusName: busName,
              Source: contract.source,
              DetailType: contract.detailType,
              Detail: JSON.stringify(detail),
            },
          ],
        }),
      )
      .catch((cause) => {
        throw translated(cause, `tell ${contract.detailType}`);
      });
    // EventBridge answers 200 when entries failed, and the SDK does not throw. Source: PutEvents, API reference.
    if (FailedEntryCount > 0) {
      const failed = Entries.filter((entry) => entry.ErrorCode !== undefined);
      throw new DependencyError(
        `EventBridge refused ${contract.detailType}: ${failed.map((entry) => `${entry.ErrorCode} ${entry.ErrorMessage}`)}`,
      );
    }
  };
};
