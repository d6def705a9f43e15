/** The alarms that turn a rollout back while it bakes, as values. SageMaker watches them; they tell nobody. */
import { METRIC_NAMESPACE, type ModelMetric, metricDimensions } from '../monitoring/watch-alarms.ts';
import { ERROR_LIMIT } from './detectability.ts';

/** Counts answers of golden rows that are neither the old model's nor the new one's. */
export const PROBE_MISMATCH: ModelMetric = 'ProbeMismatch';

export const ROLLBACK_ALARMS = ['5xx', 'errors', 'latency', 'probe'] as const;

/** `mr-<stage>-<model>-rollout-<what>`. */
export const rollbackAlarmNames = (stage: string, model: string): string[] =>
  ROLLBACK_ALARMS.map((what) => `mr-${stage}-${model}-rollout-${what}`);

export interface NewFleet {
  readonly stage: string;
  readonly model: string;
  readonly run: string;
  readonly endpointName: string;
  readonly endpointConfigName: string;
  readonly variant: string;
  /** 99 % of a minute's requests take at most this long in the container. */
  readonly latencyLimitMs: number;
}

/**
 * PutMetricAlarm of each. Those of SageMaker's metrics name the new configuration, so that an old fleet that errs does not
 * turn a cure back, and minutes without traffic do not breach: no traffic shows nothing. Sources: "Monitor SageMaker with
 * CloudWatch" (endpoint invocation metrics, EndpointConfigName) and "Auto-rollback configuration and monitoring".
 */
export const rollbackAlarms = (fleet: NewFleet) => {
  const { stage, model, run } = fleet;
  const ofFleet = [
    { Name: 'EndpointName', Value: fleet.endpointName },
    { Name: 'VariantName', Value: fleet.variant },
    { Name: 'EndpointConfigName', Value: fleet.endpointConfigName },
  ];
  const alarm = (what: (typeof ROLLBACK_ALARMS)[number], description: string) => ({
    AlarmName: `mr-${stage}-${model}-rollout-${what}`,
    AlarmDescription: `turns the rollout of run ${run} back: ${description}`,
    Period: 60,
    ComparisonOperator: 'GreaterThanThreshold' as const,
    TreatMissingData: 'notBreaching' as const,
  });
  const share = `more than ${ERROR_LIMIT * 100} % of a minute's requests to the new fleet`;
  // Each request counts 0 or 1, so that the average is a rate. Source: "Monitor SageMaker with CloudWatch".
  const rate = {
    Namespace: 'AWS/SageMaker',
    Dimensions: ofFleet,
    Statistic: 'Average' as const,
    EvaluationPeriods: 1,
    Threshold: ERROR_LIMIT,
  };
  return [
    { ...alarm('5xx', `${share} were answered 5xx`), ...rate, MetricName: 'Invocation5XXErrors' },
    { ...alarm('errors', `${share} failed in the container`), ...rate, MetricName: 'InvocationModelErrors' },
    {
      ...alarm(
        'latency',
        `1 % of the new fleet's requests took more than ${fleet.latencyLimitMs} ms, in 2 of 3 minutes`,
      ),
      Namespace: 'AWS/SageMaker',
      MetricName: 'ModelLatency',
      Dimensions: ofFleet,
      ExtendedStatistic: 'p99',
      // A container's first requests find it cold: one bad minute is not a slow model.
      EvaluationPeriods: 3,
      DatapointsToAlarm: 2,
      // ModelLatency is in microseconds. Source: "Monitor SageMaker with CloudWatch".
      Threshold: fleet.latencyLimitMs * 1000,
    },
    {
      ...alarm('probe', 'a golden row was answered neither as by the old model nor as by the new one'),
      Namespace: METRIC_NAMESPACE,
      MetricName: PROBE_MISMATCH,
      Dimensions: Object.entries(metricDimensions(stage, model)).map(([Name, Value]) => ({ Name, Value })),
      Statistic: 'Sum' as const,
      EvaluationPeriods: 1,
      Threshold: 0,
    },
  ];
};

/** Where nothing is known of the old fleet's latency and the definition sets no limit. */
const UNKNOWN_LIMIT_MS = 5000;

/** Below this a multiple of the old fleet's latency says more of the network than of the model. */
const LEAST_LIMIT_MS = 250;

/** A new model may be slower than the old one, within reason. */
const TIMES_SLOWER = 3;

/**
 * The latency that turns a rollout back: the definition's own limit, else three times the 99th percentile of the old
 * fleet over the last day.
 * @param limitMs The definition's limit; null where it sets none.
 * @param oldP99Ms Of the old fleet; null where no request came.
 */
export const latencyLimitMs = (limitMs: number | null, oldP99Ms: number | null): number =>
  limitMs ?? (oldP99Ms === null ? UNKNOWN_LIMIT_MS : Math.max(LEAST_LIMIT_MS, Math.ceil(TIMES_SLOWER * oldP99Ms)));
