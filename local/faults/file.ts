/** Fault settings from a file. */
import { readFile } from 'node:fs/promises';

import { parseDocument } from 'yaml';

import { type CheckedFaults, checkFaults, FaultSettingsError } from './settings.ts';

/**
 * Reads a YAML file of fault settings (JSON is YAML).
 * @throws FaultSettingsError that names the file, and the path or line, and what was expected there.
 */
export const readFaults = async (file: string): Promise<CheckedFaults> => {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new FaultSettingsError(`${file}: cannot be read`, { cause });
  });
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error) throw new FaultSettingsError(`${file}: ${error.message}`, { cause: error });
  return checkFaults(document.toJS() ?? {}, file);
};
