import { runPlanSchema, type Slot } from './facts.ts';
import { keys } from './keys.ts';
import type { Ledger } from './ledger.ts';

/** After so many rejections in a row no run starts by itself: a person has to look. */
export const REJECTIONS_THAT_PAUSE = 2;

/** Rejections in a row at the end of a model's runs. */
export interface Rejections {
  /** Counted up to {@link REJECTIONS_THAT_PAUSE}. */
  readonly inARow: number;
  /** The latest of them; null without one. */
  readonly run: string | null;
}

/**
 * The candidates that were rejected since the last run with another end, under the definition in force: who publishes
 * another one has looked. A run that failed says nothing of the data and is passed over.
 */
export const rejectionsInARow = async (
  ledger: Ledger,
  model: string,
  slot: Slot | undefined,
  definitionDigest: string,
): Promise<Rejections> => {
  const rejected: string[] = [];
  for (const { run, end } of (slot?.history ?? []).toReversed()) {
    if (end === 'failed' || end === null) continue;
    if (end !== 'rejected') break;
    const plan = await ledger.find(runPlanSchema, keys.plan(model, run));
    if (plan?.definitionDigest !== definitionDigest) break;
    rejected.push(run);
    if (rejected.length === REJECTIONS_THAT_PAUSE) break;
  }
  return { inARow: rejected.length, run: rejected[0] ?? null };
};
