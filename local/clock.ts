/**
 * The cloud's time. It can stand still, run at any number of times real time, be set and be advanced; everything in the
 * cloud that waits, waits on it.
 */
import { createTimerQueue } from './timer-queue.ts';

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Epoch milliseconds. */
  ms(): number;
  now(): Date;
  /** Cloud seconds in a real second: 0 while it stands still, 1 while it runs with real time. */
  readonly rate: number;
  /** True: it runs by itself, so that waiting on it ends without anybody moving it. */
  readonly flows: boolean;
  /**
   * Lets it run by itself from where it is.
   * @param rate Cloud seconds in a real second, from 0 (it stands) to {@link MAX_RATE}; 1, real time, by default.
   * @throws RangeError for another rate
   */
  run(rate?: number): void;
  /** Lets it stand where it is: `run(0)`. */
  freeze(): void;
  /** Calls back once when the clock reaches this time (at once, but never synchronously, if it has passed). */
  at(epochMs: number, callback: () => void, what?: string): Timer;
  after(delayMs: number, callback: () => void, what?: string): Timer;
  /**
   * Moves the clock on. Due timers fire in the order of their times, the clock standing at each timer's time while it
   * fires; `between` is awaited after each (so that what a timer set off is over before the next one fires).
   */
  advance(byMs: number, between?: () => Promise<void>): Promise<void>;
  /** Sets the time without firing anything that lies in between when it moves back; forward it is `advance`. */
  set(epochMs: number, between?: () => Promise<void>): Promise<void>;
  /**
   * Moves the clock on as a machine that slept: at once, and then what fell due meanwhile fires at the new time, in its
   * order. What repeats fires once and not for every time it missed.
   */
  jump(epochMs: number, between?: () => Promise<void>): Promise<void>;
  /** The time of the next timer, undefined if none waits. */
  nextTimer(): number | undefined;
  /** Stops running and forgets all timers. */
  close(): void;
}

/** A day in a second: faster than that, timers fire too late to mean anything. */
export const MAX_RATE = 86_400;

/** The time outside of the cloud, which a clock that runs goes by. */
export interface RealTime {
  /** Milliseconds since whenever; never goes back. */
  ms(): number;
  /** Calls back once, never synchronously. */
  after(delayMs: number, callback: () => void): Timer;
}

const MACHINE_TIME: RealTime = {
  ms: () => performance.now(),
  after(delayMs, callback) {
    if (delayMs <= 0) {
      // A timeout takes a millisecond at least: on a clock that stands, that is what most of a story would wait for.
      const immediate = setImmediate(callback);
      immediate.unref();
      return { cancel: () => clearImmediate(immediate) };
    }
    const timeout = setTimeout(callback, delayMs);
    // A clock that only waits for timers keeps no process alive.
    timeout.unref();
    return { cancel: () => clearTimeout(timeout) };
  },
};

/** setTimeout takes a longer delay for none. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** @throws RangeError for a rate no clock can run at. */
const checkRate = (rate: number): number => {
  if (!(rate >= 0 && rate <= MAX_RATE)) throw new RangeError(`a clock's rate is from 0 to ${MAX_RATE}, not ${rate}`);
  return rate;
};

/**
 * @param start Epoch milliseconds the clock shows first.
 * @param flow True: it runs with real time from there; a number: at so many times real time. False or 0: it stands still
 *   until it is set, advanced or run.
 * @param real What it runs by: the machine's time by default.
 * @throws RangeError for a rate that is not from 0 to {@link MAX_RATE}
 */
export const createClock = (start: number, flow: boolean | number, real: RealTime = MACHINE_TIME): Clock => {
  let rate = checkRate(Number(flow));
  let base = start;
  let realBase = real.ms();
  let order = 0;
  let wake: Timer | undefined;
  let closed = false;
  const timers = createTimerQueue();

  const ms = () => Math.floor(rate > 0 ? base + (real.ms() - realBase) * rate : base);
  const moveTo = (time: number) => {
    base = time;
    realBase = real.ms();
  };
  const stopWaking = () => {
    wake?.cancel();
    wake = undefined;
  };
  const fireDue = () => {
    wake = undefined;
    for (let timer = timers.first(); timer && timer.time <= ms(); timer = timers.first()) {
      timers.remove(timer);
      timer.callback();
    }
    schedule();
  };
  const schedule = () => {
    stopWaking();
    const next = timers.first();
    if (!next || closed) return;
    const wait = next.time - ms();
    if (wait <= 0) wake = real.after(0, fireDue);
    else if (rate > 0) wake = real.after(Math.min(wait / rate, LONGEST_WAIT_MS), fireDue);
  };

  const advanceTo = async (target: number, between?: () => Promise<void>) => {
    stopWaking();
    for (let timer = timers.first(); timer && timer.time <= target; timer = timers.first()) {
      timers.remove(timer);
      if (timer.time > ms()) moveTo(timer.time);
      timer.callback();
      // Another timer may be due at the same time, and `between` waits until nothing is due: it has to fire by itself.
      schedule();
      await between?.();
      stopWaking();
    }
    if (target > ms()) moveTo(target);
    schedule();
  };
  const run = (newRate = 1) => {
    const checked = checkRate(newRate);
    // What has gone by has gone by at the old rate. Whole milliseconds: the clock never shows a part of one.
    moveTo(ms());
    rate = checked;
    clock.rate = rate;
    clock.flows = rate > 0;
    schedule();
  };

  // Its rate is told and not asked for: an accessor would make of a clock, which everything reads, a dictionary.
  const clock = {
    ms,
    rate,
    flows: rate > 0,
    run,
    freeze: () => run(0),
    now: () => new Date(ms()),
    at(time: number, callback: () => void): Timer {
      const timer = { time, order: order++, callback };
      if (closed) return { cancel: () => undefined };
      timers.add(timer);
      // What waits behind another changes nothing of when the clock has to wake.
      if (timers.first() === timer || !wake) schedule();
      return { cancel: () => timers.remove(timer) };
    },
    after: (delay: number, callback: () => void): Timer => clock.at(ms() + delay, callback),
    advance: (by: number, between?: () => Promise<void>) => advanceTo(ms() + by, between),
    async set(time: number, between?: () => Promise<void>) {
      if (time >= ms()) await advanceTo(time, between);
      else moveTo(time);
      schedule();
    },
    async jump(time: number, between?: () => Promise<void>) {
      if (time > ms()) moveTo(time);
      await advanceTo(ms(), between);
    },
    nextTimer: () => timers.first()?.time,
    close() {
      closed = true;
      stopWaking();
      timers.clear();
    },
  };
  return clock;
};
