/** What PutMetricAlarm and the CloudFormation type take. Source: API reference, PutMetricAlarm. */
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
import { invalidCombination, invalidValue, missing, notImplemented } from './errors.ts';
import { STATISTICS, UNITS } from './metrics.ts';
import { dimensions, metricName, namespace } from './put-metric-data.ts';

const actions = optional(list(text({ min: 1, max: 1024 }), { max: 5 }));

const metricQuery = structure({
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
  ComparisonOperator: oneOf(
    'GreaterThanOrEqualToThreshold',
    'GreaterThanThreshold',
    'LessThanThreshold',
    'LessThanOrEqualToThreshold',
  ),
  TreatMissingData: optional(oneOf('breaching', 'notBreaching', 'ignore', 'missing')),
  EvaluateLowSampleCountPercentile: optional(oneOf('evaluate', 'ignore')),
  Metrics: optional(list(metricQuery, { max: 20 })),
  Tags: optional(list(anything(), { max: 50 })),
};

const shape = structure({ AlarmName: text({ min: 1, max: 255 }), ...members });

export type AlarmSettings = Read<typeof shape>;

/** The properties of AWS::CloudWatch::Alarm that are honoured. */
export const ALARM_PROPERTIES = ['AlarmName', ...Object.keys(members)];

const ACTION_KINDS: readonly DestinationKind[] = ['topic', 'function'];

const checkAction = (arn: string) => {
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
  // Documented: 10, 20, 30 or whole minutes.
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
  if (ExtendedStatistic !== undefined && !/^p(?:\d{1,2}(?:\.\d{1,10})?|100)$/.test(ExtendedStatistic))
    throw notImplemented(`the statistic ${ExtendedStatistic}`);
  checkPeriod(Period, 'Period');
};

const checkMetrics = ({ Metrics = [], MetricName, Namespace, Period, Statistic, ExtendedStatistic }: AlarmSettings) => {
  if ([MetricName, Namespace, Period, Statistic, ExtendedStatistic].some((each) => each !== undefined))
    throw invalidCombination('The parameter Metrics and the parameters of a single metric are mutually exclusive.');
  const returned = Metrics.filter(({ ReturnData }) => ReturnData ?? true);
  // Documented: one of them, and one only, is what the alarm watches.
  if (returned.length !== 1)
    throw new ServiceError('ValidationException', 'Exactly one element of the metrics list should return data.');
  for (const { Id, MetricStat, Expression } of Metrics) {
    if ((MetricStat === undefined) === (Expression === undefined))
      throw invalidCombination(`The metric ${Id} must have either MetricStat or Expression.`);
    if (MetricStat) checkPeriod(MetricStat.Period, `Period of the metric ${Id}`);
  }
};

/**
 * Reads an alarm.
 * @throws ServiceError for what AWS refuses, and for actions other than topics and functions, by name.
 */
export const readAlarm = (where: string, input: JsonObject): AlarmSettings => {
  const given = readInput(where, shape, input);
  for (const arn of [given.AlarmActions, given.OKActions, given.InsufficientDataActions].flatMap((each) => each ?? []))
    checkAction(arn);
  if (given.DatapointsToAlarm !== undefined && given.DatapointsToAlarm > given.EvaluationPeriods)
    throw invalidValue('The parameter DatapointsToAlarm must be less than or equal to EvaluationPeriods.');
  if (given.Metrics) checkMetrics(given);
  else checkSingleMetric(given);
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
