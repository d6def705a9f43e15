/** A world of its own for each test, in which time passes. */
import { afterEach } from 'vitest';

import { parcels } from '../loop/parcels.ts';
import { HOUR_MS, type World } from '../loop/world.ts';
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

/** Starts a world in which `model` was trained on 36 days of parcels from 10 February on, and is in service. */
export const startInService = async (
  model: string,
  start: string,
  options: Partial<Parameters<typeof startInProcessWorld>[0]> = {},
): Promise<World> => {
  const world = await startWorld({ models: [model], start, ...options });
  await world.land(`incoming/${model}/first.csv`, parcels('2001-02-10', 36));
  await pass(world, 2 * HOUR_MS);
  return world;
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
