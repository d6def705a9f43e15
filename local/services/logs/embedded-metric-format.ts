/**
 * Metrics in log lines. Source:
 * docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 * (documented). Like AWS, this ignores what does not follow it: a log line is never refused for its content.
 */
import type { Json, JsonObject } from '../../contracts.ts';

/** One value of one metric, as a log line tells it. */
export interface EmbeddedMetric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
  readonly unit: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Seconds. */
  readonly resolution: 1 | 60;
}

const MOST_METRICS = 100;
const MOST_VALUES = 100;
const MOST_DIMENSIONS = 30;
const LONGEST_NAMESPACE = 1024;
const LONGEST_NAME = 1024;
/** As PutMetricData (API_MetricDatum, documented). */
const LARGEST = 2 ** 360;

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const textIn = (value: Json | undefined, longest: number): string | undefined =>
  typeof value === 'string' && value.length > 0 && value.length <= longest ? value : undefined;

const parseObject = (line: string): JsonObject | undefined => {
  try {
    const parsed = JSON.parse(line) as Json;
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
};

/** The numbers that a root member holds: one, or up to a hundred. */
const valuesOf = (target: Json | undefined): readonly number[] => {
  const list = Array.isArray(target) ? target.slice(0, MOST_VALUES) : [target];
  return list.filter((value) => typeof value === 'number').filter((value) => Math.abs(value) <= LARGEST);
};

/** Dimensions by name; undefined when the set is not one: its values are texts on the root. */
const dimensionsOf = (set: Json, root: JsonObject): Record<string, string> | undefined => {
  if (!Array.isArray(set) || set.length > MOST_DIMENSIONS) return undefined;
  const dimensions: Record<string, string> = {};
  for (const key of set) {
    const value = typeof key === 'string' ? textIn(root[key], 1024) : undefined;
    if (typeof key !== 'string' || value === undefined) return undefined;
    dimensions[key] = value;
  }
  return dimensions;
};

const metricsOfDirective = (directive: Json, root: JsonObject, at: number): readonly EmbeddedMetric[] => {
  if (!isObject(directive)) return [];
  const { Namespace, Dimensions, Metrics } = directive;
  const namespace = textIn(Namespace, LONGEST_NAMESPACE);
  if (namespace === undefined || !Array.isArray(Dimensions) || !Array.isArray(Metrics)) return [];
  const sets = Dimensions.map((set) => dimensionsOf(set, root)).filter((set) => set !== undefined);
  return Metrics.slice(0, MOST_METRICS).flatMap((definition) => {
    if (!isObject(definition)) return [];
    const name = textIn(definition.Name, LONGEST_NAME);
    if (name === undefined) return [];
    const unit = typeof definition.Unit === 'string' ? definition.Unit : 'None';
    const resolution = definition.StorageResolution === 1 ? 1 : 60;
    const values = valuesOf(root[name]);
    return sets.flatMap((dimensions) =>
      values.map((value) => ({ namespace, name, dimensions, value, unit, at, resolution }) as const),
    );
  });
};

/**
 * Reads the metrics of a log line; [] when it has none. Only a line that is one JSON object counts, its targets on the
 * root (documented); that a line with something before the object does not count is *assumed*.
 */
export const embeddedMetrics = (line: string): readonly EmbeddedMetric[] => {
  // Most lines are none: they are not worth parsing.
  if (!line.includes('"_aws"') || !line.trimStart().startsWith('{')) return [];
  const root = parseObject(line);
  const metadata = root?._aws;
  if (!root || !isObject(metadata)) return [];
  const { Timestamp, CloudWatchMetrics } = metadata;
  if (typeof Timestamp !== 'number' || !Array.isArray(CloudWatchMetrics)) return [];
  return CloudWatchMetrics.flatMap((directive) => metricsOfDirective(directive, root, Timestamp));
};
