import { RunEndedV1 } from '../../events/index.ts';
import type { Tell } from '../aws/event-publisher.ts';
import type { RunEndFact } from '../ledger/facts.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { endRun } from '../ledger/run-end.ts';

export interface ConcludeRunDeps {
  readonly ledger: Ledger;
  readonly tell: Tell;
  /** Stops the jobs of a run that failed; of steps in whose time some may be at work. */
  readonly stopJobs?: (of: { readonly model: string; readonly run: string }) => Promise<void>;
}

/**
 * Ends a run, stops what of a failed one is still at work, releases its slot, and tells so. Harmless to repeat: the first
 * end stands and is told again.
 */
export const concludeRun = async (
  { ledger, tell, stopJobs }: ConcludeRunDeps,
  { model, run, end, reason }: Pick<RunEndFact, 'model' | 'run' | 'end' | 'reason'>,
  now: Date,
): Promise<RunEndFact> => {
  const stands = await endRun(ledger, { model, run, end, reason, endedAt: now.toISOString() }, async (stood) => {
    if (stood.end === 'failed') await stopJobs?.({ model, run });
  });
  await tell(
    RunEndedV1,
    `${model}/${run}`,
    { model, run, end: stands.end, reason: stands.reason },
    { now, correlationId: run },
  );
  return stands;
};
