import { eventDetail, type Tell } from './event-publisher.ts';

/**
 * Tells events to one step alone, through its queue, in the envelope a rule would have put them in. A queue keeps what it
 * took, so nobody has to look whether such an event was lost on its way.
 */
export const stepQueue =
  (send: (body: string) => Promise<void>): Tell =>
  async (contract, about, data, context) => {
    const detail = eventDetail(contract, about, data, context);
    await send(
      JSON.stringify({
        version: '0',
        id: detail.metadata.eventId,
        source: contract.source,
        'detail-type': contract.detailType,
        time: context.now.toISOString(),
        resources: [],
        detail,
      }),
    );
  };
