import { describe, expect, it } from 'vitest';

import {
  parseWatchAlarmName,
  watchAlarmName,
  watchAlarmNames,
  watchAlarms,
  windowsToAlarm,
} from '../../../shared/monitoring/watch-alarms.ts';
import { rollbackAlarmNames } from '../../../shared/rollout/rollback-alarms.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const watched = (some: Partial<Parameters<typeof watchAlarms>[0]> = {}) => ({
  stage: 'dev',
  model: 'late-bus',
  windowMs: DAY_MS,
  watchDrift: true,
  watchQuality: true,
  pageArns: ['arn:topic'],
  ...some,
});

describe('the alarms that watch a model', () => {
  it('are, with those of a rollout, seven of a model', () => {
    const names = [...rollbackAlarmNames('dev', 'late-bus'), ...watchAlarmNames('dev', 'late-bus')];

    expect(new Set(names).size).toBe(7);
    expect(names.map((name) => name.replace('mr-dev-late-bus-', '')).sort()).toEqual([
      'rollout-5xx',
      'rollout-errors',
      'rollout-latency',
      'rollout-probe',
      'watch-drift',
      'watch-quality',
      'watch-silence',
    ]);
  });

  it('are drift, quality and silence, on metrics of one pair of dimensions', () => {
    const alarms = watchAlarms(watched());

    expect(alarms.map(({ AlarmName }) => AlarmName).sort()).toEqual(watchAlarmNames('dev', 'late-bus').sort());
    for (const { Namespace, Dimensions } of alarms) {
      expect(Namespace).toBe('Millrace');
      expect(Dimensions).toEqual([
        { Name: 'Stage', Value: 'dev' },
        { Name: 'Model', Value: 'late-bus' },
      ]);
    }
  });

  it('ask for two of three windows, and let a window without a value change nothing', () => {
    const [drift] = watchAlarms(watched());

    expect(drift).toMatchObject({
      MetricName: 'Drift',
      Period: 86_400,
      EvaluationPeriods: 3,
      DatapointsToAlarm: 2,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'ignore',
    });
  });

  it('take silence for two windows for a breach, and page', () => {
    const silence = watchAlarms(watched()).find(({ MetricName }) => MetricName === 'Heartbeat');

    expect(silence).toMatchObject({ TreatMissingData: 'breaching', AlarmActions: ['arn:topic'] });
    expect((silence?.Period ?? 0) * (silence?.EvaluationPeriods ?? 0)).toBe(2 * 86_400);
    expect(silence?.DatapointsToAlarm).toBe(silence?.EvaluationPeriods);
  });

  it.each([
    ['a minute', 60_000],
    ['an hour', HOUR_MS],
    ['five hours', 5 * HOUR_MS],
    ['a day', DAY_MS],
    ['two and a half days', 2.5 * DAY_MS],
    ['a week', 7 * DAY_MS],
  ])('stay with windows of %s within what CloudWatch looks back over', (_, windowMs) => {
    for (const { Period = 0, EvaluationPeriods, DatapointsToAlarm = 0 } of watchAlarms(watched({ windowMs }))) {
      expect(Period % 60).toBe(0);
      expect(Period * EvaluationPeriods).toBeLessThanOrEqual(Period >= 3600 ? 7 * 86_400 : 86_400);
      expect(DatapointsToAlarm).toBeLessThanOrEqual(EvaluationPeriods);
      expect(DatapointsToAlarm).toBeGreaterThan(0);
    }
  });

  it('ask for as many windows as there is room for', () => {
    expect(windowsToAlarm(DAY_MS)).toEqual({ of: 3, needed: 2 });
    expect(windowsToAlarm(3 * DAY_MS)).toEqual({ of: 2, needed: 2 });
    expect(windowsToAlarm(7 * DAY_MS)).toEqual({ of: 1, needed: 1 });
  });

  it('are not put for what is not measured', () => {
    const named = (some: Parameters<typeof watched>[0]) =>
      watchAlarms(watched(some)).map(({ MetricName }) => MetricName);

    expect(named({ watchDrift: false })).toEqual(['Quality']);
    expect(named({ watchQuality: false })).toEqual(['Drift', 'Heartbeat']);
    expect(named({ watchDrift: false, watchQuality: false })).toEqual([]);
  });
});

describe('the name of such an alarm', () => {
  it('says the model, whatever hyphens it has, and what is watched', () => {
    for (const model of ['late-bus', 'a', 'a-watch-drift'])
      expect(parseWatchAlarmName('dev', watchAlarmName('dev', model, 'quality'))).toEqual({ model, watch: 'quality' });
  });

  it('is none of another stage, and none of a rollout', () => {
    expect(parseWatchAlarmName('dev', 'mr-prod-late-bus-watch-drift')).toBeUndefined();
    expect(parseWatchAlarmName('dev', 'mr-dev-late-bus-rollout-5xx')).toBeUndefined();
    expect(parseWatchAlarmName('dev', 'mr-dev--watch-drift')).toBeUndefined();
  });
});
