import { setImmediate as nextTurn } from 'node:timers/promises';

import { deadline } from '../../containers/deadline.ts';
import type { JsonObject, Operation } from '../../contracts.ts';
import { flag, integer, list, oneOf, optional, type Read, structure } from '../parameters.ts';
import type { Context } from './context.ts';
import type { DataCapture } from './data-capture.ts';
import type { EndpointConfig, EndpointConfigs, VariantConfig } from './endpoint-configs.ts';
import { invalid } from './errors.ts';
import { type Fleet, type RetainedProperties, startFleet } from './fleet.ts';
import { HostingError } from './hosting.ts';
import { type Listed, listPage } from './listing.ts';
import type { Models } from './models.ts';
import { parse, toJson, toSeconds } from './request.ts';
import * as shapes from './shapes.ts';

const capacity = structure({ Type: oneOf('INSTANCE_COUNT', 'CAPACITY_PERCENT'), Value: integer({ min: 1 }) });
const Deployment = structure({
  BlueGreenUpdatePolicy: optional(
    structure({
      TrafficRoutingConfiguration: structure({
        Type: shapes.someOf(['ALL_AT_ONCE', 'CANARY', 'LINEAR'], ['ALL_AT_ONCE']),
        WaitIntervalInSeconds: integer({ min: 0, max: 3600 }),
        CanarySize: optional(capacity),
        LinearStepSize: optional(capacity),
      }),
      TerminationWaitInSeconds: optional(integer({ min: 0, max: 3600 })),
      MaximumExecutionTimeoutInSeconds: optional(integer({ min: 600, max: 28_800 })),
    }),
  ),
});

const CreateEndpoint = structure({
  EndpointName: shapes.name,
  EndpointConfigName: shapes.name,
  DeploymentConfig: optional(Deployment),
  Tags: optional(shapes.tags),
});
const UpdateEndpoint = structure({
  EndpointName: shapes.name,
  EndpointConfigName: shapes.name,
  RetainAllVariantProperties: optional(flag()),
  ExcludeRetainedVariantProperties: optional(
    list(
      structure({
        // "DataCaptureConfig … is not supported": API_VariantProperty.
        VariantPropertyType: shapes.someOf(
          ['DesiredInstanceCount', 'DesiredWeight', 'DataCaptureConfig'],
          ['DesiredInstanceCount', 'DesiredWeight'],
        ),
      }),
      { max: 3 },
    ),
  ),
  DeploymentConfig: optional(Deployment),
  RetainDeploymentConfig: optional(flag()),
});
const ByName = structure({ EndpointName: shapes.name });
const STATUSES = [
  'OutOfService',
  'Creating',
  'Updating',
  'SystemUpdating',
  'RollingBack',
  'InService',
  'Deleting',
  'Failed',
  'UpdateRollbackFailed',
] as const;
const ListEndpoints = structure({
  ...shapes.listMembers,
  ...shapes.modifiedMembers,
  StatusEquals: optional(oneOf(...STATUSES)),
  SortBy: optional(oneOf('Name', 'CreationTime', 'Status')),
});

type Status = (typeof STATUSES)[number];
type DeploymentConfig = Read<typeof Deployment>;
type VariantStatus = 'Creating' | 'ActivatingTraffic' | 'Baking';

interface PendingUpdate {
  readonly config: EndpointConfig;
  readonly retained: ReadonlyMap<string, RetainedProperties>;
  readonly startMs: number;
  step: { status: VariantStatus; message: string; startMs: number };
  fleet?: Fleet;
}

interface Endpoint extends Listed {
  readonly arn: string;
  readonly stop: AbortController;
  status: Status;
  modifiedMs: number;
  config: EndpointConfig;
  /** What DescribeEndpoint shows as its variants; undefined until it was in service once. */
  fleet?: Fleet;
  /** What answers invocations. */
  traffic?: Fleet;
  pending?: PendingUpdate;
  failureReason?: string;
  deployment?: DeploymentConfig;
}

/** An endpoint as the runtime sees it. */
export interface ServedEndpoint {
  readonly name: string;
  readonly fleet: Fleet;
}

