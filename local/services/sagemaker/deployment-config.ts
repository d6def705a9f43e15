import { integer, list, oneOf, optional, type Read, structure, text } from '../parameters.ts';
import { planSteps, totalWaitSeconds, type VariantCapacity } from './deployment-plan.ts';
import { invalid } from './errors.ts';

const capacity = structure({ Type: oneOf('INSTANCE_COUNT', 'CAPACITY_PERCENT'), Value: integer({ min: 1 }) });
const waitSeconds = integer({ min: 0, max: 3600 });
const timeoutSeconds = integer({ min: 600, max: 28_800 });

/** DeploymentConfig of CreateEndpoint and UpdateEndpoint. */
export const deploymentConfig = structure({
  BlueGreenUpdatePolicy: optional(
    structure({
      TrafficRoutingConfiguration: structure({
        Type: oneOf('ALL_AT_ONCE', 'CANARY', 'LINEAR'),
        WaitIntervalInSeconds: waitSeconds,
        CanarySize: optional(capacity),
        LinearStepSize: optional(capacity),
      }),
      TerminationWaitInSeconds: optional(waitSeconds),
      MaximumExecutionTimeoutInSeconds: optional(timeoutSeconds),
    }),
  ),
  RollingUpdatePolicy: optional(
    structure({
      MaximumBatchSize: capacity,
      WaitIntervalInSeconds: waitSeconds,
      MaximumExecutionTimeoutInSeconds: optional(timeoutSeconds),
      RollbackMaximumBatchSize: optional(capacity),
    }),
  ),
  AutoRollbackConfiguration: optional(
    structure({
      Alarms: optional(
        list(structure({ AlarmName: text({ min: 1, max: 255, pattern: '(?!\\s*$).+' }) }), { min: 1, max: 10 }),
      ),
    }),
  ),
});

/** How an endpoint goes from one configuration to the next. */
export type DeploymentConfig = Read<typeof deploymentConfig>;
/** A part of a variant's instances. */
export type CapacitySize = Read<typeof capacity>;

/** The names of the alarms that roll a deployment back. */
export const rollbackAlarms = (deployment: DeploymentConfig | undefined): readonly string[] =>
  (deployment?.AutoRollbackConfiguration?.Alarms ?? []).map(({ AlarmName }) => AlarmName);

/** The time a deployment may take, in milliseconds; undefined where it says nothing. */
export const maximumExecutionMs = (deployment: DeploymentConfig | undefined): number | undefined => {
  const policy = deployment?.BlueGreenUpdatePolicy ?? deployment?.RollingUpdatePolicy;
  const seconds = policy?.MaximumExecutionTimeoutInSeconds;
  return seconds === undefined ? undefined : seconds * 1000;
};

const checkSize = (
  member: string,
  size: CapacitySize,
  limits: { min: number; max: number },
  variants: readonly VariantCapacity[],
): void => {
  const { min, max } = limits;
  for (const { name, instanceCount } of variants) {
    const percent = size.Type === 'CAPACITY_PERCENT' ? size.Value : (size.Value / instanceCount) * 100;
    // A canary is at most 50 %, a linear step 10 to 50 %, a rolling batch 5 to 50 % of a variant's instances
    // (API_TrafficRoutingConfig, API_RollingUpdatePolicy, documented). The words of the refusal are *assumed*.
    if (percent < min || percent > max) {
      throw invalid(
        `${member} must be ${min === 0 ? `at most ${max}` : `${min}-${max}`}% of the total instance count of the variant ${name}, which has ${instanceCount} instance(s)`,
      );
    }
    // That AWS refuses to shift one instance in parts is *assumed*: it follows from the limit of 50 %.
    if (max <= 50 && instanceCount < 2) {
      throw invalid(`${member} needs at least 2 instances of the variant ${name}, which has ${instanceCount}`);
    }
  }
};

