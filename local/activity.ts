/** What is under way in the cloud, so that tests and stories wait for quiet instead of for time. */
import type { Clock } from './clock.ts';
import type { Activity } from './contracts.ts';

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * @param clock Timers of this clock that are due count as under way; those that lie ahead do not.
 */
export const createActivity = (clock: Clock): Activity => {
  let order = 0;
  const pending = new Map<number, string>();
  let settled: (() => void)[] = [];
  const changed = () => new Promise<void>((resolve) => settled.push(resolve));
  const isDue = () => {
    const next = clock.nextTimer();
    return next !== undefined && next <= clock.ms();
  };

  return {
    track(what, work) {
      const id = order++;
      pending.set(id, what);
      const done = () => {
        pending.delete(id);
        const waiting = settled;
        settled = [];
        for (const resolve of waiting) resolve();
      };
      work.then(done, done);
      return work;
    },
    pending: () => [...pending.values()],
    async idle() {
      // What has just ended may have set off something that registers itself a turn of the event loop later.
      let quietTurns = 0;
      while (quietTurns < 3) {
        if (pending.size > 0) {
          quietTurns = 0;
          await changed();
        } else if (isDue()) {
          quietTurns = 0;
          await nextTurn();
        } else {
          quietTurns++;
          await nextTurn();
        }
      }
    },
  };
};
