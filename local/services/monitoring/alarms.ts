import { type AlarmState, type Cloud, type JsonObject, ServiceError } from '../../contracts.ts';
import { destinationKind } from '../../deliver.ts';
import {
  type Alarm,
  alarmTime,
  type CompositeAlarm,
  configurationDetail,
  configurationState,
  lambdaActionPayload,
  type MetricAlarm,
  regionName,
  type StateFacts,
  stateChangeDetail,
  stateHistory,
  topicActionMessage,
} from './alarm-events.ts';
import type { AlarmHistory, HistoryType } from './alarm-history.ts';
import type { AlarmRule } from './alarm-rule.ts';
import type { AlarmSettings } from './alarm-settings.ts';
import type { CompositeSettings } from './composite-settings.ts';
import { notFound } from './errors.ts';

/** The alarms there are. What evaluates metrics calls {@link Alarms.transition}; composite alarms follow by themselves. */
export interface Alarms {
  find(name: string): Alarm | undefined;
  /** By name or ARN. */
  findAny(nameOrArn: string): Alarm | undefined;
  /** @throws ServiceError ResourceNotFound. */
  get(name: string): Alarm;
  all(): Alarm[];
  /**
   * Creates an alarm, or replaces all its settings but keeps its state and tags (documented: PutMetricAlarm).
   * @throws ServiceError when there is an alarm of this name and the other kind.
   */
  put(settings: AlarmSettings): MetricAlarm;
  /** The same for an alarm on alarms; its rule is evaluated at once. */
  putComposite(settings: CompositeSettings, rule: AlarmRule): CompositeAlarm;
  enableActions(name: string, enabled: boolean): void;
  /**
   * What of these names can be removed together: those there are alarms of.
   * @throws ServiceError ValidationException, before any is removed.
   */
  checkRemoval(names: readonly string[]): string[];
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

/** The subject of a notification has up to 100 characters: SNS, API_Publish (documented). */
const LONGEST_SUBJECT = 100;

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** `Friday 22 July, 2022 15:57:45 UTC`, as in composite alarms' reasons (documented: cloudwatch-and-eventbridge). */
const spokenTime = (ms: number): string => {
  const date = new Date(ms);
  const day = String(date.getUTCDate()).padStart(2, '0');
  const time = date.toISOString().slice(11, 19);
  return `${DAYS[date.getUTCDay()]} ${day} ${MONTHS[date.getUTCMonth()]}, ${date.getUTCFullYear()} ${time} UTC`;
};

export const createAlarms = (cloud: Cloud, history: AlarmHistory): Alarms => {
  const alarms = new Map<string, Alarm>();
  const watchers = new Set<(name: string, state: AlarmState) => void>();

  const tell = (detailType: string, alarm: Alarm, detail: JsonObject) =>
    cloud.events.emit({ source: 'aws.cloudwatch', detailType, resources: [alarm.arn], detail });
  const remember = (alarm: Alarm, type: HistoryType, summary: string, data: JsonObject) =>
    history.add({
      alarmName: alarm.settings.AlarmName,
      alarmType: alarm.kind === 'metric' ? 'MetricAlarm' : 'CompositeAlarm',
      type,
      summary,
      data,
      at: cloud.clock.ms(),
    });
  const tellConfiguration = (operation: 'create' | 'update' | 'delete', alarm: Alarm, previous?: JsonObject) => {
    const configuration = configurationDetail(alarm);
    tell('CloudWatch Alarm Configuration Change', alarm, {
      alarmName: alarm.settings.AlarmName,
      operation,
      state: configurationState(alarm),
      configuration,
      ...(previous === undefined ? {} : { previousConfiguration: previous }),
    });
    const [type, member] = {
      create: ['Create', 'createdAlarm'],
      update: ['Update', 'updatedAlarm'],
      delete: ['Delete', 'deletedAlarm'],
    }[operation] as [string, string];
    // The summary and the frame are as published; that the alarm is described as in the event is *assumed*.
    remember(alarm, 'ConfigurationUpdate', `Alarm "${alarm.settings.AlarmName}" ${operation}d`, {
      version: '1.0',
      type,
      [member]: { ...configuration, alarmArn: alarm.arn },
    });
  };

  const act = (arn: string, alarm: Alarm, previous: StateFacts) => {
    const { AlarmName } = alarm.settings;
    const data = { notificationResource: arn, stateUpdateTimestamp: alarm.state.at };
    try {
      const isFunction = destinationKind(arn) === 'function';
      // Functions know alarms by another name: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
      // (documented).
      const service = isFunction ? 'lambda.alarms.cloudwatch.amazonaws.com' : 'cloudwatch.amazonaws.com';
      const by = { service, sourceArn: alarm.arn };
      cloud.iam.authorizeDelivery(by, arn);
      if (isFunction) cloud.lambda.invokeAsync(arn, lambdaActionPayload(alarm, previous, cloud.account, cloud.region));
      else
        cloud.sns.publish(arn, JSON.stringify(topicActionMessage(alarm, previous, cloud.account, cloud.region)), {
          subject: `${alarm.state.value}: "${AlarmName}" in ${regionName(cloud.region)}`
            .replace(/[^\x20-\x7e]/g, '?')
            .slice(0, LONGEST_SUBJECT),
          by,
        });
      remember(alarm, 'Action', `Successfully executed action ${arn}`, { actionState: 'Succeeded', ...data });
    } catch (error) {
      // A failed action shows in the alarm's history: alarms-and-actions (documented).
      const reason = error instanceof Error ? error.message : String(error);
      remember(alarm, 'Action', `Failed to execute action ${arn}. Received error: "${reason}"`, {
        actionState: 'Failed',
        ...data,
        error: reason,
      });
      cloud.log('monitoring: an alarm action failed', { alarm: AlarmName, action: arn, reason });
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
  const findAny = (nameOrArn: string): Alarm | undefined => {
    const byName = alarms.get(nameOrArn.startsWith('arn:') ? (nameOrArn.split(':alarm:')[1] ?? '') : nameOrArn);
    return nameOrArn.startsWith('arn:') && byName?.arn !== nameOrArn ? undefined : byName;
  };

  const triggering = (children: readonly Alarm[]): string =>
    JSON.stringify({
      triggeringAlarms: children.map(({ arn, state }) => ({
        arn,
        state: { value: state.value, timestamp: alarmTime(state.at) },
      })),
    });
  /** Evaluates the rule of a composite alarm; its reasons name the alarm that moved it: cloudwatch-and-eventbridge (documented). */
  const follow = (alarm: CompositeAlarm, changed: Alarm | undefined) => {
    const value = alarm.rule.holds((name) => findAny(name)?.state.value) ? 'ALARM' : 'OK';
    if (value === alarm.state.value) return;
    const children = changed ? [changed] : alarm.rule.alarms.flatMap((name) => findAny(name) ?? []);
    const reason = changed
      ? `${changed.arn} transitioned to ${changed.state.value} at ${spokenTime(changed.state.at)}`
      : `${alarm.arn} was created and its alarm rule evaluates to ${value}`;
    transition(alarm, value, reason, triggering(children));
  };

  const transition = (alarm: Alarm, value: AlarmState, reason: string, reasonData?: string) => {
    const previous = alarm.state;
    const at = cloud.clock.ms();
    alarm.state = { value, reason, reasonData, at };
    if (previous.value === value) return;
    alarm.transitionedAt = at;
    tell('CloudWatch Alarm State Change', alarm, stateChangeDetail(alarm, previous));
    remember(alarm, 'StateUpdate', `Alarm updated from ${previous.value} to ${value}`, stateHistory(alarm, previous));
    for (const arn of actionsOf(alarm)) act(arn, alarm, previous);
    for (const watcher of [...watchers]) watcher(alarm.settings.AlarmName, value);
    for (const other of [...alarms.values()])
      if (other.kind === 'composite' && other.rule.alarms.some((name) => findAny(name) === alarm)) follow(other, alarm);
  };

  const standing = (name: string) => ({
    arn: `arn:aws:cloudwatch:${cloud.region}:${cloud.account}:alarm:${name}`,
    configuredAt: cloud.clock.ms(),
    // A new alarm has insufficient data, and says that it is unchecked (recorded).
    state: {
      value: 'INSUFFICIENT_DATA' as const,
      reason: 'Unchecked: Initial alarm creation',
      at: cloud.clock.ms(),
    },
    transitionedAt: cloud.clock.ms(),
  });
  // Documented (PutMetricAlarm): names are unique; that the other kind's name is refused this way is *assumed*.
  const taken = (name: string) =>
    new ServiceError('ValidationException', `An alarm of another type with the name ${name} exists.`);

  return {
    find: (name) => alarms.get(name),
    findAny,
    get,
    all: () => [...alarms.values()],
    put(settings) {
      const name = settings.AlarmName;
      const known = alarms.get(name);
      if (known?.kind === 'composite') throw taken(name);
      if (known) {
        const previous = configurationDetail(known);
        known.settings = { ...settings, Tags: known.settings.Tags };
        known.metricId = cloud.id('uuid');
        known.configuredAt = cloud.clock.ms();
        tellConfiguration('update', known, previous);
        return known;
      }
      const alarm: MetricAlarm = { kind: 'metric', settings, metricId: cloud.id('uuid'), ...standing(name) };
      alarms.set(name, alarm);
      tellConfiguration('create', alarm);
      return alarm;
    },
    putComposite(settings, rule) {
      const name = settings.AlarmName;
      const known = alarms.get(name);
      if (known?.kind === 'metric') throw taken(name);
      if (known) {
        const previous = configurationDetail(known);
        known.settings = { ...settings, Tags: known.settings.Tags };
        known.rule = rule;
        known.configuredAt = cloud.clock.ms();
        tellConfiguration('update', known, previous);
        follow(known, undefined);
        return known;
      }
      const alarm: CompositeAlarm = { kind: 'composite', settings, rule, ...standing(name) };
      alarms.set(name, alarm);
      tellConfiguration('create', alarm);
      follow(alarm, undefined);
      return alarm;
    },
    enableActions(name, enabled) {
      const alarm = alarms.get(name);
      // *Assumed*: like DeleteAlarms, silent about a name there is no alarm of.
      if (alarm?.kind === 'metric') alarm.settings = { ...alarm.settings, ActionsEnabled: enabled };
      else if (alarm) alarm.settings = { ...alarm.settings, ActionsEnabled: enabled };
    },
    checkRemoval(names) {
      // Names there is no alarm of are passed over, the other alarms are deleted: API_DeleteAlarms (documented); that the
      // answer is no error either is *assumed* from what CloudFormation's own deletion saw
      // (github.com/aws-cloudformation/cloudformation-cli issue 456).
      const found = [...new Set(names)].flatMap((name) => alarms.get(name) ?? []);
      // At most one composite alarm is deleted at a time: API_DeleteAlarms (documented); the words are *assumed*.
      if (found.filter(({ kind }) => kind === 'composite').length > 1)
        throw new ServiceError('ValidationException', 'Only one composite alarm can be deleted at a time.');
      const needed = found.filter((alarm) =>
        [...alarms.values()].some(
          (other) =>
            other.kind === 'composite' &&
            !found.includes(other) &&
            other.rule.alarms.some((name) => findAny(name) === alarm),
        ),
      );
      // An alarm that a composite alarm depends on is not deleted, nor any other with it: API_DeleteAlarms (documented);
      // the words are *assumed* from a public issue (cloud-custodian 7763).
      if (needed.length > 0)
        throw new ServiceError(
          'ValidationException',
          `Cannot delete ${needed.map(({ settings }) => settings.AlarmName).join(',')} as there are composite alarm(s) depending on them.`,
        );
      return found.map(({ settings }) => settings.AlarmName);
    },
    remove(name) {
      const alarm = alarms.get(name);
      if (!alarm) return;
      alarms.delete(name);
      tellConfiguration('delete', alarm);
    },
    transition,
    watch(callback) {
      watchers.add(callback);
      return () => void watchers.delete(callback);
    },
    clear: () => alarms.clear(),
  };
};