/** Endpoints. */
export interface Endpoints {
  /** What answers this endpoint's invocations; undefined when it does not exist, `idle` when nothing does. */
  served(name: string): ServedEndpoint | 'idle' | undefined;
  readonly operations: Readonly<Record<string, Operation>>;
  close(): Promise<void>;
}

// Events spell an endpoint's status with capitals: documented samples have IN_SERVICE and UPDATING, public rules FAILED,
// ROLLING_BACK, DELETING; the others are *assumed* by the same rule.
const inEvents = (status: Status): string => status.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();

const startConfig = (variant: VariantConfig, retained: RetainedProperties | undefined) => ({
  weight: retained?.weight ?? variant.InitialVariantWeight ?? 1,
  instanceCount: variant.ServerlessConfig ? undefined : (retained?.instanceCount ?? variant.InitialInstanceCount),
});

/** What can be wrong with a DeploymentConfig beyond its shape. */
const checkDeployment = (deployment: DeploymentConfig | undefined): void => {
  const policy = deployment?.BlueGreenUpdatePolicy;
  if (!policy) return;
  const { CanarySize, LinearStepSize } = policy.TrafficRoutingConfiguration;
  if (CanarySize || LinearStepSize)
    throw invalid('CanarySize and LinearStepSize are for CANARY and LINEAR traffic routing only');
  // "MaximumExecutionTimeoutInSeconds … should be larger than the total time": API_BlueGreenUpdatePolicy.
  const longest = policy.MaximumExecutionTimeoutInSeconds;
  if (longest !== undefined && longest <= (policy.TerminationWaitInSeconds ?? 0)) {
    throw invalid('MaximumExecutionTimeoutInSeconds must be larger than TerminationWaitInSeconds');
  }
};

