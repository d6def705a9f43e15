import { DeploymentRolledBackV1, ModelDeployedV1 } from '../../events/index.ts';
import type { DashboardsApi } from '../../shared/aws/dashboards.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import type { PublishMetrics } from '../../shared/aws/metrics-publisher.ts';
import { publishedDefinitionSchema } from '../../shared/definition/published.ts';
import type { ModelDefinition } from '../../shared/definition/schema.ts';
import { ConflictError } from '../../shared/errors.ts';
import { rolloutsOf } from '../../shared/ledger/deployments.ts';
import {
  championSchema,
  type Deployment,
  type DeploymentVerdict,
  deploymentEndSchema,
  deploymentMismatchSchema,
  deploymentStartedSchema,
  deploymentVerdictSchema,
  preparedSchema,
  runEndSchema,
} from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { AlarmsApi } from '../../shared/monitoring/alarm.ts';
import { type ModelMetric, metricDimensions, watchAlarms } from '../../shared/monitoring/watch-alarms.ts';
import { howMany } from '../../shared/report/how-many.ts';
import { dashboardBody, dashboardName } from '../../shared/rollout/dashboard.ts';
import { LONGEST_ROLLOUT_SECONDS } from '../../shared/rollout/traffic.ts';
import { concludeRun } from '../../shared/runtime/conclude-run.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { modelOfEndpoint } from '../../shared/sagemaker/names.ts';
import { VARIANT } from '../../shared/sagemaker/requests.ts';
import { type SageMakerApi, text } from '../../shared/sagemaker/resources.ts';
import { isBaking, SETTLING_MS, takesConfig } from '../../shared/sagemaker/serving.ts';
import type { BakeProbe } from './bake-probe.ts';
import type { Probe } from './probe.ts';

export interface TrackEndpointDeps {
  readonly ledger: Ledger;
  readonly sageMaker: SageMakerApi;
  readonly tell: Tell;
  readonly stage: string;
  /** Asks an endpoint that serves a new model alone. */
  readonly probe: Probe;
  /** Asks one whose traffic an old fleet and a new one share. */
  readonly bakeProbe: BakeProbe;
  readonly alarms: Pick<AlarmsApi, 'put'>;
  readonly dashboards: Pick<DashboardsApi, 'put'>;
  readonly region: string;
  /** Into the namespace of Millrace's metrics. */
  readonly publish: PublishMetrics;
  /** Topics that hear when the monitoring of a model falls silent. */
  readonly pageArns: readonly string[];
}

/** MaximumExecutionTimeoutInSeconds is at most 8 hours; what takes longer will not end by itself. */
const STUCK_MS = 1000 * LONGEST_ROLLOUT_SECONDS + 3_600_000;

/**
 * A new endpoint that is not seen yet may be young. A rollout that waited was sent up to a quarter of an hour after its
 * message, by whose time it goes.
 */
const UNSEEN_MS = SETTLING_MS + 15 * 60_000;

const shownHours = (ms: number): string => howMany(Math.floor(ms / 3_600_000), 'hour');

/**
 * Says how a rollout ended. Believes DescribeEndpoint only: a failed update comes back `InService` on the configuration
 * it had before, so what is served is compared with what was asked for, and then asked with the golden rows. Only then
 * does the champion move. While the new fleet bakes, it is asked too, and SageMaker turns back what answers wrongly.
 *
 * What was found is recorded before anything follows from it, and the rollout's end when all of it has followed: a
 * repeat in between goes on, a repeat afterwards does nothing.
 */
