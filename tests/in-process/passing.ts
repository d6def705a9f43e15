/** A world of its own for each test, in which time passes. */
import { afterEach } from 'vitest';

import type { World } from '../loop/world.ts';
import { startInProcessWorld } from './world.ts';

let open: World | undefined;

const close = async (): Promise<void> => {
  await open?.close();
  open = undefined;
};

/** Starts a world in place of the last one. */
export const startWorld = async (options: Parameters<typeof startInProcessWorld>[0]): Promise<World> => {
  await close();
  open = await startInProcessWorld(options);
  return open;
};

/** To be called once by a file of tests. */
export const closeAfterEach = (): void => afterEach(close);

/** Lets time pass, and everything that falls due meanwhile. */
export const pass = async (world: World, ms: number): Promise<void> => {
  await world.cloud.clock.advance(ms, () => world.cloud.activity.idle());
  await world.settle();
};

/** Lets time pass up to a moment. */
export const passUntil = (world: World, time: string): Promise<void> =>
  pass(world, Date.parse(time) - world.cloud.clock.now().getTime());
