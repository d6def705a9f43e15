import { RunEndedV1 } from '../../events/index.ts';
import type { Tell } from '../aws/event-publisher.ts';
import type { RunEndFact } from '../ledger/facts.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { endRun } from '../ledger/run-end.ts';

/** Ends a run, releases its slot, and tells so. Harmless to repeat: the first end stands and is told again. */
export const concludeRun = async (
  { ledger, tell }: { ledger: Ledger; tell: Tell },
  { model, run, end, reason }: Pick<RunEndFact, 'model' | 'run' | 'end' | 'reason'>,
  now: Date,
): Promise<RunEndFact> => {
  const stands = await endRun(ledger, { model, run, end, reason, endedAt: now.toISOString() });
  await tell(
    RunEndedV1,
    `${model}/${run}`,
    { model, run, end: stands.end, reason: stands.reason },
    { now, correlationId: run },
  );
  return stands;
};
