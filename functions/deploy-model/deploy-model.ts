import { CandidateHeldV1, DeploymentRolledBackV1, DeploymentStartedV1 } from '../../events/index.ts';
import type { Reason } from '../../events/vocabulary.ts';
import type { Tell } from '../../shared/aws/event-publisher.ts';
import { publishedDefinitionSchema } from '../../shared/definition/published.ts';
import { CapacityError, RefusedError } from '../../shared/errors.ts';
import { rolloutsOf } from '../../shared/ledger/deployments.ts';
import {
  championSchema,
  type Deployment,
  deploymentEndSchema,
  deploymentSchema,
  deploymentStartedSchema,
  preparedSchema,
  recordedRequestSchema,
  refusalSchema,
  registeredSchema,
  runPlanSchema,
  trainedSchema,
  waitingSchema,
} from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { concludeRun } from '../../shared/runtime/conclude-run.ts';
import type { Outcome, Woken } from '../../shared/runtime/woken.ts';
import { createOnce } from '../../shared/sagemaker/create-once.ts';
import { endpointName, runName } from '../../shared/sagemaker/names.ts';
import { parsePackageDescription } from '../../shared/sagemaker/package-description.ts';
import { endpointConfigRequest, endpointRequest } from '../../shared/sagemaker/requests.ts';
import { type SageMakerApi, text } from '../../shared/sagemaker/resources.ts';

export interface DeployModelDeps {
  readonly ledger: Ledger;
  readonly sageMaker: SageMakerApi;
  readonly tell: Tell;
  readonly stage: string;
  /** `s3://bucket` of the store. */
  readonly storeUri: string;
  /** How long to wait for capacity, or for a busy endpoint, before the rollout fails. */
  readonly patienceMs: number;
}

/** What asks for a rollout: an approved version in the registry, or somebody by the run's name. */
export type DeployRequest = { readonly packageArn: string } | { readonly model: string; readonly run: string };

/**
 * Rolls an approved candidate out: endpoint configuration, then create or update. An approval is only a hint; the
 * registry is asked. If the champion has changed since the candidate was judged, nothing is deployed: judging needs rows
 * that neither has seen.
 *
 * @throws CapacityError while the endpoint is busy with another rollout: the approval waits, and is not lost.
 */
