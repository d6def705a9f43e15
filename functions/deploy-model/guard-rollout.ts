import { policyOf } from '../../shared/definition/policy.ts';
import type { ModelDefinition } from '../../shared/definition/schema.ts';
import { CapacityError, DependencyError } from '../../shared/errors.ts';
import type { Deployment } from '../../shared/ledger/facts.ts';
import type { AlarmsApi } from '../../shared/monitoring/alarm.ts';
import { fleetMetrics, type ReadMetric } from '../../shared/rollout/fleet-metrics.ts';
import { latencyLimitMs, rollbackAlarmNames, rollbackAlarms } from '../../shared/rollout/rollback-alarms.ts';
import { planTraffic } from '../../shared/rollout/traffic.ts';
import { VARIANT } from '../../shared/sagemaker/requests.ts';

/** How a rollout goes, as its fact has it. */
export type RolloutPlan = NonNullable<Deployment['rollout']>;

/** Plans how traffic goes from the fleet in service to a candidate's, by what the one in service was asked lately. */
export const planRollout = async (
  readMetric: ReadMetric,
  { deployment, evaluation, approval }: Pick<ModelDefinition, 'deployment' | 'evaluation' | 'approval'>,
  old: {
    readonly stage: string;
    readonly model: string;
    readonly endpointName: string;
    readonly endpointConfigName: string;
    readonly since: Date;
  },
  now: Date,
): Promise<RolloutPlan | null> => {
  // Guardrails are for endpoints of instances. Source: "Deployment guardrails for updating models in production".
  if (deployment.traffic === null || deployment.count === null) return null;
  const { stage, model, endpointName, endpointConfigName } = old;
  const lately = await fleetMetrics(readMetric, { endpointName, endpointConfigName, variant: VARIANT }, old.since, now);
  return {
    ...planTraffic(deployment.traffic, deployment.count, lately.requestsPerHour),
    latencyLimitMs: latencyLimitMs(policyOf({ evaluation, approval }).limits.latencyP95Ms, lately.p99Ms),
    alarms: rollbackAlarmNames(stage, model),
  };
};

/**
 * Puts the alarms that turn the rollout back, before it begins, and sees that they are there and that none is in ALARM:
 * SageMaker gives a deployment up at once that begins under one. Source: "Auto-rollback configuration and monitoring".
 *
 * @throws CapacityError while one is in ALARM, for what went before: it settles when its minutes have passed.
 */
export const guardRollout = async (
  alarms: AlarmsApi,
  stage: string,
  { model, run, endpointName, endpointConfigName }: Deployment,
  plan: RolloutPlan,
): Promise<void> => {
  const requests = rollbackAlarms({
    stage,
    model,
    run,
    endpointName,
    endpointConfigName,
    variant: VARIANT,
    latencyLimitMs: plan.latencyLimitMs,
  }).filter(({ AlarmName }) => plan.alarms.includes(AlarmName));
  for (const request of requests) await alarms.put(request);
  const there = await alarms.describe(plan.alarms);
  const missing = plan.alarms.filter((name) => !there.some((alarm) => alarm.name === name));
  if (missing.length > 0) throw new DependencyError(`CloudWatch does not have ${missing.join(', ')} yet`);
  const loud = there.find(({ state }) => state === 'ALARM');
  if (loud) throw new CapacityError(`the alarm ${loud.name} is in ALARM: ${loud.reason}`);
};
