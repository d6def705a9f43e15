import {
  type Cloud,
  type JsonObject,
  type MonitoringApi,
  type Operation,
  type Provisioner,
  type Service,
  ServiceError,
} from '../../contracts.ts';
import { anything, integer, list, oneOf, optional, present, readInput, structure, text } from '../parameters.ts';
import type { Alarm } from './alarm-events.ts';
import { ALARM_PROPERTIES, readAlarm, settingsAnswer } from './alarm-settings.ts';
import { createAlarms } from './alarms.ts';
import { createDashboards } from './dashboards.ts';
import { invalidValue, queryCodes } from './errors.ts';
import { createMetrics, summarize } from './metrics.ts';
import { dimensions, dimensionsOf, metricName, namespace, readMetricData } from './put-metric-data.ts';
import { getMetricData, getMetricStatistics, listMetrics } from './read-metrics.ts';

// Recorded: the order in which AWS lists them.
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
  setState: structure({
    AlarmName: text({ min: 1, max: 255 }),
    StateValue: stateValue,
    StateReason: text({ max: 1023 }),
    StateReasonData: optional(text({ max: 4000 })),
  }),
};

const alarmAnswer = ({ arn, settings, state, configuredAt, transitionedAt }: Alarm): JsonObject =>
  present({
    ...settingsAnswer(settings),
    AlarmArn: arn,
    AlarmConfigurationUpdatedTimestamp: configuredAt / 1000,
    StateValue: state.value,
    StateReason: state.reason,
    StateReasonData: state.reasonData,
    StateUpdatedTimestamp: state.at / 1000,
    StateTransitionedTimestamp: transitionedAt / 1000,
  });

const isJson = (value: string): boolean => {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
};

/** CloudWatch: metrics, alarms and dashboards. Metrics and alarms are kept; alarms are not evaluated yet. */
export const createMonitoring = (cloud: Cloud): { service: Service; api: MonitoringApi } => {
  const metrics = createMetrics();
  const alarms = createAlarms(cloud);
  const dashboards = createDashboards(cloud);

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
      alarms.put(readAlarm('PutMetricAlarm', input));
      return {};
    },
    DescribeAlarms(input) {
      const given = readInput('DescribeAlarms', INPUTS.describe, input);
      const { AlarmNames, AlarmNamePrefix = '', AlarmTypes = ['MetricAlarm'], StateValue, ActionPrefix } = given;
      if (AlarmNames && given.AlarmNamePrefix !== undefined)
        throw new ServiceError('ValidationException', 'AlarmNamePrefix and AlarmNames are mutually exclusive');
      const found = alarms
        .all()
        .filter(({ settings, state }) => {
          const actions = [settings.AlarmActions, settings.OKActions, settings.InsufficientDataActions];
          return (
            AlarmTypes.includes('MetricAlarm') &&
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
      return present({
        MetricAlarms: found.slice(start, end).map(alarmAnswer),
        CompositeAlarms: [],
        NextToken: end < found.length ? String(end) : undefined,
      });
    },
    DescribeAlarmsForMetric(input) {
      const given = readInput('DescribeAlarmsForMetric', INPUTS.forMetric, input);
      const wanted = JSON.stringify(Object.entries(dimensionsOf(given.Dimensions, 'Dimensions')).sort());
      const found = alarms.all().filter(({ settings }) => {
        const own = JSON.stringify(Object.entries(dimensionsOf(settings.Dimensions, 'Dimensions')).sort());
        return settings.MetricName === given.MetricName && settings.Namespace === given.Namespace && own === wanted;
      });
      return { MetricAlarms: found.map(alarmAnswer) };
    },
    DeleteAlarms(input) {
      for (const name of readInput('DeleteAlarms', INPUTS.names, input).AlarmNames) alarms.remove(name);
      return {};
    },
    SetAlarmState(input) {
      const given = readInput('SetAlarmState', INPUTS.setState, input);
      const { AlarmName, StateValue, StateReason, StateReasonData } = given;
      const alarm = alarms.get(AlarmName);
      if (StateReasonData !== undefined && !isJson(StateReasonData))
        throw new ServiceError('InvalidFormatFault', 'StateReasonData is not JSON');
      alarms.transition(alarm, StateValue, StateReason, StateReasonData);
      return {};
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
        return { ref: name, attributes: { Arn: alarm.arn } };
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
        metrics.clear();
        alarms.clear();
        dashboards.clear();
      },
    },
    api: {
      alarmState: (name) => alarms.find(name)?.state.value,
      onAlarm: (callback) => alarms.watch(callback),
      put({ namespace: space, name, dimensions: given = {}, value, unit = 'None', at = cloud.clock.ms() }) {
        if (!Number.isFinite(value)) throw invalidValue(`The value ${value} of the metric ${name} is invalid.`);
        metrics.put({ namespace: space, name, dimensions: { ...given } }, summarize(at, unit, [{ value, count: 1 }]));
      },
    },
  };
};
