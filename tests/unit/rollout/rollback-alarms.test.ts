import { describe, expect, it } from 'vitest';

import { latencyLimitMs, rollbackAlarmNames, rollbackAlarms } from '../../../shared/rollout/rollback-alarms.ts';

const alarms = rollbackAlarms({
  stage: 'dev',
  model: 'late-bus',
  run: '20010201-0123456789',
  endpointName: 'an-endpoint',
  endpointConfigName: 'a-config',
  variant: 'main',
  latencyLimitMs: 300,
});

describe('the alarms of a rollout', () => {
  it('have the names the deployment names', () => {
    expect(alarms.map(({ AlarmName }) => AlarmName)).toEqual(rollbackAlarmNames('dev', 'late-bus'));
  });

  it.each(['Invocation5XXErrors', 'InvocationModelErrors', 'ModelLatency'])(
    'watch the new fleet alone: %s by endpoint, variant and configuration',
    (metric) => {
      expect(alarms.find(({ MetricName }) => MetricName === metric)).toMatchObject({
        Namespace: 'AWS/SageMaker',
        Dimensions: [
          { Name: 'EndpointName', Value: 'an-endpoint' },
          { Name: 'VariantName', Value: 'main' },
          { Name: 'EndpointConfigName', Value: 'a-config' },
        ],
      });
    },
  );

  it('watch the golden rows by the dimensions of our own metric', () => {
    expect(alarms.at(-1)).toMatchObject({
      Namespace: 'Millrace',
      MetricName: 'ProbeMismatch',
      Dimensions: [
        { Name: 'Stage', Value: 'dev' },
        { Name: 'Model', Value: 'late-bus' },
      ],
      Statistic: 'Sum',
      Threshold: 0,
    });
  });

  it('take no traffic for no harm, and tell nobody', () => {
    for (const alarm of alarms) {
      expect(alarm).toMatchObject({ TreatMissingData: 'notBreaching', ComparisonOperator: 'GreaterThanThreshold' });
      expect(alarm).not.toHaveProperty('AlarmActions');
    }
  });

  it('compare microseconds with microseconds', () => {
    expect(alarms.find(({ MetricName }) => MetricName === 'ModelLatency')).toMatchObject({
      ExtendedStatistic: 'p99',
      Threshold: 300_000,
    });
  });

  it.each([
    ['the definition’s own', 80, 20, 80],
    ['three times the old fleet’s', null, 200, 600],
    ['never so short that it measures the network', null, 2, 250],
    ['a long one where nothing is known', null, null, 5000],
  ])('have a limit of latency: %s', (_what, limit, old, expected) => {
    expect(latencyLimitMs(limit, old)).toBe(expected);
  });
});
