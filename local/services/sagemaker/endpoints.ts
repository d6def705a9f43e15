import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Operation } from '../../contracts.ts';
import { flag, integer, list, number, oneOf, optional, type Read, structure } from '../parameters.ts';
import type { Context } from './context.ts';
import type { DataCapture } from './data-capture.ts';
import { type DeploymentHost, startDeployment } from './deployment.ts';
import {
  type CapacitySize,
  checkDeployment,
  type DeploymentConfig,
  deploymentConfig,
  rollbackAlarms,
} from './deployment-config.ts';
import { instancesOf, type VariantCapacity } from './deployment-plan.ts';
import type { EndpointConfig, EndpointConfigs } from './endpoint-configs.ts';
import {
  deploymentStateChange,
  describeEndpoint,
  ENDPOINT_STATUSES,
  type Endpoint,
  type EndpointStatus,
  type PendingDeployment,
  plannedCapacities,
  stateChange,
} from './endpoint-state.ts';
import { invalid } from './errors.ts';
import { type Fleet, type RetainedProperties, startFleet } from './fleet.ts';
import { HostingError } from './hosting.ts';
import { listPage } from './listing.ts';
import type { Model, Models } from './models.ts';
import type { Lease } from './quotas.ts';
import { parse, toJson, toSeconds } from './request.ts';
import { createRollbackAlarms } from './rollback-alarms.ts';
import * as shapes from './shapes.ts';
import { allTo, type Route } from './traffic.ts';

const CreateEndpoint = structure({
  EndpointName: shapes.name,
  EndpointConfigName: shapes.name,
  DeploymentConfig: optional(deploymentConfig),
  Tags: optional(shapes.tags),
});
const UpdateEndpoint = structure({
  EndpointName: shapes.name,
  EndpointConfigName: shapes.name,
  RetainAllVariantProperties: optional(flag()),
  ExcludeRetainedVariantProperties: optional(
    list(
      structure({
        // The variant property DataCaptureConfig is not supported (API_VariantProperty, documented).
        VariantPropertyType: shapes.someOf(
          ['DesiredInstanceCount', 'DesiredWeight', 'DataCaptureConfig'],
          ['DesiredInstanceCount', 'DesiredWeight'],
        ),
      }),
      { max: 3 },
    ),
  ),
  DeploymentConfig: optional(deploymentConfig),
  RetainDeploymentConfig: optional(flag()),
});
const ByName = structure({ EndpointName: shapes.name });
const ListEndpoints = structure({
  ...shapes.listMembers,
  ...shapes.modifiedMembers,
  StatusEquals: optional(oneOf(...ENDPOINT_STATUSES)),
  SortBy: optional(oneOf('Name', 'CreationTime', 'Status')),
});

const UpdateWeights = structure({
  EndpointName: shapes.name,
  DesiredWeightsAndCapacities: list(
    structure({
      VariantName: shapes.name,
      DesiredWeight: optional(number({ min: 0 })),
      DesiredInstanceCount: optional(integer({ min: 0 })),
      ServerlessUpdateConfig: optional(
        structure({
          MaxConcurrency: optional(integer({ min: 1, max: 200 })),
          ProvisionedConcurrency: optional(integer({ min: 1, max: 200 })),
        }),
      ),
    }),
    { min: 1 },
  ),
});

/** An endpoint as the runtime sees it. */
export interface ServedEndpoint {
  readonly name: string;
  /** The fleets that take its traffic: two while a deployment shifts it. */
  readonly routes: readonly Route[];
}

/** Endpoints. */
export interface Endpoints {
  /** What answers this endpoint's invocations; undefined when it does not exist, `idle` when nothing does. */
  served(name: string): ServedEndpoint | 'idle' | undefined;
  readonly operations: Readonly<Record<string, Operation>>;
  close(): Promise<void>;
}

