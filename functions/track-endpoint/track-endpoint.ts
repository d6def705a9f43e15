import { DeploymentRolledBackV1, ModelDeployedV1 } from '../../events/index.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { ConflictError, NotFoundError } from '../../shared/errors.ts';
import { rolloutsOf } from '../../shared/ledger/deployments.ts';
import {
  championSchema,
  type Deployment,
  deploymentEndSchema,
  preparedSchema,
  runEndSchema,
} from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { concludeRun } from '../../shared/runtime/conclude-run.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { modelOfEndpoint } from '../../shared/sagemaker/names.ts';
import { type SageMakerApi, text } from '../../shared/sagemaker/resources.ts';
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
 */
export const trackEndpoint = ({ ledger, sageMaker, tell, stage, probe }: TrackEndpointDeps) => {
  const end = (deployment: Deployment, outcome: 'deployed' | 'rolled-back' | 'failed', reason: string, now: Date) =>
    ledger.record(deploymentEndSchema, keys.deploymentEnd(deployment.model, deployment.n), {
      model: deployment.model,
      n: deployment.n,
      outcome,
      reason,
      endedAt: now.toISOString(),
    });

  const takeBack = async (deployment: Deployment, outcome: 'rolled-back' | 'failed', reason: string, now: Date) => {
    const { model, run, n, endpointName } = deployment;
    // The package is marked first, so that this version does not come back by itself.
    await sageMaker.updatePackage({
      ModelPackageArn: deployment.modelPackageArn,
      ModelApprovalStatus: 'Rejected',
      ApprovalDescription: reason.replaceAll(/\s+/g, ' ').slice(0, 1024),
    });
    await end(deployment, outcome, reason, now);
    await tell(
      DeploymentRolledBackV1,
      `${model}/${n}`,
      { model, run, deployment: n, endpointName, reason },
      { now, correlationId: run },
    );
    await concludeRun({ ledger, tell }, { model, run, end: 'rolled-back', reason }, now);
    return { outcome };
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

  return async ({ data: { name }, now }: Woken<{ name: string }>): Promise<Outcome> => {
    const model = modelOfEndpoint(stage, name);
    if (!model) return { outcome: 'not_ours' };
    const rollout = (await rolloutsOf(ledger, model)).findLast(({ deployment }) => deployment.endpointName === name);
    if (!rollout) return { outcome: 'nothing_asked' };
    const { deployment } = rollout;
    const { run, n } = deployment;
    if (rollout.ended) return { outcome: 'over' };
    // An endpoint that is in service before the update was sent says nothing about it.
    if (!rollout.started) throw new NotFoundError(`rollout ${n} of ${model} has not been sent yet`);

    const endpoint = await sageMaker.describe('endpoint', name);
    const status = text(endpoint, 'EndpointStatus');
    const failure = text(endpoint, 'FailureReason');
    if (!endpoint || status === 'Failed' || status === 'UpdateRollbackFailed') {
      return takeBack(deployment, 'failed', failure ?? `the endpoint is ${status ?? 'gone'}`, now);
    }
    if (status !== 'InService') return { outcome: 'running' };
    const served = text(endpoint, 'EndpointConfigName');
    if (served !== deployment.endpointConfigName) {
      const reason = `the endpoint came back in service on ${served}${failure ? `: ${failure}` : ''}`;
      return takeBack(deployment, 'rolled-back', reason, now);
    }

    const probed = await probe(deployment);
    if (!probed.ok) {
      if (deployment.kind === 'update' && deployment.replaces?.endpointName === name) {
        await sageMaker.updateEndpoint({
          EndpointName: name,
          EndpointConfigName: deployment.replaces.endpointConfigName,
        });
      }
      return takeBack(deployment, 'rolled-back', probed.reason, now);
    }
    await moveChampion(deployment, now);
    await end(deployment, 'deployed', probed.reason, now);
    await tell(
      ModelDeployedV1,
      `${model}/${n}`,
      { model, run, deployment: n, endpointName: name },
      { now, correlationId: run },
    );
    // A run that was held and approved later has ended before its deployment.
    if ((await ledger.find(runEndSchema, keys.end(model, run)))?.end !== 'held') {
      await concludeRun({ ledger, tell }, { model, run, end: 'promoted', reason: probed.reason }, now);
    }
    return { outcome: 'deployed' };
  };
};
