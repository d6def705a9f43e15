import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { UserError } from './user-error.ts';

/**
 * Where a container finds and leaves things, below `/opt/ml`:
 * https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html (documented)
 */
export interface ContainerPaths {
  readonly config: (name: string) => string;
  readonly channel: (name: string) => string;
  readonly model: string;
  readonly failure: string;
  /** The path a container without a root of its own would see. */
  readonly inside: (path: string) => string;
}

/** @param root `/` in a real container; on a laptop the folder that stands for it. */
export const containerPaths = (root: string): ContainerPaths => {
  const ml = join(root, 'opt', 'ml');
  return {
    config: (name) => join(ml, 'input', 'config', name),
    channel: (name) => join(ml, 'input', 'data', name),
    model: join(ml, 'model'),
    failure: join(ml, 'output', 'failure'),
    inside: (path) => join(root, path),
  };
};

/** A JSON object of one of the configuration files. */
export type ConfigObject = Readonly<Record<string, unknown>>;

export const isConfigObject = (value: unknown): value is ConfigObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Reads one of SageMaker's configuration files.
 *
 * @returns undefined if there is no such file.
 * @throws UserError if it is not a JSON object.
 */
export const readConfig = (path: string): ConfigObject | undefined => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw cause;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isConfigObject(value)) return value;
  } catch (cause) {
    throw new UserError(`${path} is not JSON`, { cause });
  }
  throw new UserError(`${path} is not a JSON object`);
};
