import { type RunEndFact, runEndSchema, slotSchema } from './facts.ts';
import { keys } from './keys.ts';
import type { Ledger } from './ledger.ts';

/** How long a model's slot remembers ended runs, at most; the longest budget period the definition allows. */
const HISTORY_MS = 366 * 86_400_000;

/**
 * Writes a run's end and releases the model's slot, in this order: a crash between them leaves a run that is known to
 * have ended, and the repeat (or reconciling) releases the slot. The first end stands.
 *
 * Telling `RunEnded` is the caller's next step, whatever this finds.
 *
 * @param beforeRelease What is to be done between the two: as long as the slot is held, reconciling finds the run.
 */
export const endRun = async (
  ledger: Ledger,
  end: RunEndFact,
  beforeRelease?: (stands: RunEndFact) => Promise<void>,
): Promise<RunEndFact> => {
  const stands = await ledger.record(runEndSchema, keys.end(end.model, end.run), end);
  await beforeRelease?.(stands);
  await ledger.point(slotSchema, keys.slot(end.model), (slot) => {
    if (!slot || slot.flight?.run !== end.run) return undefined;
    const oldest = Date.parse(stands.endedAt) - HISTORY_MS;
    return {
      ...slot,
      flight: null,
      history: slot.history
        .filter((run) => Date.parse(run.startedAt) >= oldest)
        .map((run) => (run.run === end.run ? { ...run, endedAt: stands.endedAt, end: stands.end } : run)),
    };
  });
  return stands;
};
