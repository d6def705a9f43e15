import { CloudWatchClient, type Datapoint, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';

import type { ReadMetric } from '../rollout/fleet-metrics.ts';
import { translated } from './translate.ts';

/** Sums and averages stand under their own names, percentiles under theirs. Source: GetMetricStatistics, API reference. */
const valueIn = (point: Datapoint, statistic: 'Sum' | 'p99'): number | undefined =>
  statistic === 'Sum' ? point.Sum : point.ExtendedStatistics?.[statistic];

/** Reads the values of one metric; periods without data have none. */
export const metricReader = (cloudWatch = new CloudWatchClient({})): ReadMetric => {
  return async ({ namespace, name, dimensions, statistic, from, to, periodSeconds }) => {
    try {
      const { Datapoints = [] } = await cloudWatch.send(
        new GetMetricStatisticsCommand({
          Namespace: namespace,
          MetricName: name,
          Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
          StartTime: from,
          EndTime: to,
          Period: periodSeconds,
          ...(statistic === 'Sum' ? { Statistics: [statistic] } : { ExtendedStatistics: [statistic] }),
        }),
      );
      return Datapoints.map((point) => valueIn(point, statistic)).filter((value) => value !== undefined);
    } catch (cause) {
      throw translated(cause, `read metric ${name}`);
    }
  };
};
