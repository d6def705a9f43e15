import { type JsonObject, ServiceError } from '../../contracts.ts';
import { present } from '../parameters.ts';
import { queryCodes } from './errors.ts';

// A batch has at most ten entries: message quotas (documented).
const MOST_ENTRIES = 10;

/**
 * Runs a batch: what fails, fails by itself.
 * @throws ServiceError when the batch as a whole is not right.
 */
export const runBatch = <E extends { readonly Id: string }>(
  entries: readonly E[],
  run: (entry: E) => JsonObject | undefined,
): JsonObject => {
  if (entries.length === 0)
    throw new ServiceError('EmptyBatchRequest', 'There should be at least one entry in the request.');
  if (entries.length > MOST_ENTRIES)
    throw new ServiceError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${MOST_ENTRIES}. You have sent ${entries.length}.`,
    );
  const ids = new Set<string>();
  for (const { Id } of entries) {
    if (!/^[\w-]{1,80}$/.test(Id))
      throw new ServiceError(
        'InvalidBatchEntryId',
        'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
      );
    if (ids.has(Id)) throw new ServiceError('BatchEntryIdsNotDistinct', `Id ${Id} repeated.`);
    ids.add(Id);
  }
  const successful: JsonObject[] = [];
  const failed: JsonObject[] = [];
  for (const entry of entries) {
    try {
      successful.push({ Id: entry.Id, ...run(entry) });
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      failed.push({
        Id: entry.Id,
        SenderFault: error.status < 500,
        Code: queryCodes[error.code] ?? error.code,
        Message: error.message,
      });
    }
  }
  return present({ Successful: successful, Failed: failed.length > 0 ? failed : undefined });
};
