/**
 * Metrics as CloudWatch keeps them: data by namespace, name and the exact set of dimensions. Source: CloudWatch user
 * guide, "Metrics concepts" (docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html,
 * documented).
 */
import { ServiceError } from '../../contracts.ts';
import type { Samples } from './statistics.ts';

/** One value, `count` times. */
interface Weighted {
  readonly value: number;
  readonly count: number;
}

/** What was published at one time: values, or no more than their summary. */
export interface Datum extends Samples {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly unit: string;
  /** Seconds to which its time is kept: 1 for high resolution, else 60. */
  readonly resolution: 1 | 60;
}

export interface MetricIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** The values that fall into one period. */
export interface Bucket extends Samples {
  /** Start of the period, epoch milliseconds. */
  readonly at: number;
  readonly unit: string;
}

/** What something is from a time on, until the next level. */
export interface Level {
  /** Epoch milliseconds. */
  readonly at: number;
  /** The value at `at`; undefined when there is none from then on. */
  readonly value: number | undefined;
  /** By how much it rises per second: an age does by 1. */
  readonly rise: number;
  /** Epoch milliseconds after which nothing is told any more. */
  readonly until: number;
}

/** Something that has a value at any time; it counts once a minute, with its value at the minute's end. */
export interface Gauge {
  readonly unit: string;
  /**
   * What it is now, and what it becomes by itself while nothing is done to it, in the order of time. Asked only when
   * somebody wants to know, or before a later minute's change.
   * @param since When it was last touched, epoch milliseconds: the first level counts from then.
   */
  read(since: number): readonly Level[];
}

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

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * How long data of each grain is kept before it is rolled up: below a minute 3 hours, a minute 15 days, 5 minutes 63
 * days, an hour 455 days (docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html, documented).
 */
const RETENTION = [
  { olderThan: 455 * DAY_MS, grain: undefined },
  { olderThan: 63 * DAY_MS, grain: HOUR_MS },
  { olderThan: 15 * DAY_MS, grain: 5 * MINUTE_MS },
  { olderThan: 3 * HOUR_MS, grain: MINUTE_MS },
];

/** Data is rolled up once this much has gathered, and again when it has grown by so much, or by a quarter. */
const ROLL_UP_FROM = 512;

// A period with more different values than this keeps them to three digits: memory stays bounded, percentiles near.
const MOST_DISTINCT_VALUES = 1000;

/** Sums up values. */
export const summarize = (at: number, unit: string, values: readonly Weighted[], resolution: 1 | 60 = 60): Datum => {
  const counts = new Map<number, number>();
  let [sampleCount, sum, minimum, maximum] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { value, count } of values) {
    counts.set(value, (counts.get(value) ?? 0) + count);
    sampleCount += count;
    sum += value * count;
    minimum = Math.min(minimum, value);
    maximum = Math.max(maximum, value);
  }
  return { at, unit, resolution, sampleCount, sum, minimum, maximum, values: counts };
};

/** A metric's name among all: the same for the same dimensions in any order. */
export const keyOf = ({ namespace, name, dimensions }: MetricIdentity): string => {
  // With its length before it a text cannot read like two.
  let key = `${namespace.length} ${namespace} ${name.length} ${name}`;
  const names = Object.keys(dimensions);
  if (names.length > 1) names.sort();
  for (const dimension of names) {
    const value = dimensions[dimension] ?? '';
    key += ` ${dimension.length} ${dimension} ${value.length} ${value}`;
  }
  return key;
};

/** Alarms ask of the same metrics again and again. */
const askedKeys = new WeakMap<MetricIdentity, string>();

