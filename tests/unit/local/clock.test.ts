import { afterEach, describe, expect, it } from 'vitest';
import { createActivity } from '../../../local/activity.ts';
import { type Clock, createClock, MAX_RATE, type RealTime } from '../../../local/clock.ts';
import fc from '../../fast-check.ts';

const START = Date.parse('2001-01-25T10:15:00Z');
const clocks: Clock[] = [];
const still = () => {
  const clock = createClock(START, false);
  clocks.push(clock);
  return clock;
};
afterEach(() => {
  for (const clock of clocks.splice(0)) clock.close();
});

describe('the clock', () => {
  it('stands still until it is moved', async () => {
    const clock = still();
    await new Promise((resolve) => setImmediate(resolve));
    const before = clock.ms();
    await clock.advance(1500);

    expect(before).toBe(START);
    expect(clock.now().toISOString()).toBe('2001-01-25T10:15:01.500Z');
  });

  it('fires timers in the order of their times, and of their making where times are equal', async () => {
    const clock = still();
    const fired: string[] = [];
    for (const [name, delay] of [
      ['c', 30],
      ['a', 10],
      ['b1', 20],
      ['b2', 20],
    ] as const) {
      clock.after(delay, () => fired.push(`${name} at ${clock.ms() - START}`));
    }

    await clock.advance(100);

    expect(fired).toEqual(['a at 10', 'b1 at 20', 'b2 at 20', 'c at 30']);
    expect(clock.ms()).toBe(START + 100);
  });

  it('fires timers of one time while whoever moves it waits for quiet between them', async () => {
    const clock = still();
    const activity = createActivity(clock);
    const fired: string[] = [];
    for (const name of ['a', 'b', 'c']) clock.after(10, () => fired.push(name));

    await clock.advance(10, () => activity.idle());

    expect(fired).toEqual(['a', 'b', 'c']);
  });

  it('fires a timer that another one sets within the same advance, at its own time', async () => {
    const clock = still();
    const fired: number[] = [];
    const again = () => {
      fired.push(clock.ms() - START);
      clock.after(40, again);
    };
    clock.after(40, again);

    await clock.advance(130);

    expect(fired).toEqual([40, 80, 120]);
    expect(clock.nextTimer()).toBe(START + 160);
  });

  it('fires no timer that is cancelled, and none that it jumps back over', async () => {
    const clock = still();
    const fired: string[] = [];
    clock.after(10, () => fired.push('cancelled')).cancel();
    clock.after(20, () => fired.push('kept'));

    await clock.set(START - 1000);
    const back = [...fired];
    await clock.set(START + 20);

    expect(back).toEqual([]);
    expect(fired).toEqual(['kept']);
  });

  it('never fires synchronously, also when the time has passed', async () => {
    const clock = still();
    const activity = createActivity(clock);
    const fired: string[] = [];
    clock.at(START - 5000, () => fired.push('late'));
    const atOnce = [...fired];

    await activity.idle();

    expect(atOnce).toEqual([]);
    expect(fired).toEqual(['late']);
  });

  it('flows with the machine’s time when it is told to, from where it was set', async () => {
    const clock = createClock(START, true);
    clocks.push(clock);
    await new Promise<void>((resolve) => clock.after(5, resolve));
    const flowed = clock.ms();
    await clock.set(START + 3_600_000);

    expect(flowed).toBeGreaterThanOrEqual(START + 5);
    expect(flowed).toBeLessThan(START + 60_000);
    expect(clock.ms()).toBeGreaterThanOrEqual(START + 3_600_000);
    expect(clock.ms()).toBeLessThan(START + 3_660_000);
  });

  it('forgets its timers when it is closed', async () => {
    const clock = still();
    clock.after(10, () => {
      throw new Error('fired after close');
    });
    clock.close();
    await clock.advance(100);

    expect(clock.nextTimer()).toBeUndefined();
  });
});

/** Real time that passes when a test says so. */
const createRealTime = () => {
  let now = 0;
  let order = 0;
  const waiting = new Map<number, { readonly at: number; readonly callback: () => void }>();
  const time: RealTime = {
    ms: () => now,
    after(delayMs, callback) {
      const id = order++;
      waiting.set(id, { at: now + delayMs, callback });
      return { cancel: () => void waiting.delete(id) };
    },
  };
  return {
    time,
    /** How many wake-ups wait. */
    waiting: () => waiting.size,
    pass(byMs: number) {
      const end = now + byMs;
      for (;;) {
        const [next] = [...waiting].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at);
        if (!next) break;
        const [id, { at, callback }] = next;
        waiting.delete(id);
        now = Math.max(now, at);
        callback();
      }
      now = end;
    },
  };
};
const running = (flow: boolean | number) => {
  const real = createRealTime();
  const clock = createClock(START, flow, real.time);
  clocks.push(clock);
  return { real, clock, shown: () => clock.ms() - START };
};

