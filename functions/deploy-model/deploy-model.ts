import { CandidateHeldV1, DeploymentRolledBackV1, DeploymentStartedV1 } from '../../events/index.ts';
import type { Reason } from '../../events/vocabulary.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { publishedDefinitionSchema } from '../../shared/definition/published.ts';
import type { ModelDefinition } from '../../shared/definition/schema.ts';
import { CapacityError, ConflictError, RefusedError } from '../../shared/errors.ts';
import { approvalSchema, lapsedBecause } from '../../shared/evaluation/approval.ts';
import { decisionSchema } from '../../shared/evaluation/decision.ts';
import { rolloutsOf } from '../../shared/ledger/deployments.ts';
import {
  championSchema,
  type Deployment,
  deploymentEndSchema,
  deploymentSchema,
  deploymentVerdictSchema,
  preparedSchema,
  refusalSchema,
  registeredSchema,
  runEndSchema,
  runPlanSchema,
  trainedSchema,
  waitingSchema,
} from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { AlarmsApi } from '../../shared/monitoring/alarm.ts';
import { howMany } from '../../shared/report/how-many.ts';
import type { ReadMetric } from '../../shared/rollout/fleet-metrics.ts';
import { concludeRun } from '../../shared/runtime/conclude-run.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { endpointName, runName } from '../../shared/sagemaker/names.ts';
import { parsePackageDescription } from '../../shared/sagemaker/package-description.ts';
import { type Description, type SageMakerApi, text } from '../../shared/sagemaker/resources.ts';
import { planRollout } from './guard-rollout.ts';
import { rollOut, type SeenEndpoint } from './roll-out.ts';

export interface DeployModelDeps {
  readonly ledger: Ledger;
  readonly sageMaker: SageMakerApi;
  readonly alarms: AlarmsApi;
  readonly readMetric: ReadMetric;
  readonly tell: Tell;
  readonly stage: string;
  /** `s3://bucket` of the store. */
  readonly storeUri: string;
  /** How long to wait for capacity, or for a busy endpoint, before the rollout fails. */
  readonly patienceMs: number;
}

/** What asks for a rollout: an approved version in the registry, or somebody by the run's name. */
export type DeployRequest = { readonly packageArn: string } | { readonly model: string; readonly run: string };

/** Why an approved candidate was not even begun to be rolled out, when it is not that the champion changed. */
const GAVE_UP = 'gave_up';

/**
 * Rolls an approved candidate out: endpoint configuration, then create or update. An approval is only a hint; the
 * registry is asked. If the champion has changed since the candidate was judged, nothing is deployed: judging needs rows
 * that neither has seen. Nor is it on an approval that has expired, or came when the evidence was old.
 *
 * @throws CapacityError while the endpoint is busy with another rollout: the approval waits, and is not lost.
 */
