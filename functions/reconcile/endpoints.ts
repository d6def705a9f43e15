import { type Rollout, rolloutsOf } from '../../shared/ledger/deployments.ts';
import { championSchema, deploymentClearedSchema, deploymentEndSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { previousChampion } from '../../shared/rollout/previous-champion.ts';
import { AT_WORK_MS } from '../../shared/runtime/at-work.ts';
import { type SageMakerApi, text } from '../../shared/sagemaker/resources.ts';
import { isDeletable, takesConfig } from '../../shared/sagemaker/serving.ts';
import type { LostEvents } from './lost-events.ts';
import { waitingSince, waits } from './waiting.ts';

/** An endpoint that another has replaced is kept this long: callers that began with it finish with it. */
const RETIRE_AFTER_MS = 60 * 60_000;

/** A look over everything is short. */
const CLEARED_AT_ONCE = 5;

/** Rollouts that are not over, and endpoints that nobody needs. */
export const endpoints = (deps: {
  readonly ledger: Ledger;
  readonly sageMaker: SageMakerApi;
  readonly lost: LostEvents;
  readonly patienceMs: number;
}) => {
  const { ledger, sageMaker, lost, patienceMs } = deps;

  /** One that is over and was taken back must not be what is served: putting the old configuration back can fail, too. */
  const followLast = async (model: string, last: Rollout | undefined, now: Date): Promise<boolean> => {
    if (!last || last.cleared) return false;
    const { n, endpointName, endpointConfigName } = last.deployment;
    const end = await ledger.find(deploymentEndSchema, keys.deploymentEnd(model, n));
    if (!end || end.outcome === 'deployed') return false;
    const champion = await ledger.find(championSchema, keys.champion(model));
    if (champion?.endpointConfigName === endpointConfigName) return false;
    const endpoint = await sageMaker.describe('endpoint', endpointName);
    const stands =
      text(endpoint, 'EndpointStatus') === 'InService' && text(endpoint, 'EndpointConfigName') === endpointConfigName;
    if (stands) await lost.endpointInService(endpointName, now);
    return stands;
  };

  /** A rollout is open with or without a run in flight: a held candidate is deployed after its run has ended. */
  const followRollout = async (model: string, now: Date): Promise<boolean> => {
    const rollouts = await rolloutsOf(ledger, model);
    const open = rollouts.find(({ ended }) => !ended);
    if (!open) return followLast(model, rollouts.at(-1), now);
    const { run, endpointName, modelPackageArn, decidedAt, rollback } = open.deployment;
    if (!open.started) {
      const since = await waitingSince(ledger, 'deploy-model', { model, run, decidedAt });
      if (now.getTime() - Date.parse(decidedAt) < AT_WORK_MS || waits(since, patienceMs, now)) return false;
      if (rollback) await lost.rollbackRequested(open.deployment, now, since);
      else await lost.packageApproved(modelPackageArn, now, since);
      return true;
    }
    await lost.endpointInService(endpointName, now);
    return true;
  };

  /** Champions before the present one may have had endpoints of their own, for another input. */
  const retireEndpoints = async (model: string, now: Date): Promise<number> => {
    const champion = await ledger.find(championSchema, keys.champion(model));
    if (!champion || now.getTime() - Date.parse(champion.retired?.at ?? champion.since) < RETIRE_AFTER_MS) return 0;
    if (champion.n === 1 && !champion.retired) return 0;
    // A rollout may be on its way back to an older endpoint.
    if ((await rolloutsOf(ledger, model)).some(({ ended }) => !ended)) return 0;
    let retired = 0;
    // The endpoint of a model that somebody took out of service goes with it, and may not have been ready to.
    const seen = new Set(champion.retired ? [] : [champion.endpointName]);
    for (let n = champion.n; n >= 1; n -= 1) {
      const previous = await ledger.find(championSchema, keys.championHistory(model, n));
      if (!previous || seen.has(previous.endpointName)) continue;
      seen.add(previous.endpointName);
      const endpoint = await sageMaker.describe('endpoint', previous.endpointName);
      // What went before an endpoint that is gone went before it; a retired model's own goes first.
      if (!endpoint && n === champion.n) continue;
      if (!endpoint) break;
      if (!isDeletable(endpoint)) continue;
      await sageMaker.deleteEndpoint(previous.endpointName);
      retired += 1;
    }
    return retired;
  };

  /**
   * Deletes configurations that no endpoint will serve again, and the models of candidates that did not hold, a few at a
   * look. What serves stays, and what a rollback would put back; the models of champions stay, because candidates are held
   * against them. A configuration that is wanted after all is made again from its recorded request.
   */
  const clearRollouts = async (model: string, now: Date): Promise<number> => {
    const champion = await ledger.find(championSchema, keys.champion(model));
    if (!champion || now.getTime() - Date.parse(champion.since) < RETIRE_AFTER_MS) return 0;
    const rollouts = await rolloutsOf(ledger, model);
    if (rollouts.some(({ ended }) => !ended) || rollouts.every(({ cleared }) => cleared)) return 0;
    const before = await previousChampion(ledger, champion, rollouts, async () => false);
    const needed = new Set([champion.endpointConfigName, before?.endpointConfigName]);
    const idle = rollouts.filter(({ deployment, cleared }) => !cleared && !needed.has(deployment.endpointConfigName));
    let cleared = 0;
    for (const { deployment } of idle.slice(0, CLEARED_AT_ONCE)) {
      const { n, endpointName, endpointConfigName, modelName, rollback } = deployment;
      if (takesConfig(await sageMaker.describe('endpoint', endpointName), endpointConfigName)) continue;
      const end = await ledger.read(deploymentEndSchema, keys.deploymentEnd(model, n));
      const things = [
        { kind: 'endpointConfig' as const, name: endpointConfigName },
        ...(end.outcome === 'deployed' || rollback ? [] : [{ kind: 'model' as const, name: modelName }]),
      ];
      for (const { kind, name } of things) {
        if (await sageMaker.describe(kind, name)) await sageMaker.remove(kind, name);
      }
      await ledger.record(deploymentClearedSchema, keys.deploymentCleared(model, n), {
        model,
        n,
        removed: things.map(({ name }) => name),
        clearedAt: now.toISOString(),
      });
      cleared += 1;
    }
    return cleared;
  };

  return { followRollout, retireEndpoints, clearRollouts };
};