const askedKeyOf = (metric: MetricIdentity): string => {
  let key = askedKeys.get(metric);
  if (key === undefined) {
    key = keyOf(metric);
    askedKeys.set(metric, key);
  }
  return key;
};

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
  /** @returns What to call just before anything is done to it; and what ends it. */
  gauge(metric: MetricIdentity, gauge: Gauge): { touched(): void; end(): void };
  /** Metrics in the order they first came, without those that had no data for two weeks. */
  all(): MetricIdentity[];
  /** Buckets in the order of time, those of different units apart. */
  buckets(query: Query): Bucket[];
  /**
   * When the sums over windows of one length that end at the time of asking will be others than now.
   * @returns Epoch milliseconds, a whole multiple of the grid; undefined when they stay without new data.
   */
  nextChange(metric: MetricIdentity, windows: Windows): number | undefined;
  /** Calls back with a metric's key after something was told of it. */
  watch(callback: (key: string) => void): void;
  /** How many sums and levels are kept in all. */
  size(): number;
  clear(): void;
}

/** The windows an alarm looks at: `count` of them, one after the other, the last ending at `end`. */
export interface Windows {
  readonly end: number;
  readonly periodMs: number;
  readonly count: number;
  /** How far apart the ends of windows may be, milliseconds. */
  readonly gridMs: number;
  /** True when nothing hangs on how much further a rising level rises. */
  readonly isRiseSettled?: boolean;
}

/** A bucket that more can be added to. */
interface Kept extends Bucket {
  sampleCount: number;
  sum: number;
  minimum: number;
  maximum: number;
  values: Map<number, number> | undefined;
  /** True when its values are kept to three digits. */
  isCoarse: boolean;
}

interface Series {
  readonly metric: MetricIdentity;
  /** In the order of time. */
  data: Kept[];
  levels: Level[];
  gauge: { readonly of: Gauge; touchedAt: number; isRead: boolean } | undefined;
  unit: string;
  rollUpAt: number;
  lastAt: number;
}

const floorTo = (ms: number, step: number) => Math.floor(ms / step) * step;

const roundedTo3 = (value: number) => (value === 0 ? 0 : Number(value.toPrecision(3)));

const keep = ({ at, unit, sampleCount, sum, minimum, maximum, values }: Bucket): Kept => ({
  at,
  unit,
  sampleCount,
  sum,
  minimum,
  maximum,
  values: values && new Map(values),
  isCoarse: false,
});

const countIn = (counts: Map<number, number>, value: number, count: number) =>
  counts.set(value, (counts.get(value) ?? 0) + count);

/** Adds samples to a bucket. */
const add = (kept: Kept, more: Samples): void => {
  kept.sampleCount += more.sampleCount;
  kept.sum += more.sum;
  kept.minimum = Math.min(kept.minimum, more.minimum);
  kept.maximum = Math.max(kept.maximum, more.maximum);
  if (!kept.values || !more.values) {
    kept.values = undefined;
    return;
  }
  for (const [value, count] of more.values) countIn(kept.values, kept.isCoarse ? roundedTo3(value) : value, count);
  if (kept.isCoarse || kept.values.size <= MOST_DISTINCT_VALUES) return;
  const coarse = new Map<number, number>();
  for (const [value, count] of kept.values) countIn(coarse, roundedTo3(value), count);
  kept.values = coarse;
  kept.isCoarse = true;
};

