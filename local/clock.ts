/**
 * The cloud's time. It can stand still, flow with real time, be set and be advanced; everything in the cloud that
 * waits, waits on it.
 */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Epoch milliseconds. */
  ms(): number;
  now(): Date;
  /** True: it runs with real time by itself, so that waiting a second on it takes a second. */
  readonly flows: boolean;
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
  /** Stops flowing and forgets all timers. */
  close(): void;
}

interface Entry {
  readonly time: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * @param start Epoch milliseconds the clock shows first.
 * @param flow True: it runs with real time from there. False: it stands still until it is set or advanced.
 */
export const createClock = (start: number, flow: boolean): Clock => {
  let base = start;
  let realBase = performance.now();
  let order = 0;
  let wake: NodeJS.Timeout | undefined;
  let closed = false;
  const entries = new Set<Entry>();

  const ms = () => Math.floor(flow ? base + (performance.now() - realBase) : base);
  const moveTo = (time: number) => {
    base = time;
    realBase = performance.now();
  };
  const earliest = () => {
    let found: Entry | undefined;
    for (const entry of entries) {
      if (!found || entry.time < found.time || (entry.time === found.time && entry.order < found.order)) found = entry;
    }
    return found;
  };
  const fireDue = () => {
    for (let entry = earliest(); entry && entry.time <= ms(); entry = earliest()) {
      entries.delete(entry);
      entry.callback();
    }
    schedule();
  };
  const schedule = () => {
    clearTimeout(wake);
    const next = earliest();
    if (!next || closed) return;
    const wait = next.time - ms();
    if (wait <= 0) wake = setTimeout(fireDue, 0);
    else if (flow) wake = setTimeout(fireDue, Math.min(wait, 2 ** 31 - 1));
    // A clock that only waits for timers keeps no process alive.
    wake?.unref();
  };

  const advanceTo = async (target: number, between?: () => Promise<void>) => {
    clearTimeout(wake);
    for (let entry = earliest(); entry && entry.time <= target; entry = earliest()) {
      entries.delete(entry);
      if (entry.time > ms()) moveTo(entry.time);
      entry.callback();
      // Another timer may be due at the same time, and `between` waits until nothing is due: it has to fire by itself.
      schedule();
      await between?.();
      clearTimeout(wake);
    }
    if (target > ms()) moveTo(target);
    schedule();
  };

  return {
    ms,
    flows: flow,
    now: () => new Date(ms()),
    at(time, callback) {
      const entry = { time, order: order++, callback };
      if (!closed) entries.add(entry);
      schedule();
      return { cancel: () => void entries.delete(entry) };
    },
    after(delay, callback, what) {
      return this.at(ms() + delay, callback, what);
    },
    advance: (by, between) => advanceTo(ms() + by, between),
    async set(time, between) {
      if (time >= ms()) await advanceTo(time, between);
      else moveTo(time);
      schedule();
    },
    async jump(time, between) {
      if (time > ms()) moveTo(time);
      await advanceTo(ms(), between);
    },
    nextTimer: () => earliest()?.time,
    close() {
      closed = true;
      clearTimeout(wake);
      entries.clear();
    },
  };
};
