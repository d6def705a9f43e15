/** Metric data queries: metrics with a statistic, and expressions over them, for GetMetricData and for alarms. */
import { ServiceError } from '../../contracts.ts';
import { flag, integer, list, oneOf, optional, type Read, structure, text } from '../parameters.ts';
import { invalidCombination, invalidValue, missing, notImplemented } from './errors.ts';
import { type Expression, parseExpression, type Series, type Value } from './metric-math.ts';
import { type Bucket, type MetricIdentity, type Metrics, ofOneUnit, UNITS } from './metrics.ts';
import { dimensions, dimensionsOf, metricName, namespace } from './put-metric-data.ts';
import { findStatistic, type StatisticOf } from './statistics.ts';

/** MetricDataQuery of the API reference (documented). */
export const metricQuery = structure({
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
  Expression: optional(text({ min: 1, max: 2048 })),
  Label: optional(text()),
  ReturnData: optional(flag()),
  Period: optional(integer({ min: 1 })),
});
export const metricQueries = (limits: { min?: number; max: number }) => list(metricQuery, limits);

export type MetricQuery = Read<typeof metricQuery>;

/** A metric with a statistic. */
export interface MetricStat {
  readonly metric: MetricIdentity;
  readonly periodMs: number;
  readonly statisticName: string;
  readonly statistic: StatisticOf;
  readonly unit: string | undefined;
}

export interface Compiled {
  readonly id: string;
  readonly label: string | undefined;
  readonly returned: boolean;
  readonly source: MetricStat | Expression;
  /** Of the metric, or of those the expression is made of. */
  readonly periodMs: number;
}

export const isExpression = (source: MetricStat | Expression): source is Expression => 'evaluate' in source;

const metricStatOf = (query: MetricQuery, where: string): MetricStat => {
  if (!query.MetricStat) throw missing(`The parameter ${where}.MetricStat or ${where}.Expression is required.`);
  const { Metric, Period, Stat, Unit } = query.MetricStat;
  if (Metric.Namespace === undefined || Metric.MetricName === undefined)
    throw missing(`The parameters ${where}.MetricStat.Metric.Namespace and MetricName are required.`);
  const statistic = findStatistic(Stat);
  if (!statistic) throw invalidValue(`The value ${Stat} for parameter ${where}.MetricStat.Stat is invalid.`);
  return {
    metric: {
      namespace: Metric.Namespace,
      name: Metric.MetricName,
      dimensions: dimensionsOf(Metric.Dimensions, where),
    },
    periodMs: Period * 1000,
    statisticName: Stat,
    statistic,
    unit: Unit,
  };
};

/** Where data is read from: the time range, and where its periods begin. Epoch milliseconds. */
export interface Range {
  readonly start: number;
  readonly end: number;
  /** Periods begin at whole multiples of the period from here. */
  readonly origin: number;
}

/** The data of one metric with its statistic. */
export interface Found {
  readonly points: Series;
  readonly buckets: readonly Bucket[];
  /** Every unit the data came in; that of the points is the first. */
  readonly units: readonly string[];
}

/** Reads one metric. */
export const readStat = (metrics: Metrics, { metric, periodMs, statistic, unit }: MetricStat, range: Range): Found => {
  const { buckets, units } = ofOneUnit(metrics.buckets({ metric, periodMs, unit, ...range }));
  const points = new Map<number, number>();
  for (const bucket of buckets) {
    const value = statistic(bucket);
    if (value !== undefined) points.set(bucket.at, value);
  }
  return { points, buckets, units };
};

/** Queries whose expressions are known to fit together. */
export interface CompiledQueries {
  readonly all: readonly Compiled[];
  /** The value of one query. */
  value(id: string, read: (stat: MetricStat) => Series, range: Range): Value;
}

/**
 * Checks queries and reads their expressions.
 * @param where What messages call the list.
 * @throws ServiceError
 */
export const compileQueries = (queries: readonly MetricQuery[], where: string): CompiledQueries => {
  const sources = queries.map((query, index) => {
    const name = `${where}.member.${index + 1}`;
    if (query.Expression !== undefined && query.MetricStat)
      throw invalidCombination(
        `The parameters ${name}.MetricStat and ${name}.Expression are mutually exclusive and you have specified both.`,
      );
    if (query.Label?.includes('${')) throw notImplemented(`dynamic labels: Label of ${name}`);
    const source = query.Expression === undefined ? metricStatOf(query, name) : parseExpression(query.Expression);
    return { query, source };
  });
  const byId = new Map(sources.map(({ query, source }) => [query.Id, source]));
  if (byId.size < queries.length) throw invalidValue(`The values for parameter Id in ${where} must be unique.`);
  const stats = sources.flatMap(({ query, source }) => (isExpression(source) ? [] : [{ id: query.Id, stat: source }]));

  const bad = (id: string, reason: string) =>
    new ServiceError('ValidationException', `Error in expression '${id}': ${reason}`);
  /** The metrics that a query is made of. */
  const metricsUnder = (id: string, seen: readonly string[] = []): readonly MetricStat[] => {
    const source = byId.get(id);
    if (!source) throw bad(seen.at(-1) ?? id, `there is no metric or expression with the id ${id}`);
    if (!isExpression(source)) return [source];
    if (seen.includes(id)) throw bad(id, 'it refers to itself');
    const named = source.references.flatMap((reference) => metricsUnder(reference, [...seen, id]));
    return /\bMETRICS\s*\(/i.test(source.text) ? [...named, ...stats.map(({ stat }) => stat)] : named;
  };
  const periodOf = (id: string, given: number | undefined): number => {
    const periods = new Set(metricsUnder(id).map(({ periodMs }) => periodMs));
    if (periods.size > 1) throw notImplemented(`metric math over metrics of different periods: ${id}`);
    const [own] = periods;
    if (own !== undefined) return own;
    if (given === undefined) throw bad(id, 'no metric and no Period says what its period is');
    return given * 1000;
  };

  const value: CompiledQueries['value'] = (id, read, range) => {
    const known = new Map<string, Value>();
    const periodMs = compiled.find((each) => each.id === id)?.periodMs ?? 60_000;
    const timeline: number[] = [];
    const first = range.origin + Math.floor((range.start - range.origin) / periodMs) * periodMs;
    for (let at = first; at < range.end; at += periodMs) timeline.push(at);
    const of = (name: string): Value | undefined => {
      const source = byId.get(name);
      const before = known.get(name);
      if (before || !source) return before;
      const result: Value = isExpression(source)
        ? source.evaluate(surroundings)
        : { kind: 'series', points: read(source) };
      known.set(name, result);
      return result;
    };
    const surroundings = {
      value: of,
      metrics: () => stats.map(({ id: each, stat }) => ({ id: each, points: read(stat) })),
      timeline,
      periodSeconds: periodMs / 1000,
    };
    return of(id) ?? { kind: 'series', points: new Map() };
  };

  const compiled: Compiled[] = sources.map(({ query, source }) => ({
    id: query.Id,
    label: query.Label,
    returned: query.ReturnData ?? true,
    source,
    periodMs: periodOf(query.Id, query.Period),
  }));
  for (const { id, source, returned } of compiled) {
    // What kind of value an expression has does not depend on the data.
    const kind = value(id, () => new Map(), { start: 0, end: 0, origin: 0 }).kind;
    if (isExpression(source) && returned && kind === 'scalar')
      throw bad(id, 'the result must be a time series, or an array of them');
  }
  return { all: compiled, value };
};
