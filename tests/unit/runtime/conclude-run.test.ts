import { describe, expect, it } from 'vitest';

import { ConfigError } from '../../../shared/errors.ts';
import { concludeRun } from '../../../shared/runtime/conclude-run.ts';
import { environment } from '../../../shared/runtime/environment.ts';
import { finishesAfterAnyCrash } from '../steps/crash.ts';
import { DAYS_LATER, loopWorld, MODEL, NOW, RUN } from '../steps/loop-world.ts';

const END = { model: MODEL, run: RUN, end: 'failed' as const, reason: 'the container said so' };

const inFlight = async () => {
  const loop = loopWorld();
  await loop.planned(await loop.publish());
  return loop;
};

describe('concluding a run', () => {
  it('tells the end that stands, which may be another’s', async () => {
    const run = await inFlight();
    await concludeRun(run, END, NOW);

    const stands = await concludeRun(run, { ...END, end: 'promoted', reason: 'another' }, DAYS_LATER);

    expect(stands).toEqual({ ...END, endedAt: NOW.toISOString() });
    expect(run.told[1]).toEqual(run.told[0]);
    expect(run.told[0]).toEqual({ type: 'RunEnded.v1', about: `${MODEL}/${RUN}`, data: END });
  });

  it('comes to the same after a crash at any effect', async () => {
    const effects = await finishesAfterAnyCrash(async () => {
      const run = await inFlight();
      return { wake: (through) => concludeRun(run.deps(through), END, NOW), state: run.state };
    });

    expect(effects).toBe(3);
  });
});

describe('settings', () => {
  it('that are missing are named, all of them', () => {
    expect(() => environment('PATH', 'NO_SUCH_SETTING', 'NOR_THIS')).toThrow(ConfigError);
    expect(() => environment('PATH', 'NO_SUCH_SETTING', 'NOR_THIS')).toThrow(
      'missing settings: NO_SUCH_SETTING, NOR_THIS',
    );
  });

  it('are given by name', () => {
    expect(environment('PATH')).toEqual({ PATH: process.env.PATH });
  });
});