/** The index of the first entry at or after a time. */
const firstFrom = (sorted: readonly { readonly at: number }[], time: number): number => {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.at ?? Number.POSITIVE_INFINITY) < time) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** @param now The cloud's time, epoch milliseconds. */
export const createMetrics = (now: () => number): Metrics => {
  const series = new Map<string, Series>();
  const watchers: ((key: string) => void)[] = [];

  const seriesOf = (metric: MetricIdentity): { readonly key: string; readonly found: Series } => {
    const key = keyOf(metric);
    let found = series.get(key);
    if (!found) {
      found = {
        metric,
        data: [],
        levels: [],
        gauge: undefined,
        unit: 'None',
        rollUpAt: ROLL_UP_FROM,
        lastAt: now(),
      };
      series.set(key, found);
    }
    return { key, found };
  };
  const told = (key: string) => {
    for (const watcher of watchers) watcher(key);
  };

  const rollUp = (one: Series) => {
    const time = now();
    const rolled = new Map<string, Kept>();
    for (const bucket of one.data) {
      const rule = RETENTION.find(({ olderThan }) => bucket.at < time - olderThan);
      if (rule && rule.grain === undefined) continue;
      const at = rule?.grain === undefined ? bucket.at : floorTo(bucket.at, rule.grain);
      const key = `${at} ${bucket.unit}`;
      const before = rolled.get(key);
      if (before) add(before, bucket);
      else rolled.set(key, at === bucket.at ? bucket : { ...bucket, at });
    }
    one.data = [...rolled.values()].sort((a, b) => a.at - b.at);
    const firstKept = Math.max(0, firstFrom(one.levels, time - 15 * DAY_MS) - 1);
    one.levels = one.levels.slice(firstKept);
    const kept = one.data.length + one.levels.length;
    one.rollUpAt = kept + Math.max(ROLL_UP_FROM, kept / 4);
  };
  const grown = (one: Series) => {
    one.lastAt = now();
    if (one.data.length + one.levels.length >= one.rollUpAt) rollUp(one);
  };

  /** The samples of a level, one a minute, of minutes that are over. */
  const sampled = ({ levels, unit }: Series, start: number, end: number): Bucket[] => {
    const samples: Bucket[] = [];
    const last = Math.min(end, now());
    let index = 0;
    for (let at = Math.ceil(start / MINUTE_MS) * MINUTE_MS; at + MINUTE_MS <= last; at += MINUTE_MS) {
      const sampledAt = at + MINUTE_MS;
      while ((levels[index + 1]?.at ?? Number.POSITIVE_INFINITY) < sampledAt) index++;
      const level = levels[index];
      if (!level || level.at >= sampledAt || level.value === undefined || sampledAt > level.until) continue;
      const value = level.value + (level.rise * (sampledAt - level.at)) / 1000;
      const values = new Map([[value, 1]]);
      samples.push({ at, unit, sampleCount: 1, sum: value, minimum: value, maximum: value, values });
    }
    return samples;
  };

  const levelChange = (levels: readonly Level[], windows: Windows): number | undefined => {
    const { end, periodMs, count, gridMs, isRiseSettled = false } = windows;
    const oldest = end - count * periodMs;
    const next = end + Math.max(gridMs, MINUTE_MS);
    const minuteAfter = (time: number) => Math.max(next, floorTo(time, MINUTE_MS) + MINUTE_MS);
    const ahead = levels.find(({ at }) => at >= end);
    const current = levels.findLast(({ at }) => at < end);
    const changes = ahead ? [minuteAfter(ahead.at)] : [];
    if (current) {
      const rises = !isRiseSettled && current.rise !== 0 && current.value !== undefined && current.until > end;
      // Each minute counts until the last change has left the windows: a window may hold some of before and after.
      if (rises || current.at >= oldest - MINUTE_MS) changes.push(next);
      else if (current.value !== undefined && current.until > oldest - MINUTE_MS && current.until < Infinity)
        changes.push(minuteAfter(current.until));
    }
    return changes.length === 0 ? undefined : Math.min(...changes);
  };
  /** Asks a gauge what it has been since it was last touched. */
  const refresh = (one: Series) => {
    const { gauge } = one;
    if (!gauge || gauge.isRead) return;
    gauge.isRead = true;
    const since = gauge.touchedAt;
    // Of the levels within one minute only the last counts, at the minute's end.
    const minute = floorTo(since, MINUTE_MS);
    const before = one.levels.filter(({ at }) => at < minute);
    const [first, ...rest] = gauge.of.read(since);
    const last = before.at(-1);
    const isSame = first && last && last.value === first.value && last.rise === 0 && first.rise === 0;
    if (isSame && last.until >= since) one.levels = [...before.slice(0, -1), { ...last, until: first.until }, ...rest];
    else one.levels = first ? [...before, first, ...rest] : before;
    grown(one);
  };

  return {
    put(metric, datum) {
      const { key, found } = seriesOf(metric);
      const { resolution, ...given } = datum;
      // Standard-resolution metrics are kept to the minute, high-resolution ones to the second
      // (docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/publishingMetrics.html, documented).
      const bucket: Bucket = { ...given, at: floorTo(datum.at, resolution * 1000) };
      let index = firstFrom(found.data, bucket.at);
      while (found.data[index]?.at === bucket.at && found.data[index]?.unit !== bucket.unit) index++;
      const before = found.data[index];
      if (before && before.at === bucket.at) add(before, bucket);
      else found.data.splice(index, 0, keep(bucket));
      grown(found);
      told(key);
    },
    gauge(metric, of) {
      const { key, found } = seriesOf(metric);
      const gauge = { of, touchedAt: now(), isRead: false };
      found.gauge = gauge;
      found.unit = of.unit;
      told(key);
      return {
        touched() {
          // What it was until now must be asked before it is something else, unless that was within this minute.
          if (floorTo(now(), MINUTE_MS) > floorTo(gauge.touchedAt, MINUTE_MS)) refresh(found);
          gauge.touchedAt = now();
          gauge.isRead = false;
          told(key);
        },
        end() {
          refresh(found);
          if (found.gauge === gauge) found.gauge = undefined;
          found.levels = found.levels.filter(({ at }) => at < now());
          found.levels.push({ at: now(), value: undefined, rise: 0, until: now() });
          told(key);
        },
      };
    },
    all: () =>
      // A metric without data for two weeks is not listed (API_ListMetrics, documented).
      [...series.values()]
        .filter(({ lastAt, gauge }) => gauge !== undefined || now() - lastAt <= 14 * DAY_MS)
        .map(({ metric }) => metric),
    buckets({ metric, start, end, periodMs, origin, unit }) {
      const found = series.get(askedKeyOf(metric));
      if (!found) return [];
      refresh(found);
      const raw = [
        ...found.data.slice(firstFrom(found.data, start), firstFrom(found.data, end)),
        ...(found.levels.length > 0 ? sampled(found, start, end) : []),
      ];
      const merged = new Map<string, Kept>();
      for (const bucket of raw) {
        if (unit !== undefined && bucket.unit !== unit) continue;
        const at = origin + floorTo(bucket.at - origin, periodMs);
        const key = `${at} ${bucket.unit}`;
        const before = merged.get(key);
        if (before) add(before, bucket);
        // What is given out is a copy: what is kept goes on counting.
        else merged.set(key, keep({ ...bucket, at }));
      }
      return [...merged.values()].sort((a, b) => a.at - b.at);
    },
    nextChange(metric, windows) {
      const found = series.get(askedKeyOf(metric));
      if (!found) return undefined;
      refresh(found);
      const { end, periodMs, count, gridMs } = windows;
      let next = levelChange(found.levels, windows);
      for (let index = firstFrom(found.data, end - count * periodMs); index < found.data.length; index++) {
        const at = found.data[index]?.at ?? 0;
        // A datum is in the window of index k from when its end has passed it by k periods; it moves on with the next.
        const passed = at >= end ? 0 : Math.ceil((end - at) / periodMs);
        const change = floorTo(at + passed * periodMs, gridMs) + gridMs;
        if (next === undefined || change < next) next = change;
        if (next <= end + gridMs) break;
      }
      return next;
    },
    watch: (callback) => void watchers.push(callback),
    size: () => [...series.values()].reduce((total, { data, levels }) => total + data.length + levels.length, 0),
    clear: () => series.clear(),
  };
};

/**
 * Of data in several units, those of the first unit by name (recorded: GetMetricData without a unit).
 * @returns The data, and every unit there was.
 */
export const ofOneUnit = (found: readonly Bucket[]): { readonly buckets: Bucket[]; readonly units: string[] } => {
  const units = [...new Set(found.map(({ unit }) => unit))].sort();
  return { buckets: found.filter(({ unit }) => unit === units[0]), units };
};

/** @throws ServiceError for a value that is no number CloudWatch takes. */
export const checkFinite = (value: number, name: string): void => {
  if (!Number.isFinite(value))
    throw new ServiceError('InvalidParameterValueException', `The value ${value} of the metric ${name} is invalid.`);
};
