import * as z from 'zod';

import type { Circumstances } from './circumstances.ts';
import { checkAnchor, checkChampion } from './decision-comparison.ts';
import { checkFolds, checkRows, checkTaught, checkThresholds, checkTrivial } from './decision-figures.ts';
import { checkFairness, checkSlices } from './decision-groups.ts';
import { checkGateUses, checkLimits, checkSharedRows, checkSuspicion } from './decision-suspicion.ts';
import type { Evaluation } from './evaluation.ts';
import { together } from './findings.ts';
import { type Policy, policySchema } from './policy.ts';
import { type Reason, reasonSchema } from './reason.ts';

export type { Policy } from './policy.ts';

/** What the gate decided about a run's candidate, and on what terms. `decision.json`; the first one stands. */
export const decisionSchema = z.strictObject({
  model: z.string(),
  run: z.string(),
  outcome: z.enum(['promote', 'hold', 'reject']),
  /** What speaks against the candidate first, then what asks for a person, then what speaks for it, then what should be known. */
  reasons: z.array(reasonSchema).min(1),
  policy: policySchema,
  decidedAt: z.iso.datetime(),
});
export type Decision = z.infer<typeof decisionSchema>;

/** All a decision depends on. */
export interface Evidence {
  /** What candidate, champion and anchor did on the gate rows. */
  readonly evaluation: Evaluation;
  /** What else was known when they did. */
  readonly circumstances: Circumstances;
  /** What the definition asks for. */
  readonly policy: Policy;
}

/**
 * Decides about a candidate. Fails closed: what is undefined, unknown or missing is never a pass. One reason against
 * is enough to reject; without one, one that asks for a person holds; else the candidate is promoted.
 *
 * The same evidence gives the same decision; nothing else is read.
 */
export function decide({ evaluation, circumstances, policy }: Evidence): Pick<Decision, 'outcome' | 'reasons'> {
  const { candidate } = evaluation;
  const reject = (code: string, message: string) => ({ outcome: 'reject' as const, reasons: [{ code, message }] });
  if (candidate.outcome === 'refused') {
    return reject(candidate.code, `the candidate's scores cannot be used: ${candidate.message}`);
  }
  if (evaluation.rows === 0) return reject('no_gate_rows', 'there is not one row to judge the candidate on');
  if (circumstances.model !== evaluation.model || circumstances.run !== evaluation.run) {
    const message = `what is known of run ${circumstances.run} of ${circumstances.model} says nothing about this candidate`;
    return reject('circumstances_of_another_run', message);
  }
  const { against, toPerson, inFavour, notes } = together([
    checkRows(evaluation, candidate, circumstances),
    checkTaught(evaluation, candidate, circumstances),
    checkThresholds(evaluation, candidate, policy),
    checkTrivial(evaluation, candidate, policy),
    ...checkChampion(evaluation, candidate, circumstances, policy),
    checkAnchor(evaluation, candidate, policy),
    checkSlices(evaluation, policy),
    checkFairness(evaluation, policy),
    ...checkLimits(circumstances, policy),
    checkGateUses(circumstances, policy),
    checkSuspicion(evaluation, candidate, circumstances, policy),
    checkSharedRows(evaluation, circumstances),
    checkFolds(evaluation),
  ]);
  if (against.length > 0) return { outcome: 'reject', reasons: [...against, ...toPerson] };
  if (toPerson.length > 0) return { outcome: 'hold', reasons: [...toPerson, ...inFavour, ...notes] };
  if (policy.approval === 'manual') {
    const asked: Reason = {
      code: 'approval_required',
      message: 'the definition asks for a person to approve each candidate',
    };
    return { outcome: 'hold', reasons: [asked, ...inFavour, ...notes] };
  }
  return { outcome: 'promote', reasons: [...inFavour, ...notes] };
}
