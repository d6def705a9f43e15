import { afterEach, describe, expect, it } from 'vitest';

import { createActivity } from '../../../local/activity.ts';
import { type Clock, createClock } from '../../../local/clock.ts';

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

  it('flows with real time when it is told to, from where it was set', async () => {
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
