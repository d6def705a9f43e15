import {
  type Cloud,
  type JsonObject,
  type MonitoringApi,
  type Operation,
  type Provisioner,
  type Service,
  ServiceError,
} from '../../contracts.ts';
import {
  anything,
  integer,
  list,
  oneOf,
  optional,
  present,
  readInput,
  structure,
  text,
  timestamp,
} from '../parameters.ts';
import type { Alarm } from './alarm-events.ts';
import { createAlarmHistory, HISTORY_TYPES, historyAnswer } from './alarm-history.ts';
import { createAlarmSchedule } from './alarm-schedule.ts';
import { ALARM_PROPERTIES, readAlarm, settingsAnswer } from './alarm-settings.ts';
import { createAlarms } from './alarms.ts';
import { COMPOSITE_PROPERTIES, compositeAnswer, readCompositeAlarm } from './composite-settings.ts';
import { createDashboards } from './dashboards.ts';
import { queryCodes } from './errors.ts';
import { checkFinite, createMetrics, summarize } from './metrics.ts';
import { dimensions, dimensionsOf, metricName, namespace, readMetricData } from './put-metric-data.ts';
import { getMetricData, getMetricStatistics, listMetrics } from './read-metrics.ts';

// The states of alarms are listed in this order (recorded).
const stateValue = oneOf('INSUFFICIENT_DATA', 'ALARM', 'OK');
const alarmNames = list(text({ min: 1, max: 255 }), { max: 100 });

const INPUTS = {
  describe: structure({
    AlarmNames: optional(alarmNames),
    AlarmNamePrefix: optional(text({ min: 1, max: 255 })),
    AlarmTypes: optional(list(oneOf('CompositeAlarm', 'MetricAlarm'))),
    StateValue: optional(stateValue),
    ActionPrefix: optional(text({ min: 1, max: 1024 })),
    MaxRecords: optional(integer({ min: 1, max: 100 })),
    NextToken: optional(text()),
  }),
  forMetric: structure({ MetricName: metricName, Namespace: namespace, Dimensions: optional(dimensions) }),
  names: structure({ AlarmNames: alarmNames }),
  history: structure({
    AlarmName: optional(text({ min: 1, max: 255 })),
    AlarmTypes: optional(list(oneOf('CompositeAlarm', 'MetricAlarm'))),
    HistoryItemType: optional(oneOf(...HISTORY_TYPES)),
    StartDate: optional(timestamp()),
    EndDate: optional(timestamp()),
    MaxRecords: optional(integer({ min: 1, max: 100 })),
    NextToken: optional(text()),
    ScanBy: optional(oneOf('TimestampDescending', 'TimestampAscending')),
  }),
  setState: structure({
    AlarmName: text({ min: 1, max: 255 }),
    StateValue: stateValue,
    StateReason: text({ max: 1023 }),
    StateReasonData: optional(text({ max: 4000 })),
  }),
};

const isJson = (value: string): boolean => {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
};

const answerOf = (alarm: Alarm): JsonObject => {
  const { arn, state, configuredAt, transitionedAt } = alarm;
  return present({
    ...(alarm.kind === 'metric' ? settingsAnswer(alarm.settings) : compositeAnswer(alarm.settings)),
    AlarmArn: arn,
    AlarmConfigurationUpdatedTimestamp: configuredAt / 1000,
    StateValue: state.value,
    StateReason: state.reason,
    StateReasonData: state.reasonData,
    StateUpdatedTimestamp: state.at / 1000,
    StateTransitionedTimestamp: transitionedAt / 1000,
  });
};

