/** What CloudWatch tells about alarms. Forms: CloudWatch user guide, cloudwatch-and-eventbridge (documented), and what
 * actions were seen to get (recorded). */
import type { AlarmState, Json, JsonObject } from '../../contracts.ts';
import type { AlarmRule } from './alarm-rule.ts';
import type { AlarmSettings } from './alarm-settings.ts';
import type { CompositeSettings } from './composite-settings.ts';

/** A state and why. */
export interface StateFacts {
  readonly value: AlarmState;
  readonly reason: string;
  /** JSON text. */
  readonly reasonData?: string | undefined;
  /** Epoch milliseconds. */
  readonly at: number;
}

interface Standing {
  readonly arn: string;
  /** Epoch milliseconds. */
  configuredAt: number;
  state: StateFacts;
  /** When the state last became another one. */
  transitionedAt: number;
}

/** An alarm on a metric, as it stands. */
export interface MetricAlarm extends Standing {
  readonly kind: 'metric';
  settings: AlarmSettings;
  /** Id of the only metric of an alarm that has no `Metrics`: AWS makes one up per configuration. */
  metricId: string;
}

/** An alarm on other alarms, as it stands. */
export interface CompositeAlarm extends Standing {
  readonly kind: 'composite';
  settings: CompositeSettings;
  rule: AlarmRule;
}

export type Alarm = MetricAlarm | CompositeAlarm;

/** Times of alarm events have no colon in their offset, `2019-10-02T17:04:40.989+0000`: cloudwatch-and-eventbridge (documented). */
export const alarmTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '+0000');

const dimensionsOf = (dimensions: AlarmSettings['Dimensions']): JsonObject =>
  Object.fromEntries((dimensions ?? []).map(({ Name, Value }) => [Name, Value]));

type Metrics = NonNullable<AlarmSettings['Metrics']>;

const metricStat = ({ Metric, Period, Stat, Unit }: NonNullable<Metrics[number]['MetricStat']>): JsonObject => ({
  metric: {
    namespace: Metric.Namespace ?? '',
    name: Metric.MetricName ?? '',
    dimensions: dimensionsOf(Metric.Dimensions),
  },
  period: Period,
  stat: Stat,
  ...(Unit === undefined ? {} : { unit: Unit }),
});

const metricsOf = ({ settings, metricId }: MetricAlarm): JsonObject[] => {
  if (settings.Metrics)
    return settings.Metrics.map(({ Id, MetricStat, Expression, Label, ReturnData }) => ({
      id: Id,
      ...(MetricStat ? { metricStat: metricStat(MetricStat) } : {}),
      ...(Expression === undefined ? {} : { expression: Expression }),
      ...(Label === undefined ? {} : { label: Label }),
      returnData: ReturnData ?? true,
    }));
  const { Namespace, MetricName, Dimensions, Period, Statistic, ExtendedStatistic, Unit } = settings;
  return [
    {
      id: metricId,
      metricStat: metricStat({
        Metric: { Namespace, MetricName, Dimensions },
        Period: Period ?? 0,
        Stat: Statistic ?? ExtendedStatistic ?? '',
        Unit,
      }),
      returnData: true,
    },
  ];
};

const stateOf = ({ value, reason, reasonData, at }: StateFacts): JsonObject => ({
  value,
  reason,
  ...(reasonData === undefined ? {} : { reasonData }),
  timestamp: alarmTime(at),
});

const describedConfiguration = (alarm: Alarm): JsonObject => ({
  ...(alarm.settings.AlarmDescription === undefined ? {} : { description: alarm.settings.AlarmDescription }),
  ...(alarm.kind === 'metric' ? { metrics: metricsOf(alarm) } : { alarmRule: alarm.settings.AlarmRule }),
});

/** Detail of "CloudWatch Alarm State Change". */
export const stateChangeDetail = (alarm: Alarm, previous: StateFacts): JsonObject => ({
  alarmName: alarm.settings.AlarmName,
  state: stateOf(alarm.state),
  previousState: stateOf(previous),
  configuration: describedConfiguration(alarm),
});

/** What a function that is an alarm action is invoked with (recorded). */
export const lambdaActionPayload = (
  alarm: Alarm,
  previous: StateFacts,
  account: string,
  region: string,
): JsonObject => ({
  source: 'aws.cloudwatch',
  alarmArn: alarm.arn,
  accountId: account,
  time: alarmTime(alarm.state.at),
  region,
  alarmData: stateChangeDetail(alarm, previous),
});

/** Names of regions in messages, as published; of others the code is written, which is *assumed*. */
const REGION_NAMES: Readonly<Record<string, string>> = {
  'eu-west-1': 'EU (Ireland)',
  'eu-central-1': 'EU (Frankfurt)',
  'us-east-1': 'US East (N. Virginia)',
  'us-east-2': 'US East (Ohio)',
  'us-west-2': 'US West (Oregon)',
  'ap-southeast-2': 'Asia Pacific (Sydney)',
};
export const regionName = (region: string): string => REGION_NAMES[region] ?? region;

