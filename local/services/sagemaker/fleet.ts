import { DEFAULT_STARTUP_MS } from '../../containers/serving.ts';
import type { Context } from './context.ts';
import type { EndpointConfig, VariantConfig } from './endpoint-configs.ts';
import { type HostedModel, HostingError, hostModel } from './hosting.ts';
import type { Model } from './models.ts';

/** A production variant that runs. */
export interface FleetVariant {
  readonly config: VariantConfig;
  readonly model: Model;
  readonly weight: number;
  /** Instances that are wanted; undefined for a serverless variant. */
  readonly instanceCount: number | undefined;
  /** Instances that take traffic now: fewer than wanted while a deployment shifts traffic. */
  readonly runningCount: number | undefined;
  /** Undefined for a variant of instances. */
  readonly serverless: VariantConfig['ServerlessConfig'];
  /** Its container, started again if its process has ended. @throws HostingError if that fails. */
  container(): Promise<HostedModel>;
}

/** What one endpoint configuration has running. */
export interface Fleet {
  readonly config: EndpointConfig;
  readonly variants: readonly FleetVariant[];
  /** Gives a variant another weight or capacity; a variant that is not there stays so. */
  scale(variant: string, to: VariantScale): void;
  /** How much of what {@link Fleet.during} does is under way. */
  busy(): number;
  /** Does something that needs the fleet: {@link Fleet.drain} waits until it is over. */
  during<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Stops once nothing needs it any more, or the signal says at once: an update has no availability loss
   * (API_UpdateEndpoint, documented).
   */
  drain(signal: AbortSignal): Promise<void>;
  /** Stops at once. */
  stop(): Promise<void>;
}

/** What can change of a variant that runs. */
export type VariantScale = {
  -readonly [Member in 'weight' | 'instanceCount' | 'runningCount' | 'serverless']?: FleetVariant[Member];
};

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

// Any number of instances of a variant share one process (*assumed* to answer alike).
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
  const instanceCount = config.ServerlessConfig ? undefined : (retained?.instanceCount ?? config.InitialInstanceCount);
  const variant = {
    config,
    model,
    weight: retained?.weight ?? config.InitialVariantWeight ?? 1,
    instanceCount,
    runningCount: instanceCount,
    serverless: config.ServerlessConfig,
    async container() {
      const current = hosted;
      const found = await current.catch(() => undefined);
      if (found?.container.running()) return found;
      // Whoever waited for the same ended process gets the same new one.
      if (hosted === current) hosted = (found?.stop() ?? Promise.resolve()).then(() => host());
      return hosted;
    },
  } satisfies FleetVariant;
  return { variant, stop: async () => (await hosted.catch(() => undefined))?.stop() };
};

/** @throws HostingError when a fault is to befall this fleet. */
const suffer = ({ cloud }: Context, { endpoint, config }: FleetStart): void => {
  const fault = cloud.faults.hosting?.({ endpoint, endpointConfig: config.name });
  if (!fault) return;
  const [variant] = config.variants;
  const words = {
    // The words are those public issues quote; *assumed*.
    capacity: `Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. Please retry using a different ML instance type or after some time.`,
    unhealthy: `The primary container for production variant ${variant?.VariantName ?? ''} did not pass the ping health check. Please check CloudWatch logs for this endpoint.`,
  };
  throw new HostingError(words[fault.failure], { isSilent: fault.silent ?? false });
};

/**
 * Starts every variant of a configuration.
 *
 * @throws HostingError when one does not come up; the others are stopped again.
 */
export const startFleet = async (context: Context, start: FleetStart): Promise<Fleet> => {
  suffer(context, start);
  const results = await Promise.allSettled(start.config.variants.map((config) => startVariant(context, start, config)));
  const started = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const stop = async () => void (await Promise.all(started.map((one) => one.stop())));
  for (const result of results) {
    if (result.status === 'rejected') {
      await stop();
      throw result.reason;
    }
  }
  const underWay = new Set<Promise<unknown>>();
  return {
    config: start.config,
    variants: started.map(({ variant }) => variant),
    busy: () => underWay.size,
    during(work) {
      const done = work();
      const settled: Promise<unknown> = done.catch(() => undefined).finally(() => underWay.delete(settled));
      underWay.add(settled);
      return done;
    },
    async drain(signal) {
      const over = new AbortController();
      const aborted = new Promise<void>((resolve) =>
        signal.addEventListener('abort', () => resolve(), { once: true, signal: over.signal }),
      );
      while (underWay.size > 0 && !signal.aborted) await Promise.race([Promise.all(underWay), aborted]);
      over.abort();
      await stop();
    },
    scale(name, to) {
      const found = started.find(({ variant }) => variant.config.VariantName === name);
      if (found) Object.assign(found.variant, to);
    },
    stop,
  };
};
