import { rolloutsOf } from '../../shared/ledger/deployments.ts';
import { championSchema, refusalSchema, registeredSchema, type Slot } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { AT_WORK_MS } from '../../shared/runtime/at-work.ts';
import { type Description, type SageMakerApi, text } from '../../shared/sagemaker/resources.ts';
import type { LostEvents } from './lost-events.ts';
import { waitingSince, waits } from './waiting.ts';

/** When a version was last changed; before all time for one that never was. */
const changedAt = (version: Description | undefined): Date => {
  const time = version?.LastModifiedTime;
  return time instanceof Date ? time : new Date(0);
};

/** Held candidates that somebody has approved, and no rollout has come of it. */
export const heldCandidates = (deps: {
  readonly ledger: Ledger;
  readonly sageMaker: Pick<SageMakerApi, 'describePackage'>;
  readonly lost: LostEvents;
  readonly patienceMs: number;
}) => {
  const { ledger, sageMaker, lost, patienceMs } = deps;

  const followApproval = async (model: string, run: string, now: Date): Promise<boolean> => {
    const registered = await ledger.find(registeredSchema, keys.registered(model, run));
    if (!registered || (await ledger.find(refusalSchema, keys.refusal(model, run)))) return false;
    const version = await sageMaker.describePackage(registered.modelPackageArn);
    if (text(version, 'ModelApprovalStatus') !== 'Approved') return false;
    if (now.getTime() - changedAt(version).getTime() < AT_WORK_MS) return false;
    const since = await waitingSince(ledger, 'deploy-model', { model, run, decidedAt: registered.registeredAt });
    if (waits(since, patienceMs, now)) return false;
    await lost.packageApproved(registered.modelPackageArn, now, since);
    return true;
  };

  /**
   * Says again that candidates were approved that were judged against the present champion; those before it cannot be
   * deployed any more.
   * @returns Of how many.
   */
  const followApprovals = async (model: string, slot: Slot | undefined, now: Date): Promise<number> => {
    const held = (slot?.history ?? []).filter(({ end }) => end === 'held');
    if (held.length === 0) return 0;
    const champion = await ledger.find(championSchema, keys.champion(model));
    const rolledOut = new Set((await rolloutsOf(ledger, model)).map(({ deployment }) => deployment.run));
    let followed = 0;
    for (const { run, endedAt } of held) {
      if (rolledOut.has(run)) continue;
      if (champion && Date.parse(endedAt ?? champion.since) < Date.parse(champion.since)) continue;
      if (await followApproval(model, run, now)) followed += 1;
    }
    return followed;
  };

  return { followApprovals };
};