/** CloudWatch: metrics, alarms and dashboards. */
export const createMonitoring = (cloud: Cloud): { service: Service; api: MonitoringApi } => {
  const now = () => cloud.clock.ms();
  const metrics = createMetrics(now);
  const history = createAlarmHistory(now);
  const alarms = createAlarms(cloud, history);
  const schedule = createAlarmSchedule(cloud, metrics, (alarm, ...state) => alarms.transition(alarm, ...state));
  const dashboards = createDashboards(cloud);

  const exists = (alarm: string) => alarms.findAny(alarm) !== undefined;
  const remove = (name: string) => {
    const alarm = alarms.find(name);
    if (alarm?.kind === 'metric') schedule.forget(alarm);
    alarms.remove(name);
  };

  const enable =
    (operation: string, enabled: boolean): Operation =>
    (input) => {
      for (const name of readInput(operation, INPUTS.names, input).AlarmNames) alarms.enableActions(name, enabled);
      return {};
    };

  const operations: Readonly<Record<string, Operation>> = {
    ...dashboards.operations,
    PutMetricData(input) {
      for (const { metric, datum } of readMetricData(input, cloud.clock.ms())) metrics.put(metric, datum);
      return {};
    },
    GetMetricStatistics: (input) => getMetricStatistics(metrics, input, cloud.clock.ms()),
    GetMetricData: (input) => getMetricData(metrics, input),
    ListMetrics: (input) => listMetrics(metrics, input),
    PutMetricAlarm(input) {
      schedule.watch(alarms.put(readAlarm('PutMetricAlarm', input)));
      return {};
    },
    PutCompositeAlarm(input) {
      const { settings, rule } = readCompositeAlarm('PutCompositeAlarm', input, exists);
      alarms.putComposite(settings, rule);
      return {};
    },
    DescribeAlarms(input) {
      const given = readInput('DescribeAlarms', INPUTS.describe, input);
      const { AlarmNames, AlarmNamePrefix = '', AlarmTypes = ['MetricAlarm'], StateValue, ActionPrefix } = given;
      if (AlarmNames && given.AlarmNamePrefix !== undefined)
        throw new ServiceError('ValidationException', 'AlarmNamePrefix and AlarmNames are mutually exclusive');
      const found = alarms
        .all()
        .filter(({ kind, settings, state }) => {
          const actions = [settings.AlarmActions, settings.OKActions, settings.InsufficientDataActions];
          return (
            AlarmTypes.includes(kind === 'metric' ? 'MetricAlarm' : 'CompositeAlarm') &&
            (AlarmNames === undefined || AlarmNames.includes(settings.AlarmName)) &&
            settings.AlarmName.startsWith(AlarmNamePrefix) &&
            (StateValue === undefined || state.value === StateValue) &&
            (ActionPrefix === undefined ||
              actions.some((each) => each?.some((action) => action.startsWith(ActionPrefix))))
          );
        })
        .sort((a, b) => (a.settings.AlarmName < b.settings.AlarmName ? -1 : 1));
      const start = given.NextToken === undefined ? 0 : Number(given.NextToken);
      if (!Number.isInteger(start) || start < 0) throw new ServiceError('InvalidNextToken', 'Invalid next token');
      const end = start + (given.MaxRecords ?? 50);
      const shown = found.slice(start, end);
      return present({
        MetricAlarms: shown.filter(({ kind }) => kind === 'metric').map(answerOf),
        CompositeAlarms: shown.filter(({ kind }) => kind === 'composite').map(answerOf),
        NextToken: end < found.length ? String(end) : undefined,
      });
    },
    DescribeAlarmsForMetric(input) {
      const given = readInput('DescribeAlarmsForMetric', INPUTS.forMetric, input);
      const wanted = JSON.stringify(Object.entries(dimensionsOf(given.Dimensions, 'Dimensions')).sort());
      const found = alarms.all().filter(({ kind, settings }) => {
        if (kind === 'composite' || !('EvaluationPeriods' in settings)) return false;
        const own = JSON.stringify(Object.entries(dimensionsOf(settings.Dimensions, 'Dimensions')).sort());
        return settings.MetricName === given.MetricName && settings.Namespace === given.Namespace && own === wanted;
      });
      return { MetricAlarms: found.map(answerOf) };
    },
    DeleteAlarms(input) {
      alarms.checkRemoval(readInput('DeleteAlarms', INPUTS.names, input).AlarmNames).forEach(remove);
      return {};
    },
    SetAlarmState(input) {
      const given = readInput('SetAlarmState', INPUTS.setState, input);
      const { AlarmName, StateValue, StateReason, StateReasonData } = given;
      const alarm = alarms.get(AlarmName);
      if (StateReasonData !== undefined && !isJson(StateReasonData))
        throw new ServiceError('InvalidFormatFault', 'StateReasonData is not JSON');
      alarms.transition(alarm, StateValue, StateReason, StateReasonData);
      // A state set by hand lasts until the next comparison (SetAlarmState, documented).
      if (alarm.kind === 'metric') schedule.watch(alarm);
      return {};
    },
    DescribeAlarmHistory(input) {
      const given = readInput('DescribeAlarmHistory', INPUTS.history, input);
      const found = history.find({
        alarmName: given.AlarmName,
        alarmTypes: given.AlarmTypes,
        type: given.HistoryItemType,
        start: given.StartDate,
        end: given.EndDate,
        oldestFirst: given.ScanBy === 'TimestampAscending',
      });
      const start = given.NextToken === undefined ? 0 : Number(given.NextToken);
      if (!Number.isInteger(start) || start < 0) throw new ServiceError('InvalidNextToken', 'Invalid next token');
      const end = start + (given.MaxRecords ?? 100);
      return present({
        AlarmHistoryItems: found.slice(start, end).map(historyAnswer),
        NextToken: end < found.length ? String(end) : undefined,
      });
    },
    EnableAlarmActions: enable('EnableAlarmActions', true),
    DisableAlarmActions: enable('DisableAlarmActions', false),
  };

  const resources: Readonly<Record<string, Provisioner>> = {
    'AWS::CloudWatch::Alarm': {
      properties: ALARM_PROPERTIES,
      create({ logicalId, properties }) {
        const name =
          typeof properties.AlarmName === 'string'
            ? properties.AlarmName
            : `${logicalId.slice(0, 200)}-${cloud.id(12)}`;
        if (alarms.find(name)) throw new ServiceError('AlreadyExists', `Alarm ${name} already exists.`);
        const alarm = alarms.put(readAlarm(`AWS::CloudWatch::Alarm ${logicalId}`, { ...properties, AlarmName: name }));
        schedule.watch(alarm);
        return { ref: name, attributes: { Arn: alarm.arn } };
      },
    },
    'AWS::CloudWatch::CompositeAlarm': {
      properties: COMPOSITE_PROPERTIES,
      create({ logicalId, properties }) {
        const name =
          typeof properties.AlarmName === 'string'
            ? properties.AlarmName
            : `${logicalId.slice(0, 200)}-${cloud.id(12)}`;
        if (alarms.find(name)) throw new ServiceError('AlreadyExists', `Alarm ${name} already exists.`);
        const where = `AWS::CloudWatch::CompositeAlarm ${logicalId}`;
        const { settings, rule } = readCompositeAlarm(where, { ...properties, AlarmName: name }, exists);
        return { ref: name, attributes: { Arn: alarms.putComposite(settings, rule).arn } };
      },
    },
    'AWS::CloudWatch::Dashboard': {
      properties: ['DashboardName', 'DashboardBody'],
      create({ logicalId, properties }) {
        const { DashboardName = `${logicalId.slice(0, 200)}-${cloud.id(12)}`, DashboardBody } = readInput(
          `AWS::CloudWatch::Dashboard ${logicalId}`,
          structure({ DashboardName: optional(text()), DashboardBody: anything() }),
          properties,
        );
        dashboards.put(
          DashboardName,
          typeof DashboardBody === 'string' ? DashboardBody : JSON.stringify(DashboardBody),
        );
        return { ref: DashboardName, attributes: {} };
      },
    },
  };

  return {
    service: {
      scope: 'monitoring',
      api: { protocol: 'json-1.0', target: 'GraniteServiceVersion20100801', operations, queryCodes },
      resources,
      async close() {
        schedule.clear();
        metrics.clear();
        alarms.clear();
        history.clear();
        dashboards.clear();
      },
    },
    api: {
      alarmState: (name) => alarms.find(name)?.state.value,
      onAlarm: (callback) => alarms.watch(callback),
      put({ namespace: space, name, dimensions: given = {}, value, unit = 'None', at = now(), resolution = 60 }) {
        checkFinite(value, name);
        const datum = summarize(at, unit, [{ value, count: 1 }], resolution);
        metrics.put({ namespace: space, name, dimensions: { ...given } }, datum);
      },
      gauge({ namespace: space, name, dimensions: given = {}, unit = 'None' }, read) {
        const levels = (since: number) =>
          read().map(({ value, rise = 0, at = since, until = Number.POSITIVE_INFINITY }) => {
            if (value !== undefined) checkFinite(value, name);
            return { at, value, rise, until };
          });
        return metrics.gauge({ namespace: space, name, dimensions: { ...given } }, { unit, read: levels });
      },
    },
  };
};
