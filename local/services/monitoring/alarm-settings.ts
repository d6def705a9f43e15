/** What PutMetricAlarm and the CloudFormation type take. Source: API reference, PutMetricAlarm (documented). */
import { type Json, type JsonObject, ServiceError } from '../../contracts.ts';
import { type DestinationKind, destinationKind } from '../../deliver.ts';
import {
  anything,
  flag,
  integer,
  list,
  number,
  oneOf,
  optional,
  type Read,
  readInput,
  structure,
  text,
} from '../parameters.ts';
import { type Comparison, type Condition, MISSING_DATA } from './alarm-evaluation.ts';
import { invalidCombination, invalidValue, missing, notImplemented } from './errors.ts';
import { type CompiledQueries, compileQueries, metricQueries } from './metric-queries.ts';
import { UNITS } from './metrics.ts';
import { dimensions, metricName, namespace } from './put-metric-data.ts';
import { findStatistic, isStatistic, STATISTICS } from './statistics.ts';

const COMPARISON_NAMES = [
  'GreaterThanOrEqualToThreshold',
  'GreaterThanThreshold',
  'LessThanThreshold',
  'LessThanOrEqualToThreshold',
] as const satisfies readonly Comparison[];

/** Of alarms on anomaly detection bands, which this cloud does not have. */
const BAND_COMPARISONS: readonly Json[] = [
  'LessThanLowerOrGreaterThanUpperThreshold',
  'LessThanLowerThreshold',
  'GreaterThanUpperThreshold',
];

export const actions = optional(list(text({ min: 1, max: 1024 }), { max: 5 }));

const members = {
  AlarmDescription: optional(text({ max: 1024 })),
  ActionsEnabled: optional(flag()),
  OKActions: actions,
  AlarmActions: actions,
  InsufficientDataActions: actions,
  MetricName: optional(metricName),
  Namespace: optional(namespace),
  Statistic: optional(oneOf(...STATISTICS)),
  ExtendedStatistic: optional(text()),
  Dimensions: optional(dimensions),
  Period: optional(integer({ min: 1 })),
  Unit: optional(oneOf(...UNITS)),
  EvaluationPeriods: integer({ min: 1 }),
  DatapointsToAlarm: optional(integer({ min: 1 })),
  Threshold: optional(number()),
  ComparisonOperator: oneOf(...COMPARISON_NAMES),
  TreatMissingData: optional(oneOf(...MISSING_DATA)),
  EvaluateLowSampleCountPercentile: optional(oneOf('evaluate', 'ignore')),
  Metrics: optional(metricQueries({ max: 20 })),
  Tags: optional(list(anything(), { max: 50 })),
};

const shape = structure({ AlarmName: text({ min: 1, max: 255 }), ...members });

export type AlarmSettings = Read<typeof shape>;

/** The properties of AWS::CloudWatch::Alarm that are honoured. */
export const ALARM_PROPERTIES = ['AlarmName', ...Object.keys(members)];

const ACTION_KINDS: readonly DestinationKind[] = ['topic', 'function'];

export const checkAction = (arn: string) => {
  // The words are *assumed*.
  if (!arn.startsWith('arn:')) throw new ServiceError('ValidationException', `Invalid arn syntax: ${arn}`);
  let kind: DestinationKind;
  try {
    kind = destinationKind(arn);
  } catch (error) {
    if (error instanceof ServiceError) throw notImplemented(`the alarm action ${arn}`);
    throw error;
  }
  if (!ACTION_KINDS.includes(kind)) throw notImplemented(`the alarm action ${arn}`);
};

const checkPeriod = (seconds: number, where: string) => {
  // An alarm's period is 10, 20 or 30 seconds, or whole minutes: API_PutMetricAlarm (documented).
  if (![10, 20, 30].includes(seconds) && seconds % 60 !== 0)
    throw new ServiceError('ValidationException', `${where} must be 10, 20, 30 or a multiple of 60`);
};

const checkSingleMetric = (given: AlarmSettings) => {
  const { MetricName, Namespace, Period, Statistic, ExtendedStatistic, Threshold } = given;
  if (MetricName === undefined || Namespace === undefined)
    throw missing('The parameters MetricName and Namespace, or Metrics, must be specified.');
  if (Period === undefined) throw missing('The parameter Period must be specified.');
  if (Threshold === undefined) throw missing('The parameter Threshold must be specified.');
  if ((Statistic === undefined) === (ExtendedStatistic === undefined))
    throw invalidCombination('Exactly one of the parameters Statistic and ExtendedStatistic must be specified.');
  if (ExtendedStatistic !== undefined && (isStatistic(ExtendedStatistic) || !findStatistic(ExtendedStatistic)))
    throw invalidValue(`The value ${ExtendedStatistic} for parameter ExtendedStatistic is not supported.`);
  checkPeriod(Period, 'Period');
};

