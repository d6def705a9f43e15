import { publishedDefinitionSchema } from '../../shared/definition/published.ts';
import { CapacityError, ConflictError, RefusedError } from '../../shared/errors.ts';
import { type Deployment, deploymentStartedSchema, recordedRequestSchema } from '../../shared/ledger/facts.ts';
import { keys } from '../../shared/ledger/keys.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { AlarmsApi } from '../../shared/monitoring/alarm.ts';
import { deploymentConfigOf } from '../../shared/rollout/traffic.ts';
import { createOnce } from '../../shared/sagemaker/create-once.ts';
import { endpointConfigRequest, endpointRequest } from '../../shared/sagemaker/requests.ts';
import { type Description, type SageMakerApi, text } from '../../shared/sagemaker/resources.ts';
import { isUpdatable, SETTLING_MS, takesConfig } from '../../shared/sagemaker/serving.ts';
import { guardRollout } from './guard-rollout.ts';

export interface RollOutDeps {
  readonly ledger: Ledger;
  readonly sageMaker: SageMakerApi;
  readonly alarms: AlarmsApi;
  readonly stage: string;
  /** `s3://bucket` of the store. */
  readonly storeUri: string;
}

/** An endpoint as it stood a moment ago. What began since is refused by SageMaker, and found out then. */
export interface SeenEndpoint {
  readonly endpoint: Description | undefined;
}

/**
 * Sends a rollout that was decided: endpoint configuration, alarms, then create or update. Every part finds again what an
 * earlier try did.
 *
 * @throws CapacityError while the endpoint is busy, an alarm is still in ALARM, or what was just made may not be seen yet.
 */
export const rollOut = ({ ledger, sageMaker, alarms, stage, storeUri }: RollOutDeps) => {
  const createConfig = async (deployment: Deployment, now: Date) => {
    const { model, run } = deployment;
    const { definition } = await ledger.read(
      publishedDefinitionSchema,
      keys.definition(model, deployment.definitionDigest),
    );
    const asked = definition.deployment;
    if (asked.existing !== null)
      throw new ConflictError(`${model} is watched where it is, at ${asked.existing.endpoint}`);
    await createOnce(
      { ledger, sageMaker },
      {
        kind: 'endpointConfig',
        name: deployment.endpointConfigName,
        requestKey: keys.request(model, run, deployment.endpointConfigName),
        request: endpointConfigRequest({
          place: { stage, model, run, store: storeUri },
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
  };

  const createEndpoint = async ({ model, run, n, endpointName, endpointConfigName }: Deployment, now: Date) => {
    // Not the update's name: one that was recorded before the endpoint went is another request.
    const requestKey = keys.request(model, run, `${endpointName}-${n}-create`);
    const request = endpointRequest({
      place: { stage, model, run, store: storeUri },
      endpointName,
      configName: endpointConfigName,
    });
    await createOnce({ ledger, sageMaker }, { kind: 'endpoint', name: endpointName, requestKey, request, now });
  };

  const updateEndpoint = async (deployment: Deployment, now: Date) => {
    const { model, run, n, endpointName, endpointConfigName, rollout } = deployment;
    if (rollout) await guardRollout(alarms, stage, deployment, rollout);
    const recorded = await ledger.record(recordedRequestSchema, keys.request(model, run, `${endpointName}-${n}`), {
      operation: 'updateEndpoint',
      request: {
        EndpointName: endpointName,
        EndpointConfigName: endpointConfigName,
        ...(rollout && { DeploymentConfig: deploymentConfigOf(rollout, rollout.alarms) }),
      },
      decidedAt: now.toISOString(),
    });
    await sageMaker.updateEndpoint(recorded.request).catch(async (cause: unknown) => {
      // An update that began meanwhile is a refusal too, and so is our own whose answer was lost and that the SDK sent
      // again: the state tells them apart.
      const meanwhile = await sageMaker.describe('endpoint', endpointName);
      if (takesConfig(meanwhile, endpointConfigName)) return;
      const became = text(meanwhile, 'EndpointStatus');
      if (became === 'InService') throw cause;
      throw new CapacityError(`${endpointName} is ${became ?? 'gone'}`, { cause });
    });
  };

  const send = async (deployment: Deployment, now: Date, seen?: SeenEndpoint): Promise<void> => {
    const { endpointName, endpointConfigName } = deployment;
    await createConfig(deployment, now);
    const found = seen ? seen.endpoint : await sageMaker.describe('endpoint', endpointName);
    const status = text(found, 'EndpointStatus');
    // One that failed can only be deleted, and nobody is served by it. Source: CreateEndpoint, API reference.
    if (status === 'Failed' && !takesConfig(found, endpointConfigName)) {
      await sageMaker.deleteEndpoint(endpointName).catch((cause: unknown) => {
        // It is being deleted already; whatever else it is, waiting shows.
        if (!(cause instanceof RefusedError)) throw cause;
      });
      throw new CapacityError(`${endpointName} had failed and is being deleted`);
    }
    if (status === 'Deleting') throw new CapacityError(`${endpointName} is being deleted`);
    if (deployment.kind === 'create' || found === undefined) await createEndpoint(deployment, now);
    else if (!takesConfig(found, endpointConfigName)) {
      if (!isUpdatable(found)) throw new CapacityError(`${endpointName} is ${status ?? 'without a status'}`);
      await updateEndpoint(deployment, now);
    }
  };

  return async (deployment: Deployment, now: Date, seen?: SeenEndpoint): Promise<void> => {
    const { model, n, decidedAt } = deployment;
    await send(deployment, now, seen).catch((cause: unknown) => {
      const isYoung = now.getTime() - Date.parse(decidedAt) < SETTLING_MS;
      if (!(cause instanceof RefusedError) || !isYoung) throw cause;
      throw new CapacityError(`what rollout ${n} of ${model} needs may not be seen yet: ${cause.message}`, { cause });
    });
    await ledger.record(deploymentStartedSchema, keys.deploymentStarted(model, n), {
      model,
      n,
      startedAt: now.toISOString(),
    });
  };
};
