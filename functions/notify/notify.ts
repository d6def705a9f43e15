import type { Step } from '../../shared/runtime/woken.ts';
import type { Notice } from './notice.ts';

/** Sends one readable message. */
export type Send = (subject: string, message: string) => Promise<void>;

/** Makes a step out of the words for one kind of event. */
export const notify =
  (send: Send) =>
  <T>(say: (data: T) => Notice): Step<T> =>
  async ({ data }) => {
    const { subject, message } = say(data);
    await send(subject, message);
    return { outcome: 'told' };
  };