export const deployModel = ({ ledger, sageMaker, tell, stage, storeUri, patienceMs }: DeployModelDeps) => {
  /** Creates or updates the endpoint; every part finds again what an earlier try did. */
  const rollOut = async (deployment: Deployment, now: Date) => {
    const { model, run, n } = deployment;
    const { definition } = await ledger.read(
      publishedDefinitionSchema,
      keys.definition(model, deployment.definitionDigest),
    );
    const asked = definition.deployment;
    const place = { stage, model, run, store: storeUri };
    await createOnce(
      { ledger, sageMaker },
      {
        kind: 'endpointConfig',
        name: deployment.endpointConfigName,
        requestKey: keys.request(model, run, deployment.endpointConfigName),
        request: endpointConfigRequest({
          place,
          configName: deployment.endpointConfigName,
          modelName: deployment.modelName,
          serving:
            asked.serverless === null
              ? {
                  instance: asked.instance,
                  count: asked.count,
                  capturePercent: asked.capture,
                  captureKey: keys.capture(model, run),
                }
              : { serverless: { memoryMb: asked.serverless.memory, concurrency: asked.serverless.concurrency } },
        }),
        now,
      },
    );
    const request = endpointRequest({
      place,
      endpointName: deployment.endpointName,
      configName: deployment.endpointConfigName,
    });
    const found = await sageMaker.describe('endpoint', deployment.endpointName);
    const status = text(found, 'EndpointStatus');
    // One that failed can only be deleted, and nobody is served by it. Source: CreateEndpoint, API reference.
    if (status === 'Failed' && text(found, 'EndpointConfigName') !== deployment.endpointConfigName) {
      await sageMaker.deleteEndpoint(deployment.endpointName);
      throw new CapacityError(`${deployment.endpointName} had failed and is being deleted`);
    }
    if (deployment.kind === 'create' || found === undefined) {
      const requestKey = keys.request(model, run, `${deployment.endpointName}-${n}`);
      await createOnce(
        { ledger, sageMaker },
        { kind: 'endpoint', name: deployment.endpointName, requestKey, request, now },
      );
    } else {
      // While an update is on its way the endpoint still names the old configuration, and the new one as pending.
      // Source: DescribeEndpoint, PendingDeploymentSummary.
      const pending = text(Object(found?.PendingDeploymentSummary), 'EndpointConfigName');
      if (![text(found, 'EndpointConfigName'), pending].includes(deployment.endpointConfigName)) {
        if (status !== 'InService')
          throw new CapacityError(`${deployment.endpointName} is ${status ?? 'without a status'}`);
        const recorded = await ledger.record(
          recordedRequestSchema,
          keys.request(model, run, `${deployment.endpointName}-${n}`),
          {
            operation: 'updateEndpoint',
            request: { EndpointName: deployment.endpointName, EndpointConfigName: deployment.endpointConfigName },
            decidedAt: now.toISOString(),
          },
        );
        await sageMaker.updateEndpoint(recorded.request).catch(async (cause: unknown) => {
          // An update that began meanwhile is a refusal too: the state tells the one from the other.
          const now = text(await sageMaker.describe('endpoint', deployment.endpointName), 'EndpointStatus');
          throw now === 'InService' ? cause : new CapacityError(`${deployment.endpointName} is ${now}`, { cause });
        });
      }
    }
    await ledger.record(deploymentStartedSchema, keys.deploymentStarted(model, n), {
      model,
      n,
      startedAt: now.toISOString(),
    });
  };

  /** Nothing will come of this rollout: whoever waits for it is told, and the endpoint is free for the next. */
  const giveUp = async (model: string, run: string, reason: string, now: Date) => {
    const open = (await rolloutsOf(ledger, model)).find(({ deployment, ended }) => deployment.run === run && !ended);
    if (open) {
      const { n, endpointName } = open.deployment;
      await tell(
        DeploymentRolledBackV1,
        `${model}/${n}`,
        { model, run, deployment: n, endpointName, reason },
        { now, correlationId: run },
      );
    }
    await concludeRun({ ledger, tell }, { model, run, end: 'failed', reason }, now);
    if (open) {
      await ledger.record(deploymentEndSchema, keys.deploymentEnd(model, open.deployment.n), {
        model,
        n: open.deployment.n,
        outcome: 'failed',
        reason,
        endedAt: now.toISOString(),
      });
    }
  };

  return async ({ data, now, eventId, waitingSince }: Woken<DeployRequest>): Promise<Outcome> => {
    const ofPackage = 'packageArn' in data ? await sageMaker.describePackage(data.packageArn) : undefined;
    const named = 'packageArn' in data ? parsePackageDescription(text(ofPackage, 'ModelPackageDescription')) : data;
    if (!named) return { outcome: 'not_ours' };
    const { model, run } = named;
    const context = { now, correlationId: run };
    const registered = await ledger.read(registeredSchema, keys.registered(model, run));
    // A version that was registered beside the one of the ledger is nobody's decision.
    if ('packageArn' in data && data.packageArn !== registered.modelPackageArn) return { outcome: 'not_registered' };
    const registry = ofPackage ?? (await sageMaker.describePackage(registered.modelPackageArn));
    if (text(registry, 'ModelApprovalStatus') !== 'Approved') return { outcome: 'not_approved' };

    const trigger = 'packageArn' in data ? data.packageArn : eventId;
    const rollouts = await rolloutsOf(ledger, model);
    // A request for a run that is being rolled out already asks for that rollout.
    const same = rollouts.find(
      ({ deployment, ended }) => deployment.trigger === trigger || (!ended && deployment.run === run),
    );
    if (same?.ended) return { outcome: 'over' };

    const champion = await ledger.find(championSchema, keys.champion(model));
    if (champion?.run === run) return { outcome: 'in_service' };
    const plan = await ledger.read(runPlanSchema, keys.plan(model, run));
    const refused = same ? undefined : await ledger.find(refusalSchema, keys.refusal(model, run));
    if (refused || (!same && (champion?.run ?? null) !== (plan.champion?.run ?? null))) {
      const found: Reason = {
        code: 'champion_changed',
        message: `judged against ${plan.champion?.run ?? 'no champion'}, but ${champion?.run ?? 'none'} is in service now: start a new run`,
      };
      const stands = await ledger.record(refusalSchema, keys.refusal(model, run), {
        model,
        run,
        code: found.code,
        reason: found.message,
        refusedAt: now.toISOString(),
      });
      const reason: Reason = { code: stands.code, message: stands.reason };
      await tell(CandidateHeldV1, `${model}/${run}/${reason.code}`, { model, run, reasons: [reason] }, context);
      await concludeRun({ ledger, tell }, { model, run, end: 'held', reason: reason.message }, now);
      return { outcome: reason.code };
    }
    try {
      return await roll();
    } catch (error) {
      if (error instanceof RefusedError) {
        await giveUp(model, run, error.message, now);
        return { outcome: 'refused' };
      }
      if (!(error instanceof CapacityError)) throw error;
      const waitedMs = waitingSince ? now.getTime() - waitingSince.getTime() : 0;
      if (waitedMs >= patienceMs) {
        await giveUp(model, run, `waited ${Math.round(waitedMs / 3_600_000)} hours: ${error.message}`, now);
        return { outcome: 'gave_up' };
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

    async function roll(): Promise<Outcome> {
      const busy = rollouts.find((rollout) => !rollout.ended && rollout !== same);
      if (busy) throw new CapacityError(`rollout ${busy.deployment.n} of ${model} is not over`);

      const deployment = same?.deployment ?? (await decide());
      // Once sent, never again: an endpoint that came back on its old configuration is a rollout that failed.
      if (!same?.started) await rollOut(deployment, now);
      await tell(
        DeploymentStartedV1,
        `${model}/${deployment.n}`,
        { model, run, deployment: deployment.n, endpointName: deployment.endpointName },
        context,
      );
      return { outcome: 'started' };
    }

    async function decide(): Promise<Deployment> {
      const [prepared, trained, { definition }] = await Promise.all([
        ledger.read(preparedSchema, keys.prepared(model, run)),
        ledger.read(trainedSchema, keys.trained(model, run)),
        ledger.read(publishedDefinitionSchema, keys.definition(model, plan.definitionDigest)),
      ]);
      const kind = definition.deployment.serverless === null ? 'instance' : 'serverless';
      const endpoint = endpointName(stage, model, prepared.inputDigest, kind);
      const n = (rollouts.at(-1)?.deployment.n ?? 0) + 1;
      const decided = await ledger.record(deploymentSchema, keys.deployment(model, n), {
        model,
        n,
        run,
        kind: (await sageMaker.describe('endpoint', endpoint)) ? 'update' : 'create',
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
        decidedAt: now.toISOString(),
      });
      // Another approval took this number in the same moment: it goes first.
      if (decided.trigger !== trigger) throw new CapacityError(`rollout ${n} of ${model} is not over`);
      return decided;
    }
  };
};