/** The message on a topic that is an alarm action (recorded). */
export const topicActionMessage = (alarm: Alarm, previous: StateFacts, account: string, region: string): JsonObject => {
  const { settings, state } = alarm;
  return {
    AlarmName: settings.AlarmName,
    AlarmDescription: settings.AlarmDescription ?? null,
    AWSAccountId: account,
    AlarmConfigurationUpdatedTimestamp: alarmTime(alarm.configuredAt),
    NewStateValue: state.value,
    NewStateReason: state.reason,
    StateChangeTime: alarmTime(state.at),
    Region: regionName(region),
    AlarmArn: alarm.arn,
    OldStateValue: previous.value,
    OKActions: settings.OKActions ?? [],
    AlarmActions: settings.AlarmActions ?? [],
    InsufficientDataActions: settings.InsufficientDataActions ?? [],
    ActionExecutedAfterMuteWindow: false,
    ...(alarm.kind === 'metric' ? { Trigger: triggerOf(alarm.settings) } : { AlarmRule: alarm.settings.AlarmRule }),
  };
};

const triggerOf = (settings: AlarmSettings): JsonObject => ({
  ...(settings.Metrics
    ? { Metrics: JSON.parse(JSON.stringify(settings.Metrics)) }
    : {
        MetricName: settings.MetricName ?? null,
        Namespace: settings.Namespace ?? null,
        StatisticType: settings.Statistic === undefined ? 'ExtendedStatistic' : 'Statistic',
        ...(settings.Statistic === undefined
          ? { ExtendedStatistic: settings.ExtendedStatistic ?? null }
          : { Statistic: settings.Statistic.toUpperCase() }),
        Unit: settings.Unit ?? null,
        Dimensions: (settings.Dimensions ?? []).map(({ Name, Value }) => ({ value: Value, name: Name })),
        Period: settings.Period ?? null,
      }),
  EvaluationPeriods: settings.EvaluationPeriods,
  ...(settings.DatapointsToAlarm === undefined ? {} : { DatapointsToAlarm: settings.DatapointsToAlarm }),
  ComparisonOperator: settings.ComparisonOperator,
  Threshold: settings.Threshold ?? null,
  TreatMissingData: settings.TreatMissingData ?? 'missing',
  EvaluateLowSampleCountPercentile: settings.EvaluateLowSampleCountPercentile ?? '',
});

const comparisonOf = (alarm: Alarm): JsonObject => {
  if (alarm.kind === 'composite') return { alarmRule: alarm.settings.AlarmRule };
  const { settings } = alarm;
  return {
    evaluationPeriods: settings.EvaluationPeriods,
    ...(settings.DatapointsToAlarm === undefined ? {} : { datapointsToAlarm: settings.DatapointsToAlarm }),
    ...(settings.Threshold === undefined ? {} : { threshold: settings.Threshold }),
    comparisonOperator: settings.ComparisonOperator,
    ...(settings.TreatMissingData === undefined ? {} : { treatMissingData: settings.TreatMissingData }),
    metrics: metricsOf(alarm),
  };
};

/** `configuration` of "CloudWatch Alarm Configuration Change" (documented). */
export const configurationDetail = (alarm: Alarm): JsonObject => {
  const { settings } = alarm;
  return {
    ...comparisonOf(alarm),
    alarmName: settings.AlarmName,
    ...(settings.AlarmDescription === undefined ? {} : { description: settings.AlarmDescription }),
    actionsEnabled: settings.ActionsEnabled ?? true,
    timestamp: alarmTime(alarm.configuredAt),
    okActions: settings.OKActions ?? [],
    alarmActions: settings.AlarmActions ?? [],
    insufficientDataActions: settings.InsufficientDataActions ?? [],
  };
};

/** `state` of "CloudWatch Alarm Configuration Change" (documented: value and time alone). */
export const configurationState = ({ state }: Alarm): JsonObject => ({
  value: state.value,
  timestamp: alarmTime(state.at),
});

const historyState = ({ value, reason, reasonData }: StateFacts): JsonObject => ({
  stateValue: value,
  stateReason: reason,
  ...(reasonData === undefined ? {} : { stateReasonData: parsed(reasonData) }),
});

/** Reason data is an object in the history, as it was text elsewhere (recorded). */
const parsed = (text: string): Json => {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
};

/** HistoryData of a change of state (recorded). */
export const stateHistory = (alarm: Alarm, previous: StateFacts): JsonObject => ({
  version: '1.0',
  oldState: historyState(previous),
  newState: historyState(alarm.state),
});
