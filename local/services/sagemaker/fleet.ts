import { DEFAULT_STARTUP_MS } from '../../containers/serving.ts';
import type { Context } from './context.ts';
import type { EndpointConfig, VariantConfig } from './endpoint-configs.ts';
import { type HostedModel, hostModel } from './hosting.ts';
import type { Model } from './models.ts';

/** A production variant that runs. */
export interface FleetVariant {
  readonly config: VariantConfig;
  readonly model: Model;
  readonly weight: number;
  /** Undefined for a serverless variant. */
  readonly instanceCount: number | undefined;
  /** Its container, started again if its process has ended. @throws HostingError if that fails. */
  container(): Promise<HostedModel>;
}

/** What one endpoint configuration has running. */
export interface Fleet {
  readonly config: EndpointConfig;
  readonly variants: readonly FleetVariant[];
  stop(): Promise<void>;
}

/** Properties a variant keeps over an update. */
export interface RetainedProperties {
  readonly weight?: number;
  readonly instanceCount?: number;
}

/** What a fleet is started with. */
export interface FleetStart {
  readonly endpoint: string;
  readonly config: EndpointConfig;
  /** The models by name, as they were when the request came. */
  readonly models: ReadonlyMap<string, Model>;
  readonly retained?: ReadonlyMap<string, RetainedProperties>;
  readonly signal: AbortSignal;
}

// Any number of instances of a variant share one process.
const startVariant = async (context: Context, start: FleetStart, config: VariantConfig) => {
  const model = start.models.get(config.ModelName);
  if (!model) throw new Error(`no model ${config.ModelName} for the variant ${config.VariantName}`);
  const seconds = config.ContainerStartupHealthCheckTimeoutInSeconds;
  const stream = `${config.VariantName}/i-${context.cloud.id(17)}`;
  const host = (signal?: AbortSignal) =>
    hostModel(context, {
      model,
      subject: `The primary container for production variant ${config.VariantName}`,
      logGroup: `/aws/sagemaker/Endpoints/${start.endpoint}`,
      logStream: stream,
      startupMs: seconds === undefined ? DEFAULT_STARTUP_MS : seconds * 1000,
      ...(signal ? { signal } : {}),
    });
  let hosted = Promise.resolve(await host(start.signal));
  const retained = start.retained?.get(config.VariantName);
  const variant: FleetVariant = {
    config,
    model,
    weight: retained?.weight ?? config.InitialVariantWeight ?? 1,
    instanceCount: config.ServerlessConfig ? undefined : (retained?.instanceCount ?? config.InitialInstanceCount),
    async container() {
      const current = hosted;
      const found = await current.catch(() => undefined);
      if (found?.container.running()) return found;
      // Whoever waited for the same ended process gets the same new one.
      if (hosted === current) hosted = (found?.stop() ?? Promise.resolve()).then(() => host());
      return hosted;
    },
  };
  return { variant, stop: async () => (await hosted.catch(() => undefined))?.stop() };
};

/**
 * Starts every variant of a configuration.
 *
 * @throws HostingError when one does not come up; the others are stopped again.
 */
export const startFleet = async (context: Context, start: FleetStart): Promise<Fleet> => {
  const results = await Promise.allSettled(start.config.variants.map((config) => startVariant(context, start, config)));
  const started = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const stop = async () => void (await Promise.all(started.map((one) => one.stop())));
  for (const result of results) {
    if (result.status === 'rejected') {
      await stop();
      throw result.reason;
    }
  }
  return { config: start.config, variants: started.map(({ variant }) => variant), stop };
};
