import type { Cloud, SageMakerApi, Service } from '../../contracts.ts';
import { createContext, type SageMakerHooks } from './context.ts';
import { createDataCapture } from './data-capture.ts';
import { createEndpointConfigs } from './endpoint-configs.ts';
import { createEndpoints } from './endpoints.ts';
import { createModels } from './models.ts';
import type { QuotaSettings } from './quotas.ts';
import { createRegistry } from './registry.ts';
import { createRuntime } from './runtime.ts';
import { createTrainingJobs } from './training-jobs.ts';
import { createTransformJobs } from './transform-jobs.ts';
import { createTuningJobs } from './tuning-jobs.ts';

export type { MetricDatum, SageMakerHooks } from './context.ts';
export type { QuotaSettings } from './quotas.ts';

/** SageMaker's two services. */
export interface SageMaker {
  /** The control plane and the runtime, both of the scope `sagemaker`. */
  readonly services: readonly Service[];
  /** What befalls jobs from outside. */
  readonly api: SageMakerApi;
  /** Writes what data capture still holds back to S3. */
  flushCapture(): Promise<void>;
}

/**
 * SageMaker: training jobs, batch transform jobs, models, endpoints and the model registry, and the runtime that invokes
 * endpoints. Containers really run, as local processes.
 *
 * @param hooks Who hears of metrics.
 * @param quotas What the account may use; see {@link QuotaSettings} for what it may when they do not say.
 */
export const createSageMaker = (cloud: Cloud, hooks: SageMakerHooks = {}, quotas: QuotaSettings = {}): SageMaker => {
  const context = createContext(cloud, hooks, quotas);
  const registry = createRegistry(context);
  const models = createModels(context, registry);
  const configs = createEndpointConfigs(context, models);
  const capture = createDataCapture(context);
  const endpoints = createEndpoints(context, models, configs, capture);
  const trainingJobs = createTrainingJobs(context);
  const tuningJobs = createTuningJobs(context, trainingJobs);
  const transformJobs = createTransformJobs(context, models);
  const controlPlane: Service = {
    scope: 'sagemaker',
    api: {
      protocol: 'json-1.1',
      target: 'SageMaker',
      operations: {
        ...context.tags.operations,
        ...registry.operations,
        ...models.operations,
        ...configs.operations,
        ...endpoints.operations,
        ...trainingJobs.operations,
        ...tuningJobs.operations,
        ...transformJobs.operations,
      },
    },
    resources: { 'AWS::SageMaker::ModelPackageGroup': registry.groupProvisioner },
    policies: registry.policies,
    async close() {
      await capture.flush();
      capture.close();
      await Promise.all([tuningJobs.close(), trainingJobs.close(), transformJobs.close(), endpoints.close()]);
    },
  };
  return {
    services: [controlPlane, { scope: 'sagemaker', api: createRuntime(context, endpoints, capture) }],
    api: { reclaim: (trainingJobName) => trainingJobs.reclaim(trainingJobName) },
    flushCapture: () => capture.flush(),
  };
};