/** CreateEndpoint, DescribeEndpoint, UpdateEndpoint, DeleteEndpoint, ListEndpoints, and the endpoints themselves. */
export const createEndpoints = (
  context: Context,
  models: Models,
  configs: EndpointConfigs,
  capture: DataCapture,
): Endpoints => {
  const { cloud } = context;
  const byName = new Map<string, Endpoint>();
  const running = new Set<Promise<void>>();
  let closed = false;
  const now = () => cloud.clock.ms();
  const key = (name: string) => name.toLowerCase();

  const get = (name: string) => {
    const found = byName.get(key(name));
    if (!found) throw invalid(`Could not find endpoint "${context.arn('endpoint', name)}".`);
    return found;
  };

  const background = (endpoint: Endpoint, what: string, work: () => Promise<void>) => {
    const done = cloud.activity.track(
      `endpoint ${endpoint.name}: ${what}`,
      // The request is answered before the endpoint moves.
      nextTurn().then(work),
    );
    const caught = done
      .catch((error: unknown) =>
        cloud.log(`endpoint ${endpoint.name}: ${what} failed inside the local cloud`, { error: String(error) }),
      )
      .finally(() => running.delete(caught));
    running.add(caught);
  };

  const variantsOf = (endpoint: Endpoint, time: (ms: number) => number) => {
    const { fleet } = endpoint;
    if (!fleet) return undefined;
    return fleet.variants.map((variant) => ({
      VariantName: variant.config.VariantName,
      DeployedImages: [
        {
          SpecifiedImage: variant.model.imageUri,
          ResolvedImage: variant.model.imageUri,
          ResolutionTime: time(endpoint.modifiedMs),
        },
      ],
      CurrentWeight: variant.weight,
      DesiredWeight: variant.weight,
      CurrentInstanceCount: variant.instanceCount ?? 0,
      DesiredInstanceCount: variant.instanceCount ?? 0,
      CurrentServerlessConfig: variant.config.ServerlessConfig,
      DesiredServerlessConfig: variant.config.ServerlessConfig,
    }));
  };
  const pendingOf = (pending: PendingUpdate | undefined, time: (ms: number) => number) => {
    if (!pending) return undefined;
    return {
      EndpointConfigName: pending.config.name,
      StartTime: time(pending.startMs),
      ProductionVariants: pending.config.variants.map((variant) => {
        const { weight, instanceCount = 0 } = startConfig(variant, pending.retained.get(variant.VariantName));
        return {
          VariantName: variant.VariantName,
          CurrentWeight: pending.fleet ? weight : 0,
          DesiredWeight: weight,
          CurrentInstanceCount: pending.fleet ? instanceCount : 0,
          DesiredInstanceCount: instanceCount,
          InstanceType: variant.InstanceType,
          VariantStatus: [
            {
              Status: pending.step.status,
              StatusMessage: pending.step.message,
              StartTime: time(pending.step.startMs),
            },
          ],
        };
      }),
    };
  };

  const eventDetail = (endpoint: Endpoint): JsonObject =>
    toJson({
      EndpointName: endpoint.name,
      EndpointArn: endpoint.arn,
      EndpointConfigName: endpoint.config.name,
      ProductionVariants: variantsOf(endpoint, (ms) => ms) ?? null,
      EndpointStatus: inEvents(endpoint.status),
      FailureReason: endpoint.failureReason ?? null,
      CreationTime: endpoint.creationMs,
      LastModifiedTime: endpoint.modifiedMs,
      Tags: context.tags.asObject(endpoint.arn),
    });

  const enter = (endpoint: Endpoint, status: Status) => {
    endpoint.status = status;
    endpoint.modifiedMs = now();
    context.tell('SageMaker Endpoint State Change', endpoint.arn, eventDetail(endpoint));
  };

  const tellDeployment = (endpoint: Endpoint, config: EndpointConfig) => {
    // "Excluded endpoints also emit no deployment state events": deployment-guardrails-exclusions.html.
    if (config.serverless) return;
    context.tell('SageMaker Endpoint Deployment State Change', endpoint.arn, {
      ...eventDetail(endpoint),
      ...toJson({ PendingDeploymentSummary: pendingOf(endpoint.pending, (ms) => ms) }),
    });
  };

  const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).slice(0, 1024);

  const modelsOf = (config: EndpointConfig) =>
    new Map(config.variants.map(({ ModelName }) => [ModelName, models.get(ModelName)]));

  const create = async (endpoint: Endpoint, found: ReturnType<typeof modelsOf>) => {
    try {
      const fleet = await startFleet(context, {
        endpoint: endpoint.name,
        config: endpoint.config,
        models: found,
        signal: endpoint.stop.signal,
      });
      endpoint.fleet = fleet;
      endpoint.traffic = fleet;
      enter(endpoint, 'InService');
    } catch (error) {
      if (closed) return;
      if (!(error instanceof HostingError)) cloud.log(`endpoint ${endpoint.name} failed`, { error: String(error) });
      endpoint.failureReason = reasonOf(error);
      enter(endpoint, 'Failed');
    }
  };

  const finish = async (endpoint: Endpoint, fleet: Fleet, old: Fleet | undefined) => {
    endpoint.config = fleet.config;
    endpoint.fleet = fleet;
    delete endpoint.pending;
    enter(endpoint, 'InService');
    tellDeployment(endpoint, fleet.config);
    await old?.stop();
  };

  const update = async (
    endpoint: Endpoint,
    pending: PendingUpdate,
    found: ReturnType<typeof modelsOf>,
    deployment: DeploymentConfig | undefined,
  ) => {
    const policy = deployment?.BlueGreenUpdatePolicy;
    const step = (status: VariantStatus, message: string) => {
      pending.step = { status, message, startMs: now() };
      tellDeployment(endpoint, pending.config);
    };
    const timeout = new AbortController();
    const limit =
      policy?.MaximumExecutionTimeoutInSeconds === undefined
        ? undefined
        : deadline(cloud.clock, policy.MaximumExecutionTimeoutInSeconds * 1000, () => timeout.abort());
    let fleet: Fleet;
    try {
      fleet = await startFleet(context, {
        endpoint: endpoint.name,
        config: pending.config,
        models: found,
        retained: pending.retained,
        signal: AbortSignal.any([endpoint.stop.signal, timeout.signal]),
      });
    } catch (error) {
      if (closed) return;
      if (!(error instanceof HostingError))
        cloud.log(`update of endpoint ${endpoint.name} failed`, { error: String(error) });
      // A failed update ends InService on the old configuration, without another sign than the name and, perhaps, the
      // reason: hashicorp/terraform-provider-aws#48997.
      endpoint.failureReason = reasonOf(error);
      delete endpoint.pending;
      enter(endpoint, 'InService');
      tellDeployment(endpoint, pending.config);
      return;
    } finally {
      limit?.cancel();
    }
    pending.fleet = fleet;
    if (closed) return fleet.stop();
    const old = endpoint.traffic;
    endpoint.traffic = fleet;
    step('ActivatingTraffic', 'Turning on traffic for the production variant.');
    const bakeSeconds = policy?.TerminationWaitInSeconds ?? 0;
    if (bakeSeconds === 0) return finish(endpoint, fleet, old);
    step(
      'Baking',
      `Baking for ${bakeSeconds} seconds (TerminationWaitInSeconds) with traffic enabled on all capacity.`,
    );
    cloud.clock.after(
      bakeSeconds * 1000,
      () => background(endpoint, 'end of the update', () => finish(endpoint, fleet, old)),
      `termination wait of endpoint ${endpoint.name}`,
    );
  };

  const retainedOf = (endpoint: Endpoint, request: Read<typeof UpdateEndpoint>) => {
    const retained = new Map<string, RetainedProperties>();
    if (!request.RetainAllVariantProperties) return retained;
    const excluded = (request.ExcludeRetainedVariantProperties ?? []).map(
      ({ VariantPropertyType }) => VariantPropertyType,
    );
    for (const variant of endpoint.fleet?.variants ?? []) {
      retained.set(variant.config.VariantName, {
        ...(excluded.includes('DesiredWeight') ? {} : { weight: variant.weight }),
        ...(excluded.includes('DesiredInstanceCount') || variant.instanceCount === undefined
          ? {}
          : { instanceCount: variant.instanceCount }),
      });
    }
    return retained;
  };

  const refuseInProgress = (endpoint: Endpoint) => {
    if (endpoint.status !== 'InService' && endpoint.status !== 'Failed') {
      throw invalid(`Cannot update in-progress endpoint "${endpoint.arn}".`);
    }
  };

  const checkUpdate = (endpoint: Endpoint, config: EndpointConfig, deployment: DeploymentConfig | undefined) => {
    // "You must not delete an EndpointConfig in use": an endpoint whose configuration is gone cannot be updated any more
    // (terraform-provider-aws#48997).
    configs.get(endpoint.config.name);
    // Serverless to instances is allowed, one way: serverless-endpoints.md.
    if (config.serverless && !endpoint.config.serverless) {
      throw invalid('An endpoint of instances cannot be updated to a serverless configuration');
    }
    if (deployment?.BlueGreenUpdatePolicy && config.serverless) {
      throw invalid('DeploymentConfig is not supported for serverless endpoints');
    }
    // Guardrails need the same variant names: deployment-guardrails-exclusions.html.
    const names = (one: EndpointConfig) =>
      one.variants
        .map(({ VariantName }) => VariantName)
        .sort()
        .join();
    if (deployment?.BlueGreenUpdatePolicy && names(config) !== names(endpoint.config)) {
      throw invalid(
        'A deployment with a DeploymentConfig needs the same variant names in both endpoint configurations',
      );
    }
  };

  return {
    served(name) {
      const endpoint = byName.get(key(name));
      if (!endpoint) return undefined;
      if (!endpoint.traffic || endpoint.status === 'Deleting') return 'idle';
      return { name: endpoint.name, fleet: endpoint.traffic };
    },
    operations: {
      CreateEndpoint(input) {
        const { value } = parse('CreateEndpoint', CreateEndpoint, input);
        const arn = context.arn('endpoint', value.EndpointName);
        if (byName.has(key(value.EndpointName))) throw invalid(`Cannot create already existing endpoint "${arn}".`);
        checkDeployment(value.DeploymentConfig);
        const config = configs.get(value.EndpointConfigName);
        const found = modelsOf(config);
        const endpoint: Endpoint = {
          name: value.EndpointName,
          arn,
          stop: new AbortController(),
          creationMs: now(),
          modifiedMs: now(),
          status: 'Creating',
          config,
          ...(value.DeploymentConfig ? { deployment: value.DeploymentConfig } : {}),
        };
        byName.set(key(endpoint.name), endpoint);
        context.tags.create(arn, value.Tags);
        enter(endpoint, 'Creating');
        background(endpoint, 'creation', () => create(endpoint, found));
        return { EndpointArn: arn };
      },
      UpdateEndpoint(input) {
        const { value } = parse('UpdateEndpoint', UpdateEndpoint, input);
        const endpoint = get(value.EndpointName);
        const config = configs.get(value.EndpointConfigName);
        refuseInProgress(endpoint);
        // "Failed: … only DeleteEndpoint allowed": API_DescribeEndpoint, EndpointStatus.
        if (endpoint.status === 'Failed') throw invalid(`Cannot update failed endpoint "${endpoint.arn}".`);
        if (value.RetainDeploymentConfig && value.DeploymentConfig) {
          throw invalid('RetainDeploymentConfig and DeploymentConfig cannot be given together');
        }
        const deployment = value.RetainDeploymentConfig ? endpoint.deployment : value.DeploymentConfig;
        checkDeployment(deployment);
        checkUpdate(endpoint, config, deployment);
        const found = modelsOf(config);
        const pending: PendingUpdate = {
          config,
          retained: retainedOf(endpoint, value),
          startMs: now(),
          step: {
            status: 'Creating',
            message: 'Creating inference resources for the production variant.',
            startMs: now(),
          },
        };
        // The reason of a failed update vanishes with the next one.
        delete endpoint.failureReason;
        endpoint.pending = pending;
        if (deployment) endpoint.deployment = deployment;
        enter(endpoint, 'Updating');
        tellDeployment(endpoint, config);
        background(endpoint, 'update', () => update(endpoint, pending, found, deployment));
        return { EndpointArn: endpoint.arn };
      },
      DescribeEndpoint(input) {
        const endpoint = get(parse('DescribeEndpoint', ByName, input).value.EndpointName);
        const captured = endpoint.config.capture;
        return toJson({
          EndpointName: endpoint.name,
          EndpointArn: endpoint.arn,
          EndpointConfigName: endpoint.config.name,
          ProductionVariants: variantsOf(endpoint, toSeconds),
          DataCaptureConfig: captured
            ? {
                EnableCapture: captured.EnableCapture ?? true,
                CaptureStatus: (captured.EnableCapture ?? true) ? 'Started' : 'Stopped',
                CurrentSamplingPercentage: captured.InitialSamplingPercentage,
                DestinationS3Uri: captured.DestinationS3Uri,
                KmsKeyId: captured.KmsKeyId ?? '',
              }
            : undefined,
          EndpointStatus: endpoint.status,
          FailureReason: endpoint.failureReason,
          CreationTime: toSeconds(endpoint.creationMs),
          LastModifiedTime: toSeconds(endpoint.modifiedMs),
          LastDeploymentConfig: endpoint.deployment,
          PendingDeploymentSummary: pendingOf(endpoint.pending, toSeconds),
        });
      },
      ListEndpoints(input) {
        const { page, nextToken } = listPage(
          byName.values(),
          parse('ListEndpoints', ListEndpoints, input).value,
          'Descending',
        );
        return toJson({
          Endpoints: page.map((endpoint) => ({
            EndpointName: endpoint.name,
            EndpointArn: endpoint.arn,
            CreationTime: toSeconds(endpoint.creationMs),
            LastModifiedTime: toSeconds(endpoint.modifiedMs),
            EndpointStatus: endpoint.status,
          })),
          NextToken: nextToken,
        });
      },
      DeleteEndpoint(input) {
        const endpoint = get(parse('DeleteEndpoint', ByName, input).value.EndpointName);
        refuseInProgress(endpoint);
        enter(endpoint, 'Deleting');
        background(endpoint, 'deletion', async () => {
          await capture.flush(endpoint.name);
          await endpoint.traffic?.stop();
          byName.delete(key(endpoint.name));
          context.tags.remove(endpoint.arn);
        });
        return {};
      },
    },
    async close() {
      closed = true;
      for (const endpoint of byName.values()) endpoint.stop.abort();
      await Promise.allSettled(running);
      const fleets = [...byName.values()].flatMap(({ fleet, traffic, pending }) => [fleet, traffic, pending?.fleet]);
      await Promise.allSettled([...new Set(fleets)].map((fleet) => fleet?.stop()));
    },
  };
};
