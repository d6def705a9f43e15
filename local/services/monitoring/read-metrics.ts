/** GetMetricStatistics, GetMetricData, ListMetrics. */
import type { Json, JsonObject } from '../../contracts.ts';
import { integer, list, oneOf, optional, present, readInput, structure, text, timestamp } from '../parameters.ts';
import { invalidCombination, invalidValue, missing } from './errors.ts';
import type { Series } from './metric-math.ts';
import {
  type Compiled,
  compileQueries,
  isExpression,
  type MetricStat,
  metricQueries,
  readStat,
} from './metric-queries.ts';
import { type Metrics, UNITS } from './metrics.ts';
import { dimensions, dimensionsOf, metricName, namespace } from './put-metric-data.ts';
import { findStatistic, isStatistic, STATISTICS } from './statistics.ts';

const statisticsShape = structure({
  Namespace: namespace,
  MetricName: metricName,
  Dimensions: optional(dimensions),
  StartTime: timestamp(),
  EndTime: timestamp(),
  Period: integer({ min: 1 }),
  Statistics: optional(list(oneOf(...STATISTICS), { min: 1, max: 5 })),
  ExtendedStatistics: optional(list(text(), { min: 1, max: 10 })),
  Unit: optional(oneOf(...UNITS)),
});

const dataShape = structure({
  MetricDataQueries: metricQueries({ min: 1, max: 500 }),
  StartTime: timestamp(),
  EndTime: timestamp(),
  ScanBy: optional(oneOf('TimestampDescending', 'TimestampAscending')),
  MaxDatapoints: optional(integer({ min: 1, max: 100_800 })),
  NextToken: optional(text()),
});

const listShape = structure({
  Namespace: optional(namespace),
  MetricName: optional(metricName),
  Dimensions: optional(list(structure({ Name: text(), Value: optional(text()) }), { max: 10 })),
  NextToken: optional(text()),
});

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** A start is rounded down, the further the older it is: API_GetMetricStatistics (documented). */
const roundedStart = (start: number, now: number): number => {
  const age = now - start;
  const step = age > 63 * DAY_MS ? 60 * MINUTE_MS : age > 15 * DAY_MS ? 5 * MINUTE_MS : MINUTE_MS;
  return Math.floor(start / step) * step;
};

const checkRange = (start: number, end: number) => {
  // A time range ends after it starts (recorded).
  if (start >= end) throw invalidValue('The parameter StartTime must be less than the parameter EndTime.');
};

/** Data is read with periods of 1, 5, 10, 20 or 30 seconds or whole minutes: API_GetMetricData (documented). */
const checkPeriod = (seconds: number) => {
  if (![1, 5, 10, 20, 30].includes(seconds) && seconds % 60 !== 0)
    throw invalidValue('The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.');
};

const MOST_DATAPOINTS = 1440;

