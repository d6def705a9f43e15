import * as z from 'zod';

import type { Decision } from './decision.ts';
import type { Reason } from './reason.ts';

/** What a person answered about a held candidate. `approval.json`; the first answer in time stands. */
export const approvalSchema = z.strictObject({
  model: z.string(),
  run: z.string(),
  decision: z.enum(['approved', 'rejected']),
  approver: z.string(),
  reference: z.string().nullable(),
  /** From this time on nothing is deployed on it; null or missing: it does not expire. */
  expiresAt: z.iso.datetime().nullable().optional(),
  givenAt: z.iso.datetime(),
});

/** When, at the latest, an answer about a held candidate still counts: what was judged so long ago says little of today. */
export const answerBefore = (decidedAt: string, maxAgeMs: number): Date => new Date(Date.parse(decidedAt) + maxAgeMs);

const DAY_MS = 86_400_000;

/**
 * Why a candidate is not deployed though somebody approved it, in words; undefined where nothing stands against it.
 * What the gate itself promoted needs no approval; only a changed champion stands against that.
 */
export function lapsedBecause(known: {
  /** Of the run, in milliseconds where it is a time. Undefined where it is not known, as of runs of old. */
  readonly decision: Pick<Decision, 'outcome' | 'decidedAt'> | undefined;
  /** The answer's, null where it has none. */
  readonly expiresAt: string | null;
  /** The champion the candidate was judged against, and the one that serves now; null where there is none. */
  readonly judgedAgainst: string | null;
  readonly championNow: string | null;
  /** After which a model of this kind is old. */
  readonly maxAgeMs: number;
  readonly now: Date;
}): Reason | undefined {
  const { decision, expiresAt, judgedAgainst, championNow, maxAgeMs, now } = known;
  if (championNow !== judgedAgainst) {
    return {
      code: 'champion_changed',
      message: `judged against ${judgedAgainst ?? 'no champion'}, but ${championNow ?? 'none'} is in service now: start a new run`,
    };
  }
  if (decision === undefined || decision.outcome === 'promote') return undefined;
  if (decision.outcome === 'reject') {
    const message = 'the gate rejected this candidate, and no approval changes that: start a new run';
    return { code: 'rejected_by_gate', message };
  }
  // Not `>`: a time that is none has passed.
  if (expiresAt !== null && !(now.getTime() < Date.parse(expiresAt))) {
    return { code: 'approval_expired', message: `the approval expired at ${expiresAt}: nothing is deployed on it` };
  }
  if (now.getTime() < answerBefore(decision.decidedAt, maxAgeMs).getTime()) return undefined;
  const days = Math.floor((now.getTime() - Date.parse(decision.decidedAt)) / DAY_MS);
  return {
    code: 'evidence_too_old',
    message: `judged ${days} days ago, and a model of this kind is old after ${Number((maxAgeMs / DAY_MS).toFixed(1))}: start a new run`,
  };
}