const checkRouting = (deployment: DeploymentConfig, variants: readonly VariantCapacity[]): void => {
  const routing = deployment.BlueGreenUpdatePolicy?.TrafficRoutingConfiguration;
  if (!routing) return;
  const { Type, CanarySize, LinearStepSize } = routing;
  // CanarySize and LinearStepSize belong to one traffic routing type each (API_TrafficRoutingConfig, documented). That
  // a size too many is refused is *assumed*.
  if (CanarySize && Type !== 'CANARY')
    throw invalid(`CanarySize cannot be given with the traffic routing type ${Type}`);
  if (LinearStepSize && Type !== 'LINEAR') {
    throw invalid(`LinearStepSize cannot be given with the traffic routing type ${Type}`);
  }
  if (Type === 'CANARY') {
    if (!CanarySize) throw invalid('CanarySize must be given with the traffic routing type CANARY');
    checkSize('CanarySize', CanarySize, { min: 0, max: 50 }, variants);
  }
  if (Type === 'LINEAR') {
    if (!LinearStepSize) throw invalid('LinearStepSize must be given with the traffic routing type LINEAR');
    checkSize('LinearStepSize', LinearStepSize, { min: 10, max: 50 }, variants);
  }
};

const checkRolling = (deployment: DeploymentConfig, variants: readonly VariantCapacity[]): void => {
  const rolling = deployment.RollingUpdatePolicy;
  if (!rolling) return;
  // Rolling deployments exclude endpoints of several variants (deployment-guardrails-exclusions.html, documented).
  if (variants.length > 1) throw invalid('RollingUpdatePolicy is not supported for endpoints with multiple variants');
  checkSize('MaximumBatchSize', rolling.MaximumBatchSize, { min: 5, max: 50 }, variants);
  if (rolling.RollbackMaximumBatchSize) {
    // RollbackMaximumBatchSize is 100 % by default (API_RollingUpdatePolicy, documented). That it has
    // MaximumBatchSize's smallest size is *assumed*.
    checkSize('RollbackMaximumBatchSize', rolling.RollbackMaximumBatchSize, { min: 5, max: 100 }, variants);
  }
};

/**
 * What can be wrong with a DeploymentConfig beyond its shape.
 *
 * @param variants The variants as they will be, retained instance counts included.
 * @param serverless Is the new configuration a serverless one?
 * @throws ServiceError `ValidationException`
 */
export const checkDeployment = (
  deployment: DeploymentConfig | undefined,
  variants: readonly VariantCapacity[],
  serverless: boolean,
): void => {
  if (!deployment) return;
  const { BlueGreenUpdatePolicy, RollingUpdatePolicy } = deployment;
  // Guardrails are for real-time and asynchronous endpoints only (deployment-guardrails.html, documented). That AWS
  // refuses a DeploymentConfig for a serverless endpoint, and does not ignore it, is *assumed*.
  if (serverless) throw invalid('DeploymentConfig is not supported for serverless endpoints');
  // "Only one update policy should be used in the deployment configuration" (API_DeploymentConfig, documented).
  if (BlueGreenUpdatePolicy && RollingUpdatePolicy) {
    throw invalid('Only one of BlueGreenUpdatePolicy and RollingUpdatePolicy may be given');
  }
  checkRouting(deployment, variants);
  checkRolling(deployment, variants);
  const longestMs = maximumExecutionMs(deployment);
  const waits = totalWaitSeconds(planSteps(deployment, variants));
  // MaximumExecutionTimeoutInSeconds has to exceed the total of the waits of a blue/green deployment
  // (API_BlueGreenUpdatePolicy, documented).
  if (BlueGreenUpdatePolicy && longestMs !== undefined && longestMs <= waits * 1000) {
    throw invalid(
      `MaximumExecutionTimeoutInSeconds must be larger than the total waiting time of ${waits} seconds of TerminationWaitInSeconds and WaitIntervalInSeconds`,
    );
  }
};