export const getMetricStatistics = (metrics: Metrics, input: JsonObject, now: number): JsonObject => {
  const given = readInput('GetMetricStatistics', statisticsShape, input);
  const { StartTime, EndTime, Period, Statistics, ExtendedStatistics, Unit } = given;
  checkPeriod(Period);
  checkRange(StartTime, EndTime);
  if (!Statistics && !ExtendedStatistics)
    throw missing('At least one of the parameters Statistics and ExtendedStatistics must be specified.');
  const extended = (ExtendedStatistics ?? []).map((name) => {
    const statistic = isStatistic(name) ? undefined : findStatistic(name);
    if (!statistic) throw invalidValue(`The value ${name} for parameter ExtendedStatistics.member.1 is not supported.`);
    return { name, statistic };
  });
  const asked = Math.floor((EndTime - StartTime) / (Period * 1000));
  // At most 1440 data points are asked for at once (recorded).
  if (asked > MOST_DATAPOINTS)
    throw invalidCombination(
      `You have requested up to ${asked} datapoints, which exceeds the limit of ${MOST_DATAPOINTS}. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
    );
  const start = roundedStart(StartTime, now);
  const buckets = metrics.buckets({
    metric: {
      namespace: given.Namespace,
      name: given.MetricName,
      dimensions: dimensionsOf(given.Dimensions, 'Dimensions'),
    },
    start,
    end: EndTime,
    periodMs: Period * 1000,
    // *Assumed*: the periods of GetMetricStatistics are counted from the rounded start.
    origin: start,
    unit: Unit,
  });
  return {
    Label: given.MetricName,
    Datapoints: buckets.map((bucket) =>
      present({
        Timestamp: bucket.at / 1000,
        Unit: bucket.unit,
        ...Object.fromEntries((Statistics ?? []).map((name) => [name, findStatistic(name)?.(bucket)])),
        ExtendedStatistics:
          extended.length === 0
            ? undefined
            : present(Object.fromEntries(extended.map(({ name, statistic }) => [name, statistic(bucket)]))),
      }),
    ),
  };
};

interface Result {
  readonly id: string;
  readonly label: string;
  readonly points: Series;
  readonly messages: JsonObject[] | undefined;
}

/** Labels of metrics that have none name what they do not share (recorded). */
const labelsOf = (queries: readonly Compiled[]): ReadonlyMap<string, string> => {
  const stats = queries.flatMap(({ source }) => (isExpression(source) ? [] : [source]));
  const differ = (of: (each: MetricStat) => Json) => new Set(stats.map(of)).size > 1;
  const byStatistic = differ(({ statisticName }) => statisticName);
  const byPeriod = differ(({ periodMs }) => periodMs);
  return new Map(
    queries.map(({ id, label, source }) => {
      // An expression without a label is labelled with its id (API_MetricDataResult; the choice of the id is *assumed*).
      if (label !== undefined || isExpression(source)) return [id, label ?? id];
      const parts = [source.metric.name];
      if (byStatistic) parts.push(source.statisticName);
      if (byPeriod) parts.push(String(source.periodMs / 1000));
      return [id, parts.join(' ')];
    }),
  );
};

export const getMetricData = (metrics: Metrics, input: JsonObject): JsonObject => {
  const { MetricDataQueries, StartTime, EndTime, ScanBy, NextToken } = readInput('GetMetricData', dataShape, input);
  // Results are never split, so no token was ever given out.
  if (NextToken !== undefined) throw invalidValue('The value for parameter NextToken is invalid.');
  checkRange(StartTime, EndTime);
  for (const { MetricStat: stat, Period } of MetricDataQueries) {
    if (stat) checkPeriod(stat.Period);
    if (Period !== undefined) checkPeriod(Period);
  }
  const queries = compileQueries(MetricDataQueries, 'MetricDataQueries');
  const labels = labelsOf(queries.all);
  const range = { start: StartTime, end: EndTime, origin: 0 };
  const resultsOf = ({ id, source }: Compiled): Result[] => {
    const label = labels.get(id) ?? id;
    if (!isExpression(source)) {
      const { points, units } = readStat(metrics, source, range);
      // Of data in several units, those of the first by name are returned, with a message (recorded).
      const messages =
        units.length > 1
          ? [{ Code: 'MultipleUnits', Value: `Multiple units returned: '[${units.join(', ')}]'` }]
          : undefined;
      return [{ id, label, points, messages }];
    }
    const value = queries.value(id, (stat) => readStat(metrics, stat, range).points, range);
    if (value.kind === 'series') return [{ id, label, points: value.points, messages: undefined }];
    // An array of time series is one result per series, under one id (using-metric-math, documented).
    if (value.kind === 'list')
      return value.members.map((member) => ({
        id,
        label: `${label} ${labels.get(member.id) ?? member.id}`.trim(),
        points: member.points,
        messages: undefined,
      }));
    return [];
  };
  const results = queries.all
    .filter(({ returned }) => returned)
    .flatMap(resultsOf)
    .map(({ id, label, points, messages }): JsonObject => {
      const sorted = [...points].sort(([a], [b]) => (ScanBy === 'TimestampAscending' ? a - b : b - a));
      return present({
        Id: id,
        Label: label,
        StatusCode: 'Complete',
        Timestamps: sorted.map(([at]) => at / 1000),
        Values: sorted.map(([, value]) => value),
        Messages: messages,
      });
    });
  return { MetricDataResults: results, Messages: [] };
};

const PAGE = 500;

export const listMetrics = (metrics: Metrics, input: JsonObject): JsonObject => {
  const { Namespace, MetricName, Dimensions = [], NextToken } = readInput('ListMetrics', listShape, input);
  const found = metrics
    .all()
    .filter(
      (metric) =>
        (Namespace === undefined || metric.namespace === Namespace) &&
        (MetricName === undefined || metric.name === MetricName) &&
        Dimensions.every(({ Name, Value }) =>
          Value === undefined ? Object.hasOwn(metric.dimensions, Name) : metric.dimensions[Name] === Value,
        ),
    );
  const start = NextToken === undefined ? 0 : Number(NextToken);
  if (!Number.isInteger(start) || start < 0) throw invalidValue('The value for parameter NextToken is invalid.');
  return present({
    Metrics: found.slice(start, start + PAGE).map(({ namespace: space, name, dimensions: given }) => ({
      Namespace: space,
      MetricName: name,
      Dimensions: Object.entries(given).map(([Name, Value]) => ({ Name, Value })),
    })),
    NextToken: start + PAGE < found.length ? String(start + PAGE) : undefined,
  });
};
