/**
 * Metrics as CloudWatch keeps them: data by namespace, name and the exact set of dimensions. Source: CloudWatch user
 * guide, "Metrics concepts".
 */

/** One value, `count` times. */
interface Weighted {
  readonly value: number;
  readonly count: number;
}

/** What was published at one time: values, or no more than their summary. */
export interface Datum {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly unit: string;
  readonly sampleCount: number;
  readonly sum: number;
  readonly minimum: number;
  readonly maximum: number;
}

export interface MetricIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** The statistics of data that fall into one period. */
interface Bucket {
  /** Start of the period, epoch milliseconds. */
  readonly at: number;
  readonly unit: string;
  readonly SampleCount: number;
  readonly Sum: number;
  readonly Minimum: number;
  readonly Maximum: number;
  readonly Average: number;
}

export const STATISTICS = ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'] as const;
export type Statistic = (typeof STATISTICS)[number];

export const isStatistic = (name: string): name is Statistic => STATISTICS.some((each) => each === name);

export const UNITS = [
  'Seconds',
  'Microseconds',
  'Milliseconds',
  'Bytes',
  'Kilobytes',
  'Megabytes',
  'Gigabytes',
  'Terabytes',
  'Bits',
  'Kilobits',
  'Megabits',
  'Gigabits',
  'Terabits',
  'Percent',
  'Count',
  'Bytes/Second',
  'Kilobytes/Second',
  'Megabytes/Second',
  'Gigabytes/Second',
  'Terabytes/Second',
  'Bits/Second',
  'Kilobits/Second',
  'Megabits/Second',
  'Gigabits/Second',
  'Terabits/Second',
  'Count/Second',
  'None',
] as const;

/** Sums up values. */
export const summarize = (at: number, unit: string, values: readonly Weighted[]): Datum => ({
  at,
  unit,
  sampleCount: values.reduce((total, { count }) => total + count, 0),
  sum: values.reduce((total, { value, count }) => total + value * count, 0),
  minimum: Math.min(...values.map(({ value }) => value)),
  maximum: Math.max(...values.map(({ value }) => value)),
});

const keyOf = ({ namespace, name, dimensions }: MetricIdentity): string =>
  JSON.stringify([namespace, name, Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1))]);

/** Which data to sum up, and how. Times in epoch milliseconds: from `start` up to but not including `end`. */
interface Query {
  readonly metric: MetricIdentity;
  readonly start: number;
  readonly end: number;
  readonly periodMs: number;
  /** Periods begin at whole multiples of the period from here. */
  readonly origin: number;
  readonly unit?: string | undefined;
}

export interface Metrics {
  put(metric: MetricIdentity, datum: Datum): void;
  /** Metrics in the order they first came. */
  all(): MetricIdentity[];
  /** Buckets in the order of time, those of different units apart. */
  buckets(query: Query): Bucket[];
  clear(): void;
}

export const createMetrics = (): Metrics => {
  const series = new Map<string, { readonly metric: MetricIdentity; readonly data: Datum[] }>();
  return {
    put(metric, datum) {
      const key = keyOf(metric);
      const known = series.get(key);
      if (known) known.data.push(datum);
      else series.set(key, { metric, data: [datum] });
    },
    all: () => [...series.values()].map(({ metric }) => metric),
    buckets({ metric, start, end, periodMs, origin, unit }) {
      const merged = new Map<string, Datum>();
      for (const datum of series.get(keyOf(metric))?.data ?? []) {
        if (datum.at < start || datum.at >= end || (unit !== undefined && datum.unit !== unit)) continue;
        const at = origin + Math.floor((datum.at - origin) / periodMs) * periodMs;
        const key = `${at} ${datum.unit}`;
        const before = merged.get(key);
        merged.set(
          key,
          before
            ? {
                at,
                unit: datum.unit,
                sampleCount: before.sampleCount + datum.sampleCount,
                sum: before.sum + datum.sum,
                minimum: Math.min(before.minimum, datum.minimum),
                maximum: Math.max(before.maximum, datum.maximum),
              }
            : { ...datum, at },
        );
      }
      return [...merged.values()]
        .sort((a, b) => a.at - b.at)
        .map(({ at, unit: each, sampleCount, sum, minimum, maximum }) => ({
          at,
          unit: each,
          SampleCount: sampleCount,
          Sum: sum,
          Minimum: minimum,
          Maximum: maximum,
          Average: sum / sampleCount,
        }));
    },
    clear: () => series.clear(),
  };
};
