import { DeploymentRolledBackV1, DeploymentStartedV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { CapacityError, ConflictError, RefusedError } from '../../shared/errors.ts';
import { type Rollout, rolloutsOf } from '../../shared/ledger/deployments.ts';
import {
  type Champion,
  championSchema,
  type Deployment,
  deploymentEndSchema,
  deploymentSchema,
  deploymentVerdictSchema,
  waitingSchema,
} from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import { previousChampion } from '../../shared/rollout/previous-champion.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { text } from '../../shared/sagemaker/resources.ts';
import { type RollOutDeps, rollOut } from './roll-out.ts';

export interface PutBackDeps extends RollOutDeps {
  readonly tell: Tell;
  readonly patienceMs: number;
}

/** The champion that is to go, by its run, and why. */
export interface PutBackRequest {
  readonly model: string;
  readonly run: string;
  readonly reason: string;
}

/**
 * Puts the champion before the present one back, all at once: there is nothing to try out on it, and every minute counts.
 * The version that goes is rejected in the registry first, so that it does not come back by itself. What is served
 * afterwards is judged as of any rollout.
 *
 * @throws CapacityError while another rollout is not over.
 */
export const putBack = (deps: PutBackDeps) => {
  const { ledger, sageMaker, tell, patienceMs } = deps;
  const send = rollOut(deps);

  const isRejected = async (packageArn: string): Promise<boolean> =>
    text(await sageMaker.describePackage(packageArn), 'ModelApprovalStatus') === 'Rejected';

  const tellStarted = ({ model, run, n, endpointName }: Deployment, now: Date): Promise<void> =>
    tell(
      DeploymentStartedV1,
      `${model}/${n}`,
      { model, run, deployment: n, endpointName },
      { now, correlationId: run },
    );

  const decide = async (
    champion: Champion,
    back: Champion,
    rollouts: readonly Rollout[],
    { reason, trigger, now }: { reason: string; trigger: string; now: Date },
  ): Promise<Deployment> => {
    const { model } = champion;
    const n = (rollouts.at(-1)?.deployment.n ?? 0) + 1;
    const decided = await ledger.record(deploymentSchema, keys.deployment(model, n), {
      model,
      n,
      run: back.run,
      kind: (await sageMaker.describe('endpoint', back.endpointName)) ? 'update' : 'create',
      endpointName: back.endpointName,
      endpointConfigName: back.endpointConfigName,
      modelName: back.modelName,
      modelPackageArn: back.modelPackageArn,
      inputDigest: back.inputDigest,
      definitionDigest: back.definitionDigest,
      replaces: {
        run: champion.run,
        endpointName: champion.endpointName,
        endpointConfigName: champion.endpointConfigName,
      },
      trigger,
      rollback: { reason },
      rollout: null,
      decidedAt: now.toISOString(),
    });
    // An approval took this number in the same moment: it goes first.
    if (decided.trigger !== trigger) throw new CapacityError(`rollout ${n} of ${model} is not over`);
    return decided;
  };

  /** Nothing came of it: what serves goes on serving, and somebody is told. */
  const giveUp = async ({ model, n, run, endpointName }: Deployment, why: string, now: Date): Promise<Outcome> => {
    const { outcome, reason } = await ledger.record(deploymentVerdictSchema, keys.deploymentVerdict(model, n), {
      model,
      n,
      outcome: 'failed',
      reason: `run ${run} could not be put back: ${why}`,
      decidedAt: now.toISOString(),
    });
    await tell(
      DeploymentRolledBackV1,
      `${model}/${n}`,
      { model, run, deployment: n, endpointName, reason },
      { now, correlationId: run },
    );
    await ledger.record(deploymentEndSchema, keys.deploymentEnd(model, n), {
      model,
      n,
      outcome,
      reason,
      endedAt: now.toISOString(),
    });
    return { outcome: 'gave_up' };
  };

  return async ({ data, now, eventId, waitingSince }: Woken<PutBackRequest>): Promise<Outcome> => {
    const { model, reason } = data;
    const rollouts = await rolloutsOf(ledger, model);
    const same = rollouts.find(({ deployment }) => deployment.trigger === eventId);
    if (same?.started) {
      await tellStarted(same.deployment, now);
      return { outcome: same.ended ? 'over' : 'started' };
    }
    if (same?.ended) return { outcome: 'over' };

    let deployment = same?.deployment;
    if (deployment) {
      const stands = await ledger.find(deploymentVerdictSchema, keys.deploymentVerdict(model, deployment.n));
      if (stands) return giveUp(deployment, stands.reason, now);
    } else {
      const champion = await ledger.find(championSchema, keys.champion(model));
      if (champion?.run !== data.run) return { outcome: 'not_in_service' };
      const busy = rollouts.find(({ ended }) => !ended);
      if (busy) throw new CapacityError(`rollout ${busy.deployment.n} of ${model} is not over`);
      const back = await previousChampion(ledger, champion, rollouts, isRejected);
      if (!back) return { outcome: 'nothing_to_put_back' };
      deployment = await decide(champion, back, rollouts, { reason, trigger: eventId, now });
    }
    try {
      await rejectReplaced(deployment);
      await send(deployment, now);
    } catch (error) {
      const isFinal = error instanceof RefusedError || error instanceof ConflictError;
      const isOverdue =
        error instanceof CapacityError && waitingSince && now.getTime() - waitingSince.getTime() >= patienceMs;
      if (isFinal || isOverdue) return giveUp(deployment, error.message, now);
      if (error instanceof CapacityError) {
        const { run } = deployment;
        await ledger.record(waitingSchema, keys.waiting(model, run, 'deploy-model'), {
          model,
          run,
          step: 'deploy-model',
          for: error.message,
          since: now.toISOString(),
        });
      }
      throw error;
    }
    await tellStarted(deployment, now);
    return { outcome: 'started' };
  };

  /** Marks the version that goes; of a model that had been retired it is the same that comes back. */
  async function rejectReplaced({ model, run, replaces, rollback }: Deployment): Promise<void> {
    const champion = await ledger.find(championSchema, keys.champion(model));
    if (!champion || champion.run !== replaces?.run || champion.run === run) return;
    await sageMaker.updatePackage({
      ModelPackageArn: champion.modelPackageArn,
      ModelApprovalStatus: 'Rejected',
      ApprovalDescription: `rolled back: ${rollback?.reason ?? ''}`.replaceAll(/\s+/g, ' ').slice(0, 1024),
    });
  }
};