describe('a clock that runs', () => {
  it('shows so many times the real time', () => {
    const { real, shown } = running(60);
    real.pass(1000);

    expect(shown()).toBe(60_000);
  });

  it('changes its rate without a leap, stands when it is frozen, and runs on from there', () => {
    const { real, clock, shown } = running(10);
    real.pass(100);
    clock.run(2);
    const changed = shown();
    real.pass(50);
    clock.freeze();
    const frozen = { shown: shown(), rate: clock.rate, flows: clock.flows };
    real.pass(5000);
    const later = shown();
    clock.run();
    real.pass(7);

    expect(changed).toBe(1000);
    expect(frozen).toEqual({ shown: 1100, rate: 0, flows: false });
    expect(later).toBe(1100);
    expect(shown()).toBe(1107);
  });

  it('fires timers in the order of their times, when their time has come and not before', () => {
    const { real, clock, shown } = running(60);
    const fired: string[] = [];
    for (const [name, seconds] of [
      ['c', 180],
      ['a', 60],
      ['b', 120],
    ] as const)
      clock.after(seconds * 1000, () => fired.push(`${name} at ${shown() / 1000}`));

    real.pass(999);
    const before = [...fired];
    real.pass(1);
    const first = [...fired];
    real.pass(5000);

    expect(before).toEqual([]);
    expect(first).toEqual(['a at 60']);
    expect(fired).toEqual(['a at 60', 'b at 120', 'c at 180']);
  });

  it('leaves timers alone while it stands, and takes them up when it runs', () => {
    const { real, clock } = running(0);
    const fired: string[] = [];
    clock.after(1000, () => fired.push('due'));
    real.pass(10_000);
    const standing = [...fired];
    clock.run(1000);
    real.pass(1);

    expect(standing).toEqual([]);
    expect(fired).toEqual(['due']);
  });

  it('wakes for a timer that comes in front of the one it waits for', () => {
    const { real, clock } = running(1);
    const fired: string[] = [];
    clock.after(1000, () => fired.push('late'));
    clock.after(10, () => fired.push('early'));
    real.pass(10);

    expect(fired).toEqual(['early']);
    expect(real.waiting()).toBe(1);
  });

  it('can be advanced and set while it runs, and runs on from there', async () => {
    const { real, clock, shown } = running(2);
    const fired: number[] = [];
    clock.after(500, () => fired.push(shown()));
    await clock.advance(1000);
    const advanced = shown();
    real.pass(10);
    await clock.set(START + 5000);
    real.pass(10);

    expect(fired).toEqual([500]);
    expect(advanced).toBe(1000);
    expect(shown()).toBe(5020);
  });

  it('stays asleep for no longer than a machine’s timer can wait', () => {
    const { real, clock, shown } = running(1);
    const fired: number[] = [];
    const days = 40 * 86_400_000;
    clock.after(days, () => fired.push(shown()));
    real.pass(days);

    expect(fired).toEqual([days]);
  });

  it('sleeps no more when it is closed', () => {
    const { real, clock } = running(1);
    clock.after(10, () => undefined);
    clock.close();
    clock.run(5);
    clock.after(10, () => undefined);

    expect(real.waiting()).toBe(0);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, MAX_RATE + 1])('refuses the rate %d', (rate) => {
    const { clock } = running(3);

    expect(() => clock.run(rate)).toThrow(RangeError);
    expect(() => createClock(START, rate)).toThrow(RangeError);
    expect(clock.rate).toBe(3);
  });
});

describe('timers', () => {
  it('fire in order whatever was added and cancelled in between', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ delay: fc.nat({ max: 50 }), cancelled: fc.boolean() }), { maxLength: 60 }),
        async (wanted) => {
          const clock = createClock(0, false);
          const fired: number[] = [];
          const made = wanted.map(({ delay }, index) => clock.after(delay + 1, () => fired.push(index)));
          for (const [index, { cancelled }] of wanted.entries()) if (cancelled) made[index]?.cancel();
          await clock.advance(100);
          clock.close();
          const expected = wanted
            .map(({ delay, cancelled }, index) => ({ delay, cancelled, index }))
            .filter(({ cancelled }) => !cancelled)
            .sort((a, b) => a.delay - b.delay || a.index - b.index)
            .map(({ index }) => index);
          expect(fired).toEqual(expected);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('activity', () => {
  it('is idle when nothing is under way, and not before work that work sets off is over', async () => {
    const activity = createActivity(still());
    const story: string[] = [];
    const later = (name: string) =>
      new Promise<void>((resolve) =>
        setImmediate(() => {
          story.push(name);
          resolve();
        }),
      );
    const chain = later('first').then(() => {
      void activity.track('second', later('second'));
    });
    void activity.track('first', chain);

    const during = activity.pending();
    await activity.idle();

    expect(during).toEqual(['first']);
    expect(story).toEqual(['first', 'second']);
    expect(activity.pending()).toEqual([]);
  });

  it('counts work that fails as over, and leaves its failure to whoever asked for it', async () => {
    const activity = createActivity(still());
    const failing = activity.track('failing', Promise.reject(new Error('no')));

    await activity.idle();

    await expect(failing).rejects.toThrow('no');
  });
});
