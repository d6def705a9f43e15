/** Crashes between any two effects: what a step does is cut off at each one, before it or after it, and woken again. */
import { expect } from 'vitest';

import type { ObjectStore } from '../../../shared/ledger/object-store.ts';
import type { SageMakerApi } from '../../../shared/sagemaker/resources.ts';

/** The process died, or the answer never came. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** Counts effects and fails one of them: before it took place, or after it did and nobody heard. */
export interface Fuse {
  readonly effects: () => number;
  guard<T>(effect: () => Promise<T>): Promise<T>;
}

export const fuse = (at: number, when: 'before' | 'after'): Fuse => {
  let effects = 0;
  return {
    effects: () => effects,
    async guard(effect) {
      effects += 1;
      if (effects !== at) return effect();
      if (when === 'after') await effect();
      throw new Crash(`${when} effect ${at}`);
    },
  };
};

/** A store whose writes can be cut off. */
export const fragileStore = (store: ObjectStore, { guard }: Fuse): ObjectStore => ({
  ...store,
  put: (...given) => guard(() => store.put(...given)),
  upload: (...given) => guard(() => store.upload(...given)),
});

/** A SageMaker whose changes can be cut off. */
export const fragileSageMaker = (sageMaker: SageMakerApi, { guard }: Fuse): SageMakerApi => ({
  ...sageMaker,
  create: (...given) => guard(() => sageMaker.create(...given)),
  stop: (...given) => guard(() => sageMaker.stop(...given)),
  updateEndpoint: (...given) => guard(() => sageMaker.updateEndpoint(...given)),
  deleteEndpoint: (...given) => guard(() => sageMaker.deleteEndpoint(...given)),
  remove: (...given) => guard(() => sageMaker.remove(...given)),
  createPackage: (...given) => guard(() => sageMaker.createPackage(...given)),
  updatePackage: (...given) => guard(() => sageMaker.updatePackage(...given)),
});

/** One world a step acts in, and what it has come to. */
export interface Trial {
  /** Wakes the step; its effects go through the fuse. */
  wake(fuse: Fuse): Promise<unknown>;
  /** Everything that lasts: facts, what is on SageMaker, what was told. */
  state(): Promise<unknown>;
}

/**
 * Cuts a step off at each of its effects in a world of its own, wakes it again, and expects what an unhurt step comes
 * to. Gives the number of effects, so that a test can say there were some.
 */
export const finishesAfterAnyCrash = async (prepare: () => Promise<Trial>): Promise<number> => {
  const unhurt = await prepare();
  const whole = fuse(0, 'before');
  await unhurt.wake(whole);
  const expected = await unhurt.state();

  for (let at = 1; at <= whole.effects(); at += 1) {
    for (const when of ['before', 'after'] as const) {
      const trial = await prepare();
      // Some steps find out by asking that the effect took place, and go on.
      await trial.wake(fuse(at, when)).catch((error: unknown) => {
        if (!(error instanceof Crash)) throw error;
      });

      await trial.wake(fuse(0, 'before'));

      expect(await trial.state(), `a crash ${when} effect ${at}`).toEqual(expected);
    }
  }
  return whole.effects();
};