export const deployModel = (deps: DeployModelDeps) => {
  const { ledger, sageMaker, alarms, readMetric, tell, stage, storeUri, patienceMs } = deps;
  const send = rollOut({ ledger, sageMaker, alarms, stage, storeUri });

  const hold = (model: string, run: string, reason: Reason, now: Date) =>
    tell(
      CandidateHeldV1,
      `${model}/${run}/${reason.code}`,
      { model, run, reasons: [reason] },
      { now, correlationId: run },
    );

  /**
   * Nothing will come of this rollout: whoever waits for it is told, and the endpoint is free for the next. That is
   * decided first, so that a repeat goes on giving up, even if SageMaker would take the request by then.
   */
  const giveUp = async (model: string, run: string, reason: string, now: Date) => {
    const open = (await rolloutsOf(ledger, model)).find(({ deployment, ended }) => deployment.run === run && !ended);
    if (!open) {
      const refusal = await ledger.record(refusalSchema, keys.refusal(model, run), {
        model,
        run,
        code: GAVE_UP,
        reason,
        refusedAt: now.toISOString(),
      });
      const { end } = await concludeRun({ ledger, tell }, { model, run, end: 'failed', reason: refusal.reason }, now);
      // The end of a run that was held has been told long ago, and somebody has approved it since.
      if (end === 'held') await hold(model, run, { code: refusal.code, message: refusal.reason }, now);
      return;
    }
    const { n, endpointName } = open.deployment;
    const verdict = await ledger.record(deploymentVerdictSchema, keys.deploymentVerdict(model, n), {
      model,
      n,
      outcome: 'failed',
      reason,
      decidedAt: now.toISOString(),
    });
    await tell(
      DeploymentRolledBackV1,
      `${model}/${n}`,
      { model, run, deployment: n, endpointName, reason: verdict.reason },
      { now, correlationId: run },
    );
    await concludeRun({ ledger, tell }, { model, run, end: 'failed', reason: verdict.reason }, now);
    await ledger.record(deploymentEndSchema, keys.deploymentEnd(model, n), {
      model,
      n,
      outcome: verdict.outcome,
      reason: verdict.reason,
      endedAt: now.toISOString(),
    });
  };

  return async ({ data, now, eventId, waitingSince }: Woken<DeployRequest>): Promise<Outcome> => {
    const ofPackage = 'packageArn' in data ? await sageMaker.describePackage(data.packageArn) : undefined;
    const named = 'packageArn' in data ? parsePackageDescription(text(ofPackage, 'ModelPackageDescription')) : data;
    if (!named) return { outcome: 'not_ours' };
    const { model, run } = named;
    const registered = await ledger.read(registeredSchema, keys.registered(model, run));
    // A version that was registered beside the one of the ledger is nobody's decision.
    if ('packageArn' in data && data.packageArn !== registered.modelPackageArn) return { outcome: 'not_registered' };
    const trigger = 'packageArn' in data ? data.packageArn : eventId;
    const rollouts = await rolloutsOf(ledger, model);
    // A request for a run that is being rolled out already asks for that rollout.
    const same = rollouts.find(
      ({ deployment, ended }) => deployment.trigger === trigger || (!ended && deployment.run === run),
    );
    // Sent before and perhaps not told: a crash came between, and the rollout may be over by now.
    if (same?.started) await tellStarted(same.deployment);
    if (same?.ended) return { outcome: 'over' };
    const registry = ofPackage ?? (await sageMaker.describePackage(registered.modelPackageArn));
    if (text(registry, 'ModelApprovalStatus') !== 'Approved') return { outcome: 'not_approved' };

    const champion = await ledger.find(championSchema, keys.champion(model));
    if (champion?.run === run && !champion.retired) return { outcome: 'in_service' };
    const plan = await ledger.read(runPlanSchema, keys.plan(model, run));
    const refused = same ? undefined : await ledger.find(refusalSchema, keys.refusal(model, run));
    const verdict =
      same && !same.started
        ? await ledger.find(deploymentVerdictSchema, keys.deploymentVerdict(model, same.deployment.n))
        : undefined;
    const givenUp = verdict?.reason ?? (refused?.code === GAVE_UP ? refused.reason : undefined);
    if (givenUp !== undefined) {
      await giveUp(model, run, givenUp, now);
      return { outcome: GAVE_UP };
    }
    const end = same ? undefined : await ledger.find(runEndSchema, keys.end(model, run));
    if ('packageArn' in data && end?.end === 'failed') {
      // Given up before its approval came through; another run may be in flight.
      await concludeRun({ ledger, tell }, end, now);
      return { outcome: 'over' };
    }
    const against = refused ? { code: refused.code, message: refused.reason } : same ? undefined : await lapsed();
    if (against) {
      const stands = await ledger.record(refusalSchema, keys.refusal(model, run), {
        model,
        run,
        code: against.code,
        reason: against.message,
        refusedAt: now.toISOString(),
      });
      const reason: Reason = { code: stands.code, message: stands.reason };
      await hold(model, run, reason, now);
      await concludeRun({ ledger, tell }, { model, run, end: 'held', reason: reason.message }, now);
      return { outcome: reason.code };
    }
    let deployment: Deployment;
    try {
      deployment = await roll();
    } catch (error) {
      // A name that something else has is a refusal too: waiting would not free it.
      if (error instanceof RefusedError || error instanceof ConflictError) {
        await giveUp(model, run, error.message, now);
        return { outcome: 'refused' };
      }
      if (!(error instanceof CapacityError)) throw error;
      const waitedMs = waitingSince ? now.getTime() - waitingSince.getTime() : 0;
      if (waitedMs >= patienceMs) {
        await giveUp(model, run, `waited ${howMany(Math.round(waitedMs / 3_600_000), 'hour')}: ${error.message}`, now);
        return { outcome: GAVE_UP };
      }
      await ledger.record(waitingSchema, keys.waiting(model, run, 'deploy-model'), {
        model,
        run,
        step: 'deploy-model',
        for: error.message,
        since: now.toISOString(),
      });
      throw error;
    }
    if (!same?.started) await tellStarted(deployment);
    return { outcome: 'started' };

    function tellStarted({ n, endpointName, rollout }: Deployment): Promise<void> {
      return tell(
        DeploymentStartedV1,
        `${model}/${n}`,
        { model, run, deployment: n, endpointName, ...(rollout && { sees: rollout.says }) },
        { now, correlationId: run },
      );
    }

    /** Why the candidate is not deployed though it is approved; undefined where nothing stands against it. */
    async function lapsed(): Promise<Reason | undefined> {
      if (champion?.retired) {
        const message = `the model was taken out of service (${champion.retired.reason}); npx millrace rollback ${model} puts it back first`;
        return { code: 'model_retired', message };
      }
      const [decision, approval, { definition }] = await Promise.all([
        ledger.find(decisionSchema, keys.decision(model, run)),
        ledger.find(approvalSchema, keys.approval(model, run)),
        ledger.read(publishedDefinitionSchema, keys.definition(model, plan.definitionDigest)),
      ]);
      return lapsedBecause({
        decision,
        expiresAt: approval?.expiresAt ?? null,
        judgedAgainst: plan.champion?.run ?? null,
        championNow: champion?.run ?? null,
        maxAgeMs: definition.retraining.max_age,
        now,
      });
    }

    async function roll(): Promise<Deployment> {
      const busy = rollouts.find((rollout) => !rollout.ended && rollout !== same);
      if (busy) throw new CapacityError(`rollout ${busy.deployment.n} of ${model} is not over`);

      const { decided, seen } = same ? { decided: same.deployment } : await decide();
      // Once sent, never again: an endpoint that came back on its old configuration is a rollout that failed.
      if (!same?.started) await send(decided, now, seen);
      return decided;
    }

    async function plannedRollout(
      definition: ModelDefinition,
      endpoint: string,
      standing: Description | undefined,
    ): Promise<Deployment['rollout']> {
      const endpointConfigName = text(standing, 'EndpointConfigName');
      if (endpointConfigName === undefined) return null;
      const serves = champion?.endpointConfigName === endpointConfigName ? champion : undefined;
      const old = {
        stage,
        model,
        endpointName: endpoint,
        endpointConfigName,
        since: serves ? new Date(serves.since) : now,
      };
      return planRollout(readMetric, definition, old, now);
    }

    async function decide(): Promise<{ readonly decided: Deployment; readonly seen?: SeenEndpoint }> {
      const [prepared, trained, { definition }] = await Promise.all([
        ledger.read(preparedSchema, keys.prepared(model, run)),
        ledger.read(trainedSchema, keys.trained(model, run)),
        ledger.read(publishedDefinitionSchema, keys.definition(model, plan.definitionDigest)),
      ]);
      const kind = definition.deployment.serverless === null ? 'instance' : 'serverless';
      const endpoint = endpointName(stage, model, prepared.inputDigest, kind);
      const n = (rollouts.at(-1)?.deployment.n ?? 0) + 1;
      const standing = await sageMaker.describe('endpoint', endpoint);
      const decided = await ledger.record(deploymentSchema, keys.deployment(model, n), {
        model,
        n,
        run,
        kind: standing ? 'update' : 'create',
        endpointName: endpoint,
        endpointConfigName: runName(stage, model, run, 'cfg'),
        modelName: trained.modelName,
        modelPackageArn: registered.modelPackageArn,
        inputDigest: prepared.inputDigest,
        definitionDigest: plan.definitionDigest,
        replaces: champion
          ? {
              run: champion.run,
              endpointName: champion.endpointName,
              endpointConfigName: champion.endpointConfigName,
            }
          : null,
        trigger,
        rollout: await plannedRollout(definition, endpoint, standing),
        decidedAt: now.toISOString(),
      });
      // Another approval took this number in the same moment: it goes first.
      if (decided.trigger !== trigger) throw new CapacityError(`rollout ${n} of ${model} is not over`);
      return { decided, seen: { endpoint: standing } };
    }
  };
};
