import { noticeSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { Step } from '../../shared/runtime/woken.ts';
import type { Notice } from './notice.ts';

/** Sends one readable message. */
export type Send = (subject: string, message: string) => Promise<void>;

export interface NotifyDeps {
  readonly ledger: Ledger;
  readonly send: Send;
}

/**
 * Makes a step out of the words for one kind of event. An event that comes again is not sent again; only a crash, or the same event delivered twice in one moment,
 * between sending and recording can say a thing twice, which is better than not at all.
 */
export const notify =
  ({ ledger, send }: NotifyDeps) =>
  <T>(say: (data: T) => Notice): Step<T> =>
  async ({ data, now, eventId }) => {
    if (await ledger.find(noticeSchema, keys.notice(eventId))) return { outcome: 'existed' };
    const { subject, message } = say(data);
    await send(subject, message);
    await ledger.record(noticeSchema, keys.notice(eventId), { eventId, subject, sentAt: now.toISOString() });
    return { outcome: 'told' };
  };
