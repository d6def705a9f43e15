import { ConfigError } from '../errors.ts';

/**
 * Reads settings by name.
 * @throws ConfigError naming all that are missing, at start, so that the deployment fails and not the first event.
 */
export const environment = <Name extends string>(...names: Name[]): Record<Name, string> => {
  const missing = names.filter((name) => !process.env[name]);
  if (missing.length > 0) throw new ConfigError(`missing settings: ${missing.join(', ')}`);
  return Object.fromEntries(names.map((name) => [name, process.env[name]])) as Record<Name, string>;
};
