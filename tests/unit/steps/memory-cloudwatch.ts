/** CloudWatch in memory, as the steps' interfaces say: alarms that stand as the test says, metrics as it gives them. */
import type { DashboardsApi } from '../../../shared/aws/dashboards.ts';
import type { MetricValue, PublishMetrics } from '../../../shared/aws/metrics-publisher.ts';
import type { AlarmRequest, AlarmState, AlarmsApi } from '../../../shared/monitoring/alarm.ts';
import type { ReadMetric } from '../../../shared/rollout/fleet-metrics.ts';
import type { Fuse } from './crash.ts';

export interface MemoryCloudWatch {
  readonly alarms: AlarmsApi;
  readonly dashboards: DashboardsApi;
  /** Bodies by name. */
  readonly shown: ReadonlyMap<string, string>;
  readonly publish: PublishMetrics;
  readonly readMetric: ReadMetric;
  /** What was put and not taken away, by name. */
  readonly standing: ReadonlyMap<string, AlarmRequest>;
  readonly published: MetricValue[];
  /** Values that reading a metric gives, by its name. */
  readonly measured: Map<string, readonly number[]>;
  /** Puts an alarm into a state. */
  set(name: string, state: AlarmState): void;
  /** From now on alarms are taken and do not show. */
  forget(): void;
}

/** @param effects Where each effect is told, in order, with those of others. */
export const memoryCloudWatch = (effects: string[] = []): MemoryCloudWatch => {
  const standing = new Map<string, AlarmRequest>();
  const states = new Map<string, AlarmState>();
  const shown = new Map<string, string>();
  const published: MetricValue[] = [];
  const measured = new Map<string, readonly number[]>();
  let isForgetful = false;
  return {
    standing,
    published,
    measured,
    set: (name, state) => states.set(name, state),
    forget() {
      isForgetful = true;
    },
    dashboards: {
      put: async (name, body) => void shown.set(name, body),
      remove: async (name) => void shown.delete(name),
    },
    shown,
    publish: async (metrics) => void published.push(...metrics),
    readMetric: async ({ name }) => measured.get(name) ?? [],
    alarms: {
      async put(request) {
        effects.push(`put alarm ${request.AlarmName}`);
        if (!isForgetful) standing.set(request.AlarmName, request);
      },
      async remove(names) {
        for (const name of names.filter((one) => standing.delete(one))) effects.push(`delete alarm ${name}`);
      },
      describe: async (names) =>
        names
          .filter((name) => standing.has(name))
          .map((name) => ({
            name,
            arn: `arn:aws:cloudwatch:eu-west-1:000000000000:alarm:${name}`,
            state: states.get(name) ?? 'INSUFFICIENT_DATA',
            since: new Date(0),
            reason: 'as the test says',
          })),
    },
  };
};

/** Alarms whose changes can be cut off. */
export const fragileAlarms = (alarms: AlarmsApi, { guard }: Fuse): AlarmsApi => ({
  ...alarms,
  put: (...given) => guard(() => alarms.put(...given)),
  remove: (...given) => guard(() => alarms.remove(...given)),
});