/**
 * CreateEndpoint, DescribeEndpoint, UpdateEndpoint, UpdateEndpointWeightsAndCapacities, DeleteEndpoint, ListEndpoints,
 * and the endpoints themselves.
 */
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

  const move = (endpoint: Endpoint, status: EndpointStatus) => {
    endpoint.status = status;
    endpoint.modifiedMs = now();
    const { arn } = endpoint;
    context.tell('SageMaker Endpoint State Change', arn, stateChange(endpoint, context.tags.asObject(arn)));
  };

  /**
   * "SystemUpdating: Endpoint is undergoing maintenance", and "OutOfService: Endpoint is not available to take incoming
   * requests" (API_DescribeEndpoint, documented). What leads to either AWS does not say: here a fault does, and the
   * endpoint comes back as it was (*assumed*).
   */
  const suspend = (endpoint: Endpoint) => {
    const fault = cloud.faults.suspension?.({ endpoint: endpoint.name, endpointConfig: endpoint.config.name });
    if (!fault) return;
    const from = (status: EndpointStatus, next: EndpointStatus) => () => {
      if (closed || endpoint.status !== status || byName.get(key(endpoint.name)) !== endpoint) return;
      move(endpoint, next);
    };
    const what = `${fault.status} of endpoint ${endpoint.name}`;
    cloud.clock.after(fault.afterMs, from('InService', fault.status), what);
    cloud.clock.after(fault.afterMs + fault.forMs, from(fault.status, 'InService'), `end of ${what}`);
  };

  const enter = (endpoint: Endpoint, status: EndpointStatus) => {
    move(endpoint, status);
    if (status === 'InService') suspend(endpoint);
  };

  const tellDeployment = (endpoint: Endpoint) => {
    // Endpoints that guardrails exclude emit no deployment state events (deployment-guardrails-exclusions.html,
    // documented).
    if ((endpoint.pending?.config ?? endpoint.config).serverless) return;
    const { arn } = endpoint;
    context.tell(
      'SageMaker Endpoint Deployment State Change',
      arn,
      deploymentStateChange(endpoint, context.tags.asObject(arn)),
    );
  };

  const modelsOf = (config: EndpointConfig) =>
    new Map(config.variants.map(({ ModelName }) => [ModelName, models.settled(ModelName)]));

  const rolesOf = (found: ReadonlyMap<string, Model>) => [
    ...new Set([...found.values()].map(({ roleArn }) => roleArn)),
  ];

  /** Takes instances by type and count, all or none. @throws ServiceError `ResourceLimitExceeded` */
  const take = (endpoint: Endpoint, wanted: readonly (readonly [type: string | undefined, count: number])[]) => {
    const taken: Lease[] = [];
    try {
      for (const [type, count] of wanted) {
        if (type !== undefined && count > 0) taken.push(context.quotas.take('endpoint', type, count));
      }
    } catch (error) {
      for (const lease of taken) lease.release();
      throw error;
    }
    endpoint.leases.push(...taken);
  };
  const giveBack = (endpoint: Endpoint) => {
    for (const lease of endpoint.leases.splice(0)) lease.release();
  };
  /** What it holds beyond the instances of its one fleet goes back. */
  const occupy = (endpoint: Endpoint) => {
    giveBack(endpoint);
    take(
      endpoint,
      (endpoint.fleet?.variants ?? []).map(({ config, instanceCount = 0 }) => [config.InstanceType, instanceCount]),
    );
  };
  /**
   * The instances an update needs besides those of the old fleet: a second fleet, or one batch where batches replace
   * each other (deployment-guardrails-rolling.html, documented). That UpdateEndpoint is refused over them is *assumed*.
   */
  const surge = (
    endpoint: Endpoint,
    config: EndpointConfig,
    capacities: readonly VariantCapacity[],
    batch: CapacitySize | undefined,
  ) =>
    config.variants.map(({ VariantName, InstanceType, ServerlessConfig }) => {
      const planned = capacities.find(({ name }) => name === VariantName);
      const wanted = ServerlessConfig ? 0 : (planned?.instanceCount ?? 0);
      const before = endpoint.config.variants.find((one) => one.VariantName === VariantName);
      if (!batch || before?.InstanceType !== InstanceType) return [InstanceType, wanted] as const;
      const more = wanted - (planned?.oldInstanceCount ?? 0);
      return [InstanceType, Math.max(more, instancesOf(batch, wanted))] as const;
    });

  const firstStage = () => ({
    status: 'Creating' as const,
    message: () => 'Creating inference resources for the production variant.',
    startMs: now(),
  });

  const create = async (endpoint: Endpoint, found: ReadonlyMap<string, Model>) => {
    try {
      const fleet = await startFleet(context, {
        endpoint: endpoint.name,
        config: endpoint.config,
        models: found,
        signal: endpoint.stop.signal,
      });
      endpoint.fleet = fleet;
      endpoint.routes = allTo(fleet);
      delete endpoint.pending;
      enter(endpoint, 'InService');
    } catch (error) {
      if (closed) return;
      if (!(error instanceof HostingError)) cloud.log(`endpoint ${endpoint.name} failed`, { error: String(error) });
      endpoint.failureReason = (error instanceof Error ? error.message : String(error)).slice(0, 1024);
      delete endpoint.pending;
      giveBack(endpoint);
      enter(endpoint, 'Failed');
    }
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
    // That an endpoint whose rollback failed can be updated, to the configuration it had, too, and deleted is *assumed*:
    // it is to be restored by its owner (API_DescribeEndpoint). One that is SystemUpdating "cannot be updated or deleted
    // or re-scaled until it has completed" (the same page, documented). That one that is OutOfService cannot either is
    // *assumed*, as AWS's own operator has it (aws/amazon-sagemaker-operator-for-k8s, hosting deployments).
    if (!['InService', 'Failed', 'UpdateRollbackFailed'].includes(endpoint.status)) {
      throw invalid(`Cannot update in-progress endpoint "${endpoint.arn}".`);
    }
  };
  /** The fleet of an endpoint that may be changed now. */
  const idle = (endpoint: Endpoint): Fleet => {
    refuseInProgress(endpoint);
    // "DeleteEndpoint is the only operation that can be performed on a failed endpoint" (API_DescribeEndpoint,
    // documented).
    if (endpoint.status === 'Failed' || !endpoint.fleet) {
      throw invalid(`Cannot update failed endpoint "${endpoint.arn}".`);
    }
    return endpoint.fleet;
  };
  const host: DeploymentHost = { enter, tell: tellDeployment, occupy, background, closed: () => closed };

  const checkUpdate = (endpoint: Endpoint, config: EndpointConfig, deployment: DeploymentConfig | undefined) => {
    // "You must not delete an EndpointConfig in use": an endpoint whose configuration is gone cannot be updated any
    // more (hashicorp/terraform-provider-aws#48997, documented).
    configs.get(endpoint.config.name);
    // An update takes a new configuration (API_UpdateEndpoint, documented). That UpdateEndpoint refuses the
    // configuration in service is *assumed*.
    if (config === endpoint.config && endpoint.status !== 'UpdateRollbackFailed') {
      throw invalid(`Cannot update endpoint "${endpoint.arn}" to the endpoint configuration it has: "${config.arn}".`);
    }
    // An endpoint can be updated from serverless to instances, but not back (serverless-endpoints.md, documented). The
    // words of the refusal are *assumed*.
    if (config.serverless && !endpoint.config.serverless) {
      throw invalid('An endpoint of instances cannot be updated to a serverless configuration');
    }
    // Guardrails need the same variant names in both configurations (deployment-guardrails-exclusions.html,
    // documented). The words of the refusal are *assumed*.
    const names = (one: EndpointConfig) =>
      one.variants
        .map(({ VariantName }) => VariantName)
        .sort()
        .join();
    const policy = deployment?.BlueGreenUpdatePolicy ?? deployment?.RollingUpdatePolicy;
    if (policy && names(config) !== names(endpoint.config)) {
      throw invalid(
        'A deployment with a DeploymentConfig needs the same variant names in both endpoint configurations',
      );
    }
  };

  const scaleVariants = (endpoint: Endpoint, fleet: Fleet, wanted: Read<typeof UpdateWeights>) => {
    const changes = wanted.DesiredWeightsAndCapacities.map((change) => {
      const variant = fleet.variants.find(({ config }) => config.VariantName === change.VariantName);
      // The words of UpdateEndpointWeightsAndCapacities' refusals are *assumed*.
      if (!variant) throw invalid(`Could not find variant ${change.VariantName} of endpoint "${endpoint.arn}".`);
      const { DesiredInstanceCount: instances, ServerlessUpdateConfig: serverless } = change;
      if (variant.serverless ? instances !== undefined : serverless !== undefined) {
        throw invalid(
          variant.serverless
            ? `DesiredInstanceCount cannot be given for the serverless variant ${change.VariantName}`
            : `ServerlessUpdateConfig cannot be given for the variant ${change.VariantName} of instances`,
        );
      }
      // At least one instance (endpoint-auto-scaling-add-code-define.md, documented for plain variants).
      if (instances === 0)
        throw invalid(`DesiredInstanceCount of the variant ${change.VariantName} must be at least 1`);
      const capacity = variant.serverless && {
        MemorySizeInMB: variant.serverless.MemorySizeInMB,
        MaxConcurrency: serverless?.MaxConcurrency ?? variant.serverless.MaxConcurrency,
        ProvisionedConcurrency: serverless?.ProvisionedConcurrency ?? variant.serverless.ProvisionedConcurrency,
      };
      if ((capacity?.ProvisionedConcurrency ?? 0) > (capacity?.MaxConcurrency ?? 0)) {
        throw invalid('ProvisionedConcurrency must not exceed MaxConcurrency');
      }
      return { variant, name: change.VariantName, weight: change.DesiredWeight ?? variant.weight, instances, capacity };
    });
    if (new Set(changes.map(({ name }) => name)).size < changes.length) {
      throw invalid('VariantName must be unique within DesiredWeightsAndCapacities');
    }
    const weights = fleet.variants.map(
      (variant) => changes.find((one) => one.variant === variant)?.weight ?? variant.weight,
    );
    if (weights.every((weight) => weight === 0)) throw invalid('At least one variant needs a weight above 0');
    take(
      endpoint,
      changes.map(({ variant, instances }) => [
        variant.config.InstanceType,
        (instances ?? variant.instanceCount ?? 0) - (variant.instanceCount ?? 0),
      ]),
    );
    for (const { variant, name, instances } of changes) {
      if (instances === undefined || instances === variant.instanceCount) continue;
      // A variant that scales out says so in its StatusMessage (automating-sagemaker-with-eventbridge.md, documented).
      // That one that scales in is worded alike is *assumed*.
      const way = instances > (variant.instanceCount ?? 0) ? 'out' : 'in';
      const message = `Scaling ${way} desired instance count to ${instances}.`;
      endpoint.scaling.set(name, { status: 'Updating', message: () => message, startMs: now() });
      fleet.scale(name, { instanceCount: instances });
    }
    return () => {
      for (const { name, weight, instances, capacity } of changes) {
        fleet.scale(name, {
          weight,
          ...(instances === undefined ? {} : { runningCount: instances }),
          ...(capacity ? { serverless: capacity } : {}),
        });
      }
      endpoint.scaling.clear();
      occupy(endpoint);
    };
  };

  return {
    served(name) {
      const endpoint = byName.get(key(name));
      if (!endpoint) return undefined;
      // That an endpoint answers while it is SystemUpdating is *assumed*: maintenance changes nothing of the customer's.
      if (endpoint.routes.length === 0 || ['Deleting', 'OutOfService'].includes(endpoint.status)) return 'idle';
      return { name: endpoint.name, routes: endpoint.routes };
    },
    operations: {
      CreateEndpoint(input) {
        const { value } = parse('CreateEndpoint', CreateEndpoint, input);
        const arn = context.arn('endpoint', value.EndpointName);
        if (byName.has(key(value.EndpointName))) throw invalid(`Cannot create already existing endpoint "${arn}".`);
        const config = configs.settled(value.EndpointConfigName);
        const retained = new Map<string, RetainedProperties>();
        const capacities = plannedCapacities(config, retained, undefined);
        checkDeployment(value.DeploymentConfig, capacities, config.serverless);
        const found = modelsOf(config);
        createRollbackAlarms(cloud, rollbackAlarms(value.DeploymentConfig), rolesOf(found)).check();
        const endpoint: Endpoint = {
          name: value.EndpointName,
          arn,
          stop: new AbortController(),
          creationMs: now(),
          modifiedMs: now(),
          status: 'Creating',
          config,
          routes: [],
          // Shown while an endpoint is created, too (API_DescribeEndpoint, PendingDeploymentSummary, documented).
          pending: { config, retained, startMs: now(), stage: firstStage() },
          scaling: new Map(),
          leases: [],
          // Alarms and steps are for updates; what CreateEndpoint is given can be retained by them (*assumed*).
          ...(value.DeploymentConfig ? { deployment: value.DeploymentConfig } : {}),
        };
        take(endpoint, surge(endpoint, config, capacities, undefined));
        byName.set(key(endpoint.name), endpoint);
        context.tags.create(arn, value.Tags);
        enter(endpoint, 'Creating');
        background(endpoint, 'creation', () => create(endpoint, found));
        return { EndpointArn: arn };
      },
      UpdateEndpoint(input) {
        const { value } = parse('UpdateEndpoint', UpdateEndpoint, input);
        const endpoint = get(value.EndpointName);
        const config = configs.settled(value.EndpointConfigName);
        const old = idle(endpoint);
        // Nothing says what AWS makes of both; that it refuses them is *assumed*.
        if (value.RetainDeploymentConfig && value.DeploymentConfig) {
          throw invalid('RetainDeploymentConfig and DeploymentConfig cannot be given together');
        }
        const deployment = value.RetainDeploymentConfig ? endpoint.deployment : value.DeploymentConfig;
        checkUpdate(endpoint, config, deployment);
        const retained = retainedOf(endpoint, value);
        const capacities = plannedCapacities(config, retained, old);
        checkDeployment(deployment, capacities, config.serverless);
        const found = modelsOf(config);
        const alarms = createRollbackAlarms(cloud, rollbackAlarms(deployment), rolesOf(found));
        alarms.check();
        take(endpoint, surge(endpoint, config, capacities, deployment?.RollingUpdatePolicy?.MaximumBatchSize));
        const pending: PendingDeployment = { config, retained, startMs: now(), stage: firstStage() };
        // The FailureReason of a failed update vanishes with the next one (hashicorp/terraform-provider-aws#48997,
        // documented).
        delete endpoint.failureReason;
        const left = endpoint.pending?.fleet;
        if (left) {
          // The rollback of the last update failed: what it left goes, and the old fleet serves until the new one does.
          endpoint.routes = allTo(old);
          background(endpoint, 'termination of what a failed rollback left', () => left.drain(endpoint.stop.signal));
        }
        endpoint.pending = pending;
        if (deployment) endpoint.deployment = deployment;
        enter(endpoint, 'Updating');
        tellDeployment(endpoint);
        startDeployment(context, host, { endpoint, pending, old, models: found, deployment, alarms });
        return { EndpointArn: endpoint.arn };
      },
      UpdateEndpointWeightsAndCapacities(input) {
        const { value } = parse('UpdateEndpointWeightsAndCapacities', UpdateWeights, input);
        const endpoint = get(value.EndpointName);
        const fleet = idle(endpoint);
        // Nothing says what becomes of the weights of a mix of two fleets; that they cannot be changed is *assumed*.
        if (endpoint.pending) throw invalid(`Cannot update in-progress endpoint "${endpoint.arn}".`);
        const apply = scaleVariants(endpoint, fleet, value);
        delete endpoint.failureReason;
        enter(endpoint, 'Updating');
        tellDeployment(endpoint);
        background(endpoint, 'change of weights and capacities', async () => {
          if (closed) return;
          apply();
          enter(endpoint, 'InService');
          tellDeployment(endpoint);
        });
        return { EndpointArn: endpoint.arn };
      },
      DescribeEndpoint(input) {
        return describeEndpoint(get(parse('DescribeEndpoint', ByName, input).value.EndpointName));
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
          await endpoint.fleet?.drain(endpoint.stop.signal);
          await endpoint.pending?.fleet?.drain(endpoint.stop.signal);
          byName.delete(key(endpoint.name));
          giveBack(endpoint);
          context.tags.remove(endpoint.arn);
        });
        return {};
      },
    },
    async close() {
      closed = true;
      for (const endpoint of byName.values()) endpoint.stop.abort();
      await Promise.allSettled(running);
      const fleets = [...byName.values()].flatMap(({ fleet, pending, routes }) => [
        fleet,
        pending?.fleet,
        ...routes.map((route) => route.fleet),
      ]);
      await Promise.allSettled([...new Set(fleets)].map((fleet) => fleet?.stop()));
    },
  };
};
