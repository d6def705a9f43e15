import { DeploymentRolledBackV1, ModelDeployedV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { ConflictError } from '../../shared/errors.ts';
import { rolloutsOf } from '../../shared/ledger/deployments.ts';
import {
  championSchema,
  type Deployment,
  type DeploymentVerdict,
  deploymentEndSchema,
  deploymentStartedSchema,
  deploymentVerdictSchema,
  preparedSchema,
  runEndSchema,
} from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { concludeRun } from '../../shared/runtime/conclude-run.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { modelOfEndpoint } from '../../shared/sagemaker/names.ts';
import { type SageMakerApi, text } from '../../shared/sagemaker/resources.ts';
import { takesConfig } from '../../shared/sagemaker/serving.ts';
import type { Probe } from './probe.ts';

export interface TrackEndpointDeps {
  readonly ledger: Ledger;
  readonly sageMaker: SageMakerApi;
  readonly tell: Tell;
  readonly stage: string;
  readonly probe: Probe;
}

/**
 * Says how a rollout ended. Believes DescribeEndpoint only: a failed update comes back `InService` on the configuration
 * it had before, so what is served is compared with what was asked for, and then asked with the golden rows. Only then
 * does the champion move.
 *
 * What was found is recorded before anything follows from it, and the rollout's end when all of it has followed: a
 * repeat in between goes on, a repeat afterwards does nothing.
 */
export const trackEndpoint = ({ ledger, sageMaker, tell, stage, probe }: TrackEndpointDeps) => {
  /** How the rollout went; undefined while the endpoint is still on its way. */
  const judge = async (deployment: Deployment): Promise<Pick<DeploymentVerdict, 'outcome' | 'reason'> | undefined> => {
    const endpoint = await sageMaker.describe('endpoint', deployment.endpointName);
    const status = text(endpoint, 'EndpointStatus');
    const failure = text(endpoint, 'FailureReason');
    if (!endpoint || status === 'Failed' || status === 'UpdateRollbackFailed') {
      return { outcome: 'failed', reason: failure ?? `the endpoint is ${status ?? 'gone'}` };
    }
    if (status !== 'InService') return undefined;
    const served = text(endpoint, 'EndpointConfigName');
    if (served !== deployment.endpointConfigName) {
      return {
        outcome: 'rolled-back',
        reason: `the endpoint came back in service on ${served}${failure ? `: ${failure}` : ''}`,
      };
    }
    const probed = await probe(deployment);
    return { outcome: probed.ok ? 'deployed' : 'rolled-back', reason: probed.reason };
  };

  /** Leaves the endpoint as it was before the rollout. */
  const restore = async ({ kind, endpointName, endpointConfigName, replaces }: Deployment) => {
    const endpoint = await sageMaker.describe('endpoint', endpointName);
    const status = text(endpoint, 'EndpointStatus');
    if (!endpoint) return;
    if (kind === 'create') {
      // Nobody asks it, it bills by the hour, and one that failed can only be deleted: the next rollout makes it anew.
      // Source: CreateEndpoint, API reference.
      if (status === 'Failed' || status === 'InService') await sageMaker.deleteEndpoint(endpointName);
      return;
    }
    const servesIt = status === 'InService' && text(endpoint, 'EndpointConfigName') === endpointConfigName;
    if (servesIt && replaces?.endpointName === endpointName) {
      await sageMaker.updateEndpoint({ EndpointName: endpointName, EndpointConfigName: replaces.endpointConfigName });
    }
  };

  const takeBack = async (deployment: Deployment, reason: string, now: Date) => {
    const { model, run, n, endpointName } = deployment;
    // The package is marked first, so that this version does not come back by itself.
    await sageMaker.updatePackage({
      ModelPackageArn: deployment.modelPackageArn,
      ModelApprovalStatus: 'Rejected',
      ApprovalDescription: reason.replaceAll(/\s+/g, ' ').slice(0, 1024),
    });
    await restore(deployment);
    await tell(
      DeploymentRolledBackV1,
      `${model}/${n}`,
      { model, run, deployment: n, endpointName, reason },
      { now, correlationId: run },
    );
    await concludeRun({ ledger, tell }, { model, run, end: 'rolled-back', reason }, now);
  };

  const moveChampion = async (deployment: Deployment, now: Date) => {
    const { model, run } = deployment;
    const { trainedBefore } = await ledger.read(preparedSchema, keys.prepared(model, run));
    const stands = await ledger.point(championSchema, keys.champion(model), (current) => {
      if (current?.run === run) return undefined;
      if ((current?.run ?? null) !== (deployment.replaces?.run ?? null)) return undefined;
      return {
        model,
        n: (current?.n ?? 0) + 1,
        run,
        definitionDigest: deployment.definitionDigest,
        inputDigest: deployment.inputDigest,
        modelName: deployment.modelName,
        modelPackageArn: deployment.modelPackageArn,
        endpointName: deployment.endpointName,
        endpointConfigName: deployment.endpointConfigName,
        trainedBefore,
        since: now.toISOString(),
      };
    });
    if (stands?.run !== run)
      throw new ConflictError(`${stands?.run} became champion of ${model} during the rollout of ${run}`);
    await ledger.record(championSchema, keys.championHistory(model, stands.n), stands);
  };

  const takeIntoService = async (deployment: Deployment, reason: string, now: Date) => {
    const { model, run, n, endpointName } = deployment;
    await moveChampion(deployment, now);
    await tell(
      ModelDeployedV1,
      `${model}/${n}`,
      { model, run, deployment: n, endpointName },
      { now, correlationId: run },
    );
    // A run that was held and approved later has ended before its deployment.
    if ((await ledger.find(runEndSchema, keys.end(model, run)))?.end !== 'held') {
      await concludeRun({ ledger, tell }, { model, run, end: 'promoted', reason }, now);
    }
  };

  return async ({ data: { name }, now }: Woken<{ name: string }>): Promise<Outcome> => {
    const model = modelOfEndpoint(stage, name);
    if (!model) return { outcome: 'not_ours' };
    const rollout = (await rolloutsOf(ledger, model)).findLast(({ deployment }) => deployment.endpointName === name);
    if (!rollout) return { outcome: 'nothing_asked' };
    const { deployment } = rollout;
    const { n } = deployment;
    if (rollout.ended) return { outcome: 'over' };
    if (!rollout.started) {
      // An endpoint that is in service before the update was sent says nothing about it. One that takes what was to be
      // rolled out was sent it, and a crash came before that was recorded.
      const endpoint = await sageMaker.describe('endpoint', name);
      if (!takesConfig(endpoint, deployment.endpointConfigName)) return { outcome: 'not_sent' };
      await ledger.record(deploymentStartedSchema, keys.deploymentStarted(model, n), {
        model,
        n,
        startedAt: now.toISOString(),
      });
    }

    const verdictKey = keys.deploymentVerdict(model, n);
    let verdict = await ledger.find(deploymentVerdictSchema, verdictKey);
    if (!verdict) {
      const found = await judge(deployment);
      if (!found) return { outcome: 'running' };
      verdict = await ledger.record(deploymentVerdictSchema, verdictKey, {
        model,
        n,
        ...found,
        decidedAt: now.toISOString(),
      });
    }
    const { outcome, reason } = verdict;
    if (outcome === 'deployed') await takeIntoService(deployment, reason, now);
    else await takeBack(deployment, reason, now);
    await ledger.record(deploymentEndSchema, keys.deploymentEnd(model, n), {
      model,
      n,
      outcome,
      reason,
      endedAt: now.toISOString(),
    });
    return { outcome };
  };
};
