import { rolloutsOf } from '../../shared/ledger/deployments.ts';
import { championSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { type SageMakerApi, text } from '../../shared/sagemaker/resources.ts';
import type { LostEvents } from './lost-events.ts';
import { AT_WORK_MS } from './next-move.ts';
import { waitingSince, waits } from './waiting.ts';

/** An endpoint that another has replaced is kept this long: callers that began with it finish with it. */
const RETIRE_AFTER_MS = 60 * 60_000;

/** Rollouts that are not over, and endpoints that nobody needs. */
export const endpoints = (deps: {
  readonly ledger: Ledger;
  readonly sageMaker: SageMakerApi;
  readonly lost: LostEvents;
  readonly patienceMs: number;
}) => {
  const { ledger, sageMaker, lost, patienceMs } = deps;

  /** A rollout is open with or without a run in flight: a held candidate is deployed after its run has ended. */
  const followRollout = async (model: string, now: Date): Promise<boolean> => {
    const open = (await rolloutsOf(ledger, model)).find(({ ended }) => !ended);
    if (!open) return false;
    const { run, endpointName, modelPackageArn, decidedAt } = open.deployment;
    if (!open.started) {
      const since = await waitingSince(ledger, 'deploy-model', { model, run, decidedAt });
      if (now.getTime() - Date.parse(decidedAt) < AT_WORK_MS || waits(since, patienceMs, now)) return false;
      await lost.packageApproved(modelPackageArn, now, since);
      return true;
    }
    await lost.endpointInService(endpointName, now);
    return true;
  };

  /** Champions before the present one may have had endpoints of their own, for another input. */
  const retireEndpoints = async (model: string, now: Date): Promise<number> => {
    const champion = await ledger.find(championSchema, keys.champion(model));
    if (!champion || champion.n === 1 || now.getTime() - Date.parse(champion.since) < RETIRE_AFTER_MS) return 0;
    // A rollout may be on its way back to an older endpoint.
    if ((await rolloutsOf(ledger, model)).some(({ ended }) => !ended)) return 0;
    let retired = 0;
    const seen = new Set([champion.endpointName]);
    for (let n = champion.n - 1; n >= 1; n -= 1) {
      const previous = await ledger.find(championSchema, keys.championHistory(model, n));
      if (!previous || seen.has(previous.endpointName)) continue;
      seen.add(previous.endpointName);
      const endpoint = await sageMaker.describe('endpoint', previous.endpointName);
      // What went before an endpoint that is gone went before it.
      if (!endpoint) break;
      // One in any other state cannot be deleted yet, or is being deleted. Source: DeleteEndpoint, API reference.
      if (!['InService', 'Failed', 'UpdateRollbackFailed'].includes(text(endpoint, 'EndpointStatus') ?? '')) continue;
      await sageMaker.deleteEndpoint(previous.endpointName);
      retired += 1;
    }
    return retired;
  };

  return { followRollout, retireEndpoints };
};
