import { CloudWatchClient, PutMetricDataCommand, type StandardUnit } from '@aws-sdk/client-cloudwatch';

import { translated } from './translate.ts';

/** One value of a metric at one moment. */
export interface MetricValue {
  readonly name: string;
  readonly value: number;
  /** `None` where nothing is said. */
  readonly unit?: StandardUnit;
  /** All the dimensions of the metric: an alarm names exactly these. Source: CloudWatch user guide, dimensions. */
  readonly dimensions: Readonly<Record<string, string>>;
  /** From two weeks ago to two hours ahead. Source: PutMetricData, API reference. */
  readonly at: Date;
}

/** Puts values of metrics into the namespace it was made for. */
export type PublishMetrics = (metrics: readonly MetricValue[]) => Promise<void>;

/** Values in one request, at most. Source: PutMetricData, API reference. */
const MAX_VALUES = 1000;

/**
 * The one publisher of metrics that are measured and not counted from logs. Every combination of dimensions is a metric of
 * its own, and billed as one. Source: CloudWatch pricing.
 *
 * @throws RangeError for what is no finite number: CloudWatch rejects NaN and the infinities. Source: PutMetricData.
 */
export const metricsPublisher = (namespace: string, cloudWatch = new CloudWatchClient({})): PublishMetrics => {
  return async (metrics) => {
    for (const { name, value } of metrics) {
      if (!Number.isFinite(value)) throw new RangeError(`metric ${name} is no finite number: ${value}`);
    }
    for (let from = 0; from < metrics.length; from += MAX_VALUES) {
      const page = metrics.slice(from, from + MAX_VALUES);
      try {
        await cloudWatch.send(
          new PutMetricDataCommand({
            Namespace: namespace,
            MetricData: page.map(({ name, value, unit = 'None', dimensions, at }) => ({
              MetricName: name,
              Value: value,
              Unit: unit,
              Timestamp: at,
              Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
            })),
          }),
        );
      } catch (cause) {
        throw translated(cause, `put metrics of ${namespace}`);
      }
    }
  };
};