export const trackEndpoint = (deps: TrackEndpointDeps) => {
  const { ledger, sageMaker, tell, stage, probe, bakeProbe, alarms, dashboards, region, publish, pageArns } = deps;

  /** What was seen while it baked, for whoever wonders why it came back. */
  const whileBaking = async ({ model, n }: Deployment): Promise<string> => {
    const seen = await ledger.find(deploymentMismatchSchema, keys.deploymentMismatch(model, n));
    return seen ? `; while it baked, ${seen.wrong} of ${seen.asked} requests of golden rows were ${seen.reason}` : '';
  };

  /** How the rollout went; while the endpoint is still on its way, what else was seen. */
  const judge = async (
    deployment: Deployment,
    now: Date,
  ): Promise<Pick<DeploymentVerdict, 'outcome' | 'reason'> | { readonly underWay: string }> => {
    const endpoint = await sageMaker.describe('endpoint', deployment.endpointName);
    const status = text(endpoint, 'EndpointStatus');
    const failure = text(endpoint, 'FailureReason');
    if (status === 'Failed' || status === 'UpdateRollbackFailed') {
      return { outcome: 'failed', reason: failure ?? `the endpoint is ${status}` };
    }
    if (!endpoint || status !== 'InService') {
      const { startedAt } = await ledger.read(
        deploymentStartedSchema,
        keys.deploymentStarted(deployment.model, deployment.n),
      );
      const took = now.getTime() - Date.parse(startedAt);
      if (!endpoint) {
        return took < UNSEEN_MS ? { underWay: 'unseen' } : { outcome: 'failed', reason: 'the endpoint is gone' };
      }
      if (took > STUCK_MS) {
        const reason = `the endpoint is ${status ?? 'without a status'} after ${shownHours(took)}, longer than SageMaker lets a rollout take`;
        return { outcome: 'failed', reason };
      }
      return { underWay: isBaking(endpoint) ? (await bakeProbe(deployment, now)).outcome : 'running' };
    }
    const served = text(endpoint, 'EndpointConfigName');
    if (served !== deployment.endpointConfigName) {
      return {
        outcome: 'rolled-back',
        reason: `the endpoint came back in service on ${served}${failure ? `: ${failure}` : ''}${await whileBaking(deployment)}`,
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
    const { model, run, n, endpointName, rollback, rollout } = deployment;
    // The package is marked first, so that this version does not come back by itself. One that was to be put back has
    // served before, and its run has ended long ago.
    if (!rollback) {
      await sageMaker.updatePackage({
        ModelPackageArn: deployment.modelPackageArn,
        ModelApprovalStatus: 'Rejected',
        ApprovalDescription: reason.replaceAll(/\s+/g, ' ').slice(0, 1024),
      });
    }
    await restore(deployment);
    await tell(
      DeploymentRolledBackV1,
      `${model}/${n}`,
      { model, run, deployment: n, endpointName, reason, ...(rollout && { sees: rollout.says }) },
      { now, correlationId: run },
    );
    if (!rollback) await concludeRun({ ledger, tell }, { model, run, end: 'rolled-back', reason }, now);
  };

  /**
   * A rollout that is over and was not to stand may come to stand after all: the update that takes it back can fail
   * silently as any other, and one that was given up for lost may end. The champion is put back again.
   */
  const keepBack = async (deployment: Deployment): Promise<Outcome> => {
    const { model, n, endpointName, endpointConfigName } = deployment;
    const [end, champion, endpoint] = await Promise.all([
      ledger.read(deploymentEndSchema, keys.deploymentEnd(model, n)),
      ledger.find(championSchema, keys.champion(model)),
      sageMaker.describe('endpoint', endpointName),
    ]);
    const stands =
      text(endpoint, 'EndpointStatus') === 'InService' && text(endpoint, 'EndpointConfigName') === endpointConfigName;
    if (end.outcome === 'deployed' || !stands || champion?.endpointConfigName === endpointConfigName) {
      return { outcome: 'over' };
    }
    await restore(deployment);
    return { outcome: 'taken_back_again' };
  };

  const moveChampion = async (deployment: Deployment, now: Date) => {
    const { model, run } = deployment;
    const [{ trainedBefore }, { definition }] = await Promise.all([
      ledger.read(preparedSchema, keys.prepared(model, run)),
      ledger.read(publishedDefinitionSchema, keys.definition(model, deployment.definitionDigest)),
    ]);
    const { serverless, capture } = definition.deployment;
    const stands = await ledger.point(championSchema, keys.champion(model), (current) => {
      if (current?.run === run && !current.retired) return undefined;
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
        ...(serverless !== null && { predictCaptures: capture }),
      };
    });
    if (stands?.run !== run || stands.retired)
      throw new ConflictError(`${stands?.run} became champion of ${model} during the rollout of ${run}`);
    await ledger.record(championSchema, keys.championHistory(model, stands.n), stands);
    await watch(model, deployment.endpointName, definition.monitoring, now);
  };

  /** Puts the dashboard and the alarms that watch a champion, after a first sign of life: without one, silence would be told at once. */
  const watch = async (
    model: string,
    endpointName: string,
    { window: windowMs, drift, quality }: ModelDefinition['monitoring'],
    now: Date,
  ): Promise<void> => {
    const heartbeat: ModelMetric = 'Heartbeat';
    await publish([{ name: heartbeat, value: 1, unit: 'Count', dimensions: metricDimensions(stage, model), at: now }]);
    const watched = { stage, model, windowMs, watchDrift: drift !== null, watchQuality: quality !== null, pageArns };
    for (const alarm of watchAlarms(watched)) await alarms.put(alarm);
    const shown = { stage, model, region, endpointName, variant: VARIANT, windowMs };
    await dashboards.put(dashboardName(stage, model), dashboardBody(shown));
  };

  const takeIntoService = async (deployment: Deployment, reason: string, now: Date) => {
    const { model, run, n, endpointName, rollback, rollout } = deployment;
    await moveChampion(deployment, now);
    await tell(
      ModelDeployedV1,
      `${model}/${n}`,
      {
        model,
        run,
        deployment: n,
        endpointName,
        ...(rollout && { sees: rollout.says }),
        ...(rollback && { rollback: rollback.reason }),
      },
      { now, correlationId: run },
    );
    if (rollback) return;
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
    if (rollout.ended) return keepBack(deployment);
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
      const found = await judge(deployment, now);
      if ('underWay' in found) return { outcome: found.underWay };
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
