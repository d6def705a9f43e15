/** The millrace command, as a person gives it. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';

import { clientSettings } from '../../cli/local/stack.ts';
import type { World } from './world.ts';

export interface Told {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program beside the cloud, which lives in this process and has to go on answering. */
export const run = (program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Told> =>
  new Promise((resolve, reject) => {
    execFile(
      program,
      args,
      { timeout: 300_000, env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env } },
      (error, stdout, stderr) => {
        if (error && typeof error.code !== 'number') reject(error);
        else resolve({ exit: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
      },
    );
  });

/** Gives a command and waits for what follows. */
export const millrace = async (world: World, ...args: string[]): Promise<Told> => {
  const command = join(import.meta.dirname, '../../cli/millrace.ts');
  const told = await run(process.execPath, [command, ...args], clientSettings(world.cloud.url, world.cloud.region));
  await world.settle();
  return told;
};