const checkMetrics = ({ Metrics = [], MetricName, Namespace, Period, Statistic, ExtendedStatistic }: AlarmSettings) => {
  if ([MetricName, Namespace, Period, Statistic, ExtendedStatistic].some((each) => each !== undefined))
    throw invalidCombination('The parameter Metrics and the parameters of a single metric are mutually exclusive.');
  const returned = Metrics.filter(({ ReturnData }) => ReturnData ?? true);
  // One of an alarm's queries, and one only, returns data, which the alarm watches: API_PutMetricAlarm (documented).
  if (returned.length !== 1)
    throw new ServiceError('ValidationException', 'Exactly one element of the metrics list should return data.');
  for (const { Id, MetricStat, Expression } of Metrics) {
    if ((MetricStat === undefined) === (Expression === undefined))
      throw invalidCombination(`The metric ${Id} must have either MetricStat or Expression.`);
    if (MetricStat) checkPeriod(MetricStat.Period, `Period of the metric ${Id}`);
  }
  const [watched] = returned;
  const queries = compileQueries(Metrics, 'Metrics');
  if (watched && queries.value(watched.Id, () => new Map(), { start: 0, end: 0, origin: 0 }).kind !== 'series')
    throw new ServiceError('ValidationException', `The metric ${watched.Id} must be a single time series.`);
};

const DAY_SECONDS = 86_400;
const HOUR_SECONDS = 3600;

/** An alarm looks back over a day at most, with periods of an hour and more over a week (documented: PutMetricAlarm). */
const checkSpan = (given: AlarmSettings) => {
  const periodSeconds = periodOf(given);
  const most = periodSeconds >= HOUR_SECONDS ? 7 * DAY_SECONDS : DAY_SECONDS;
  if (periodSeconds * given.EvaluationPeriods > most)
    throw new ServiceError(
      'ValidationException',
      `Metrics cannot be checked across more than ${most === DAY_SECONDS ? 'a day' : 'a week'} (EvaluationPeriods * Period must be <= ${most}).`,
    );
};

/** The period of the metrics an alarm watches, seconds. */
export const periodOf = ({ Period, Metrics }: AlarmSettings): number =>
  Period ?? Metrics?.flatMap(({ MetricStat, Period: given }) => MetricStat?.Period ?? given ?? [])[0] ?? 60;

/** What an alarm compares. */
export const conditionOf = (given: AlarmSettings): Condition => ({
  evaluationPeriods: given.EvaluationPeriods,
  datapointsToAlarm: given.DatapointsToAlarm ?? given.EvaluationPeriods,
  mOfN: given.DatapointsToAlarm !== undefined,
  comparison: given.ComparisonOperator,
  threshold: given.Threshold ?? 0,
  missingData: given.TreatMissingData ?? 'missing',
  periodSeconds: periodOf(given),
  ...(given.Metrics
    ? {}
    : {
        statistic: given.Statistic ?? given.ExtendedStatistic,
        ...(given.Unit === undefined ? {} : { unit: given.Unit }),
      }),
});

/** What an alarm watches, as queries: the one whose data is compared, and those it is made of. */
export const queriesOf = (given: AlarmSettings): { readonly queries: CompiledQueries; readonly watched: string } => {
  const single = 'm1';
  const list = given.Metrics ?? [
    {
      Id: single,
      MetricStat: {
        Metric: { Namespace: given.Namespace, MetricName: given.MetricName, Dimensions: given.Dimensions },
        Period: periodOf(given),
        Stat: given.Statistic ?? given.ExtendedStatistic ?? '',
        Unit: given.Unit,
      },
      Expression: undefined,
      Label: undefined,
      ReturnData: undefined,
      Period: undefined,
    },
  ];
  const watched = list.find(({ ReturnData }) => ReturnData ?? true)?.Id ?? single;
  return { queries: compileQueries(list, 'Metrics'), watched };
};

/**
 * Reads an alarm.
 * @throws ServiceError for what AWS refuses, and for actions other than topics and functions, by name.
 */
export const readAlarm = (where: string, input: JsonObject): AlarmSettings => {
  if (BAND_COMPARISONS.includes(input.ComparisonOperator ?? null))
    throw notImplemented(`alarms on anomaly detection bands: ComparisonOperator ${input.ComparisonOperator}`);
  const given = readInput(where, shape, input);
  for (const arn of [given.AlarmActions, given.OKActions, given.InsufficientDataActions].flatMap((each) => each ?? []))
    checkAction(arn);
  if (given.DatapointsToAlarm !== undefined && given.DatapointsToAlarm > given.EvaluationPeriods)
    throw invalidValue('The parameter DatapointsToAlarm must be less than or equal to EvaluationPeriods.');
  if (given.Metrics) checkMetrics(given);
  else checkSingleMetric(given);
  if (given.Metrics && given.Threshold === undefined) throw missing('The parameter Threshold must be specified.');
  checkSpan(given);
  return given;
};

/** Settings as DescribeAlarms gives them: what was put, defaults filled in (recorded). */
export const settingsAnswer = (settings: AlarmSettings): JsonObject => {
  const { Tags: _, ...described } = settings;
  const copy = JSON.parse(JSON.stringify(described)) as { [name: string]: Json };
  return {
    ...copy,
    ActionsEnabled: settings.ActionsEnabled ?? true,
    OKActions: settings.OKActions ?? [],
    AlarmActions: settings.AlarmActions ?? [],
    InsufficientDataActions: settings.InsufficientDataActions ?? [],
    ...(settings.Metrics ? {} : { Dimensions: copy.Dimensions ?? [] }),
  };
};
