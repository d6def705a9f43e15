import type { Clock } from '../clock.ts';

const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** A limit that has been set; `cancel` it when what it limits is over. */
export interface Deadline {
  cancel(): void;
}

/**
 * Calls back once when this much time has passed on the cloud's clock or in real time, whichever is first.
 *
 * A container is a real process: where the cloud's clock stands still it would otherwise run for ever, and where the
 * clock is moved on, what it stands for has run out of time.
 */
export const deadline = (clock: Clock, delayMs: number, callback: () => void): Deadline => {
  let over = false;
  const cancel = () => {
    over = true;
    timer.cancel();
    clearTimeout(timeout);
  };
  const once = () => {
    if (over) return;
    cancel();
    callback();
  };
  const timer = clock.after(delayMs, once);
  const timeout = setTimeout(once, Math.min(delayMs, LONGEST_TIMEOUT_MS));
  timeout.unref();
  return { cancel };
};
