/** What the platform team's settings say that models are checked against. */
import { readFile } from 'node:fs/promises';

import { parse } from 'yaml';
import * as z from 'zod';

import { ConfigError } from '../shared/errors.ts';

const settings = z.object({ predictionsKeptDays: z.number().positive() });

export type PlatformLimits = z.infer<typeof settings>;

/**
 * Reads them; undefined where there is no such file, as outside of the project that is deployed.
 * @throws ConfigError when a setting is missing or no number: what cannot be read cannot be checked.
 */
export const readPlatform = async (file = 'platform.yml'): Promise<PlatformLimits | undefined> => {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    if (Object(cause).code === 'ENOENT') return undefined;
    throw cause;
  });
  if (text === undefined) return undefined;
  const read = settings.safeParse(parse(text));
  if (!read.success) throw new ConfigError(`${file}: ${z.prettifyError(read.error)}`, { cause: read.error });
  return read.data;
};
