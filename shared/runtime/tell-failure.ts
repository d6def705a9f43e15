import { logger } from './logger.ts';
import { countOutcome } from './metrics.ts';

/**
 * Tells of what failed and stops nothing: an error in the log, and a count of its own.
 * @param outcome what it is counted as
 */
export const tellFailure =
  (what: string, outcome: string) =>
  (cause: unknown, about: Readonly<Record<string, string>>): void => {
    countOutcome(outcome);
    logger.error(what, { error: cause instanceof Error ? cause : new Error(String(cause)), ...about });
  };
