/** What an endpoint is, and how DescribeEndpoint and its events tell of it. */
import type { JsonObject } from '../../contracts.ts';
import type { DeploymentConfig } from './deployment-config.ts';
import type { VariantCapacity } from './deployment-plan.ts';
import type { EndpointConfig, VariantConfig } from './endpoint-configs.ts';
import type { Fleet, RetainedProperties } from './fleet.ts';
import type { Listed } from './listing.ts';
import type { Lease } from './quotas.ts';
import { toJson, toSeconds } from './request.ts';
import type { Route } from './traffic.ts';

/** EndpointStatus, as the API spells it. */
export const ENDPOINT_STATUSES = [
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

export type EndpointStatus = (typeof ENDPOINT_STATUSES)[number];

/** The stage of a variant (API_ProductionVariantStatus, documented). */
export interface VariantStage {
  readonly status: 'Creating' | 'Updating' | 'Deleting' | 'ActivatingTraffic' | 'Baking';
  readonly message: (variant: string) => string;
  readonly startMs: number;
}

/** A configuration that is being deployed. */
export interface PendingDeployment {
  readonly config: EndpointConfig;
  readonly retained: ReadonlyMap<string, RetainedProperties>;
  readonly startMs: number;
  stage: VariantStage;
  fleet?: Fleet;
}

/** An endpoint. */
export interface Endpoint extends Listed {
  readonly arn: string;
  readonly stop: AbortController;
  status: EndpointStatus;
  modifiedMs: number;
  config: EndpointConfig;
  /** What DescribeEndpoint shows as its variants; undefined until it was in service once. */
  fleet?: Fleet;
  /** What answers invocations. */
  routes: readonly Route[];
  pending?: PendingDeployment;
  /** What its variants go through outside a deployment, by name. */
  readonly scaling: Map<string, VariantStage>;
  /** The instances it holds of the account's quota. */
  readonly leases: Lease[];
  failureReason?: string;
  deployment?: DeploymentConfig;
}

/**
 * Events spell an endpoint's status with capitals (automating-sagemaker-with-eventbridge.md, documented for IN_SERVICE
 * and UPDATING). That the other statuses follow the same rule is *assumed*; FAILED, ROLLING_BACK and DELETING stand in
 * public rules.
 */
export const statusInEvents = (status: EndpointStatus): string =>
  status.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();

/** The weight and the instances a variant of a configuration begins with. */
export const initialCapacity = (
  variant: VariantConfig,
  retained: RetainedProperties | undefined,
): { weight: number; instanceCount: number | undefined } => ({
  weight: retained?.weight ?? variant.InitialVariantWeight ?? 1,
  instanceCount: variant.ServerlessConfig ? undefined : (retained?.instanceCount ?? variant.InitialInstanceCount),
});

/** The instances of a configuration beside those that run, as the steps of a deployment are planned by. */
export const plannedCapacities = (
  config: EndpointConfig,
  retained: ReadonlyMap<string, RetainedProperties>,
  old: Fleet | undefined,
): VariantCapacity[] =>
  config.variants.map((variant) => {
    const before = old?.variants.find((one) => one.config.VariantName === variant.VariantName)?.instanceCount;
    return {
      name: variant.VariantName,
      instanceCount: initialCapacity(variant, retained.get(variant.VariantName)).instanceCount ?? 1,
      ...(before === undefined ? {} : { oldInstanceCount: before }),
    };
  });

type Time = (ms: number) => number;

const stageOf = (stage: VariantStage, name: string, time: Time) => [
  { Status: stage.status, StatusMessage: stage.message(name), StartTime: time(stage.startMs) },
];

const variantsOf = ({ fleet, modifiedMs, scaling }: Endpoint, time: Time) =>
  fleet?.variants.map(({ config, model, weight, instanceCount = 0, runningCount = 0, serverless }) => {
    const stage = scaling.get(config.VariantName);
    return {
      VariantName: config.VariantName,
      DeployedImages: [
        { SpecifiedImage: model.imageUri, ResolvedImage: model.imageUri, ResolutionTime: time(modifiedMs) },
      ],
      CurrentWeight: weight,
      DesiredWeight: weight,
      CurrentInstanceCount: runningCount,
      DesiredInstanceCount: instanceCount,
      CurrentServerlessConfig: config.ServerlessConfig && serverless,
      DesiredServerlessConfig: config.ServerlessConfig && serverless,
      ...(stage ? { VariantStatus: stageOf(stage, config.VariantName, time) } : {}),
    };
  });

const pendingOf = (pending: PendingDeployment | undefined, time: Time) => {
  if (!pending) return undefined;
  return {
    EndpointConfigName: pending.config.name,
    StartTime: time(pending.startMs),
    ProductionVariants: pending.config.variants.map((variant) => {
      const { VariantName } = variant;
      const { weight, instanceCount = 0 } = initialCapacity(variant, pending.retained.get(VariantName));
      const running = pending.fleet?.variants.find(({ config }) => config.VariantName === VariantName);
      return {
        VariantName,
        // Instances that take no traffic yet are not counted as current (*assumed* from the documented sample, where a
        // baking canary of 1 of 3 instances has CurrentInstanceCount 1 and its full weight).
        CurrentWeight: running ? running.weight : 0,
        DesiredWeight: weight,
        CurrentInstanceCount: running?.runningCount ?? 0,
        DesiredInstanceCount: instanceCount,
        InstanceType: variant.InstanceType,
        CurrentServerlessConfig: running && variant.ServerlessConfig,
        DesiredServerlessConfig: variant.ServerlessConfig,
        VariantStatus: stageOf(pending.stage, VariantName, time),
      };
    }),
  };
};

/**
 * The detail of "SageMaker Endpoint State Change" (automating-sagemaker-with-eventbridge.md, documented): times in
 * epoch milliseconds, tags as an object.
 */
export const stateChange = (endpoint: Endpoint, tags: JsonObject): JsonObject =>
  toJson({
    EndpointName: endpoint.name,
    EndpointArn: endpoint.arn,
    EndpointConfigName: endpoint.config.name,
    ProductionVariants: variantsOf(endpoint, (ms) => ms) ?? null,
    EndpointStatus: statusInEvents(endpoint.status),
    FailureReason: endpoint.failureReason ?? null,
    CreationTime: endpoint.creationMs,
    LastModifiedTime: endpoint.modifiedMs,
    Tags: tags,
  });

/** The detail of "SageMaker Endpoint Deployment State Change" (the same page): what is pending besides. */
export const deploymentStateChange = (endpoint: Endpoint, tags: JsonObject): JsonObject => ({
  ...stateChange(endpoint, tags),
  ...toJson({ PendingDeploymentSummary: pendingOf(endpoint.pending, (ms) => ms) }),
});

/** What DescribeEndpoint answers. */
export const describeEndpoint = (endpoint: Endpoint): JsonObject => {
  const captured = endpoint.config.capture;
  const isCapturing = captured?.EnableCapture ?? true;
  return toJson({
    EndpointName: endpoint.name,
    EndpointArn: endpoint.arn,
    EndpointConfigName: endpoint.config.name,
    ProductionVariants: variantsOf(endpoint, toSeconds),
    DataCaptureConfig: captured
      ? {
          EnableCapture: isCapturing,
          CaptureStatus: isCapturing ? 'Started' : 'Stopped',
          CurrentSamplingPercentage: captured.InitialSamplingPercentage,
          DestinationS3Uri: captured.DestinationS3Uri,
          KmsKeyId: '',
        }
      : undefined,
    EndpointStatus: endpoint.status,
    FailureReason: endpoint.failureReason,
    CreationTime: toSeconds(endpoint.creationMs),
    LastModifiedTime: toSeconds(endpoint.modifiedMs),
    LastDeploymentConfig: endpoint.deployment,
    PendingDeploymentSummary: pendingOf(endpoint.pending, toSeconds),
  });
};
