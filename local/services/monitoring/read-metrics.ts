/** GetMetricStatistics, GetMetricData, ListMetrics. */
import type { Json, JsonObject } from '../../contracts.ts';
import {
  flag,
  integer,
  list,
  oneOf,
  optional,
  present,
  type Read,
  readInput,
  structure,
  text,
  timestamp,
} from '../parameters.ts';
import { invalidCombination, invalidValue, missing, notImplemented } from './errors.ts';
import { isStatistic, type Metrics, STATISTICS, type Statistic, UNITS } from './metrics.ts';
import { dimensions, dimensionsOf, metricName, namespace } from './put-metric-data.ts';

const statisticsShape = structure({
  Namespace: namespace,
  MetricName: metricName,
  Dimensions: optional(dimensions),
  StartTime: timestamp(),
  EndTime: timestamp(),
  Period: integer({ min: 1 }),
  Statistics: optional(list(oneOf(...STATISTICS), { min: 1, max: 5 })),
  Unit: optional(oneOf(...UNITS)),
});

const queryShape = structure({
  Id: text({ min: 1, max: 255, pattern: '[a-z][a-zA-Z0-9_]*' }),
  MetricStat: optional(
    structure({
      Metric: structure({
        Namespace: optional(namespace),
        MetricName: optional(metricName),
        Dimensions: optional(dimensions),
      }),
      Period: integer({ min: 1 }),
      Stat: text(),
      Unit: optional(oneOf(...UNITS)),
    }),
  ),
  Expression: optional(text()),
  Label: optional(text()),
  ReturnData: optional(flag()),
});

const dataShape = structure({
  MetricDataQueries: list(queryShape, { min: 1, max: 500 }),
  StartTime: timestamp(),
  EndTime: timestamp(),
  ScanBy: optional(oneOf('TimestampDescending', 'TimestampAscending')),
});

const listShape = structure({
  Namespace: optional(namespace),
  MetricName: optional(metricName),
  Dimensions: optional(list(structure({ Name: text(), Value: optional(text()) }), { max: 10 })),
  NextToken: optional(text()),
});

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Documented (GetMetricStatistics): how far back a start is rounded down, by its age. */
const roundedStart = (start: number, now: number): number => {
  const age = now - start;
  const step = age > 63 * DAY_MS ? 60 * MINUTE_MS : age > 15 * DAY_MS ? 5 * MINUTE_MS : MINUTE_MS;
  return Math.floor(start / step) * step;
};

const checkRange = (start: number, end: number) => {
  // Recorded.
  if (start >= end) throw invalidValue('The parameter StartTime must be less than the parameter EndTime.');
};

/** Documented: 1, 5, 10, 20, 30 seconds or whole minutes. */
const checkPeriod = (seconds: number) => {
  if (![1, 5, 10, 20, 30].includes(seconds) && seconds % 60 !== 0)
    throw invalidValue('The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.');
};

const MOST_DATAPOINTS = 1440;

export const getMetricStatistics = (metrics: Metrics, input: JsonObject, now: number): JsonObject => {
  if (input.ExtendedStatistics !== undefined && input.ExtendedStatistics !== null)
    throw notImplemented('ExtendedStatistics of GetMetricStatistics');
  const given = readInput('GetMetricStatistics', statisticsShape, input);
  const { StartTime, EndTime, Period, Statistics, Unit } = given;
  checkPeriod(Period);
  checkRange(StartTime, EndTime);
  if (!Statistics) throw missing('At least one of the parameters Statistics and ExtendedStatistics must be specified.');
  const asked = Math.floor((EndTime - StartTime) / (Period * 1000));
  // Recorded.
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
    // Assumed: periods are counted from the rounded start.
    origin: start,
    unit: Unit,
  });
  return {
    Label: given.MetricName,
    Datapoints: buckets.map((bucket) => ({
      Timestamp: bucket.at / 1000,
      Unit: bucket.unit,
      ...Object.fromEntries(Statistics.map((statistic) => [statistic, bucket[statistic]])),
    })),
  };
};

interface Wanted {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly period: number;
  readonly stat: Statistic;
  readonly unit: string | undefined;
  readonly label: string | undefined;
  readonly returned: boolean;
}

const wantedOf = (query: Read<typeof queryShape>, index: number): Wanted => {
  const where = `MetricDataQueries.member.${index + 1}`;
  if (query.Expression !== undefined) throw notImplemented(`metric math: Expression of ${where}`);
  if (query.Label?.includes('${')) throw notImplemented(`dynamic labels: Label of ${where}`);
  if (!query.MetricStat) throw missing(`The parameter ${where}.MetricStat or ${where}.Expression is required.`);
  const { Metric, Period, Stat, Unit } = query.MetricStat;
  if (Metric.Namespace === undefined || Metric.MetricName === undefined)
    throw missing(`The parameters ${where}.MetricStat.Metric.Namespace and MetricName are required.`);
  if (!isStatistic(Stat)) throw notImplemented(`the statistic ${Stat} of ${where}`);
  checkPeriod(Period);
  return {
    id: query.Id,
    name: Metric.MetricName,
    namespace: Metric.Namespace,
    dimensions: dimensionsOf(Metric.Dimensions, where),
    period: Period,
    stat: Stat,
    unit: Unit,
    label: query.Label,
    returned: query.ReturnData ?? true,
  };
};

export const getMetricData = (metrics: Metrics, input: JsonObject): JsonObject => {
  const { MetricDataQueries, StartTime, EndTime, ScanBy } = readInput('GetMetricData', dataShape, input);
  checkRange(StartTime, EndTime);
  const wanted = MetricDataQueries.map(wantedOf);
  if (new Set(wanted.map(({ id }) => id)).size < wanted.length)
    throw invalidValue('The values for parameter Id in MetricDataQueries must be unique.');
  // Recorded: a label names what the queries do not share.
  const differ = (of: (each: Wanted) => Json) => new Set(wanted.map(of)).size > 1;
  const labelOf = ({ label, name, stat, period }: Wanted): string => {
    if (label !== undefined) return label;
    const parts = [name];
    if (differ((each) => each.stat)) parts.push(stat);
    if (differ((each) => each.period)) parts.push(String(period));
    return parts.join(' ');
  };
  const results = wanted
    .filter(({ returned }) => returned)
    .map((query): JsonObject => {
      const found = metrics.buckets({
        metric: { namespace: query.namespace, name: query.name, dimensions: query.dimensions },
        start: StartTime,
        end: EndTime,
        periodMs: query.period * 1000,
        origin: 0,
        unit: query.unit,
      });
      // Recorded: of several units, the first by name is returned, with a message.
      const units = [...new Set(found.map(({ unit }) => unit))].sort();
      const buckets = found.filter(({ unit }) => unit === units[0]);
      if (ScanBy !== 'TimestampAscending') buckets.reverse();
      return present({
        Id: query.id,
        Label: labelOf(query),
        StatusCode: 'Complete',
        Timestamps: buckets.map(({ at }) => at / 1000),
        Values: buckets.map((bucket) => bucket[query.stat]),
        Messages:
          units.length > 1
            ? [{ Code: 'MultipleUnits', Value: `Multiple units returned: '[${units.join(', ')}]'` }]
            : undefined,
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
