/** The faults at the control door: what is set and what it did, and setting it anew. */
import { type JsonObject, ServiceError } from '../contracts.ts';
import type { FaultControl } from './faults.ts';
import { type CheckedFaults, checkFaults, FaultSettingsError } from './settings.ts';

/** What `GET /_cloud/faults` shows. */
export const showFaults = (faults: FaultControl): JsonObject => JSON.parse(JSON.stringify(faults.report()));

/**
 * What `PUT /_cloud/faults` does: puts these settings in place of all others.
 * @throws ServiceError ValidationException that names each path and what was expected there.
 */
export const putFaults = (faults: FaultControl, settings: JsonObject): JsonObject => {
  try {
    const checked: CheckedFaults = checkFaults(settings);
    faults.set(checked);
  } catch (error) {
    if (!(error instanceof FaultSettingsError)) throw error;
    throw new ServiceError('ValidationException', error.message);
  }
  return showFaults(faults);
};
