import type { AlarmState, Cloud, JsonObject } from '../../contracts.ts';
import { destinationKind } from '../../deliver.ts';
import {
  type Alarm,
  configurationDetail,
  configurationState,
  lambdaActionPayload,
  type StateFacts,
  stateChangeDetail,
  topicActionMessage,
} from './alarm-events.ts';
import type { AlarmSettings } from './alarm-settings.ts';
import { notFound } from './errors.ts';

/** The alarms there are. Their states change by SetAlarmState; what evaluates metrics calls {@link Alarms.transition}. */
export interface Alarms {
  find(name: string): Alarm | undefined;
  /** @throws ServiceError ResourceNotFound. */
  get(name: string): Alarm;
  all(): Alarm[];
  /** Creates an alarm, or replaces all its settings but keeps its state and tags (documented: PutMetricAlarm). */
  put(settings: AlarmSettings): Alarm;
  enableActions(name: string, enabled: boolean): void;
  remove(name: string): void;
  /**
   * Puts an alarm into a state. If it was in another one, the default bus is told and, unless actions are disabled,
   * the state's actions are taken.
   */
  transition(alarm: Alarm, value: AlarmState, reason: string, reasonData?: string): void;
  /** Calls back after an alarm went into another state. @returns The way to stop. */
  watch(callback: (name: string, state: AlarmState) => void): () => void;
  clear(): void;
}

/** Documented (SNS, Publish): characters of a subject. */
const LONGEST_SUBJECT = 100;

export const createAlarms = (cloud: Cloud): Alarms => {
  const alarms = new Map<string, Alarm>();
  const watchers = new Set<(name: string, state: AlarmState) => void>();

  const tell = (detailType: string, alarm: Alarm, detail: JsonObject) =>
    cloud.events.emit({ source: 'aws.cloudwatch', detailType, resources: [alarm.arn], detail });
  const tellConfiguration = (operation: 'create' | 'update' | 'delete', alarm: Alarm, previous?: JsonObject) =>
    tell('CloudWatch Alarm Configuration Change', alarm, {
      alarmName: alarm.settings.AlarmName,
      operation,
      state: configurationState(alarm),
      configuration: configurationDetail(alarm),
      ...(previous === undefined ? {} : { previousConfiguration: previous }),
    });

  const act = (arn: string, alarm: Alarm, previous: StateFacts) => {
    const { AlarmName } = alarm.settings;
    try {
      const isFunction = destinationKind(arn) === 'function';
      // Functions know alarms by another name: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
      // (documented).
      const service = isFunction ? 'lambda.alarms.cloudwatch.amazonaws.com' : 'cloudwatch.amazonaws.com';
      cloud.iam.authorizeDelivery({ service, sourceArn: alarm.arn }, arn);
      if (isFunction) cloud.lambda.invokeAsync(arn, lambdaActionPayload(alarm, previous, cloud.account, cloud.region));
      else
        cloud.sns.publish(arn, JSON.stringify(topicActionMessage(alarm, previous, cloud.account, cloud.region)), {
          subject: `${alarm.state.value}: "${AlarmName}" in ${cloud.region}`
            .replace(/[^\x20-\x7e]/g, '?')
            .slice(0, LONGEST_SUBJECT),
        });
    } catch (error) {
      // Documented (alarms-and-actions): a failed action shows in the alarm's history; here, in the log.
      cloud.log('monitoring: an alarm action failed', {
        alarm: AlarmName,
        action: arn,
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  };
  const actionsOf = ({ settings, state }: Alarm): readonly string[] => {
    if (settings.ActionsEnabled === false) return [];
    const byState = {
      OK: settings.OKActions,
      ALARM: settings.AlarmActions,
      INSUFFICIENT_DATA: settings.InsufficientDataActions,
    };
    return byState[state.value] ?? [];
  };

  const get = (name: string) => {
    const alarm = alarms.get(name);
    if (!alarm) throw notFound();
    return alarm;
  };

  return {
    find: (name) => alarms.get(name),
    get,
    all: () => [...alarms.values()],
    put(settings) {
      const name = settings.AlarmName;
      const now = cloud.clock.ms();
      const known = alarms.get(name);
      if (known) {
        const previous = configurationDetail(known);
        known.settings = { ...settings, Tags: known.settings.Tags };
        known.metricId = cloud.id('uuid');
        known.configuredAt = now;
        tellConfiguration('update', known, previous);
        return known;
      }
      const alarm: Alarm = {
        arn: `arn:aws:cloudwatch:${cloud.region}:${cloud.account}:alarm:${name}`,
        settings,
        metricId: cloud.id('uuid'),
        configuredAt: now,
        // Recorded.
        state: { value: 'INSUFFICIENT_DATA', reason: 'Unchecked: Initial alarm creation', at: now },
        transitionedAt: now,
      };
      alarms.set(name, alarm);
      tellConfiguration('create', alarm);
      return alarm;
    },
    enableActions(name, enabled) {
      const alarm = alarms.get(name);
      // Assumed: like DeleteAlarms, silent about a name there is no alarm of.
      if (alarm) alarm.settings = { ...alarm.settings, ActionsEnabled: enabled };
    },
    remove(name) {
      const alarm = alarms.get(name);
      if (!alarm) return;
      alarms.delete(name);
      tellConfiguration('delete', alarm);
    },
    transition(alarm, value, reason, reasonData) {
      const previous = alarm.state;
      const at = cloud.clock.ms();
      alarm.state = { value, reason, reasonData, at };
      if (previous.value === value) return;
      alarm.transitionedAt = at;
      tell('CloudWatch Alarm State Change', alarm, stateChangeDetail(alarm, previous));
      for (const arn of actionsOf(alarm)) act(arn, alarm, previous);
      for (const watcher of [...watchers]) watcher(alarm.settings.AlarmName, value);
    },
    watch(callback) {
      watchers.add(callback);
      return () => void watchers.delete(callback);
    },
    clear: () => alarms.clear(),
  };
};
