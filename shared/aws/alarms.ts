import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  type MetricAlarm,
  PutMetricAlarmCommand,
} from '@aws-sdk/client-cloudwatch';

import type { AlarmDescription, AlarmsApi } from '../monitoring/alarm.ts';
import { translated } from './translate.ts';

/** Names in one request, at most. Source: DescribeAlarms and DeleteAlarms, API reference. */
const MAX_NAMES = 100;

/** How often alarms are taken away again while others do the same. */
const TRIES = 3;

const pagesOf = (names: readonly string[]): string[][] =>
  Array.from({ length: Math.ceil(names.length / MAX_NAMES) }, (_, page) =>
    names.slice(page * MAX_NAMES, (page + 1) * MAX_NAMES),
  );

const described = (alarm: MetricAlarm): AlarmDescription[] => {
  const { AlarmName: name, AlarmArn: arn, StateValue: state } = alarm;
  // A state's reason may be renewed without a change of state: only `StateTransitionedTimestamp` says since when it stands.
  const since = alarm.StateTransitionedTimestamp ?? alarm.StateUpdatedTimestamp;
  if (name === undefined || arn === undefined || state === undefined || since === undefined) return [];
  return [{ name, arn, state, since, reason: alarm.StateReason ?? '' }];
};

/** CloudWatch's alarms on metrics. */
export const alarmsApi = (cloudWatch = new CloudWatchClient({})): AlarmsApi => {
  const describe: AlarmsApi['describe'] = async (names) => {
    const found = new Map<string, AlarmDescription>();
    try {
      for (const page of pagesOf(names)) {
        let token: string | undefined;
        do {
          const { MetricAlarms = [], NextToken } = await cloudWatch.send(
            new DescribeAlarmsCommand({
              AlarmNames: page,
              AlarmTypes: ['MetricAlarm'],
              ...(token !== undefined && { NextToken: token }),
            }),
          );
          for (const alarm of MetricAlarms.flatMap(described)) found.set(alarm.name, alarm);
          token = NextToken;
        } while (token !== undefined);
      }
    } catch (cause) {
      throw translated(cause, 'describe alarms');
    }
    return names.flatMap((name) => found.get(name) ?? []);
  };

  return {
    describe,
    async put({ AlarmName, ...settings }) {
      try {
        await cloudWatch.send(new PutMetricAlarmCommand({ AlarmName, ...settings }));
      } catch (cause) {
        throw translated(cause, `put alarm ${AlarmName}`);
      }
    },
    async remove(names) {
      for (let attempt = 1; ; attempt += 1) {
        const standing = (await describe(names)).map(({ name }) => name);
        try {
          for (const page of pagesOf(standing)) await cloudWatch.send(new DeleteAlarmsCommand({ AlarmNames: page }));
          return;
        } catch (cause) {
          // One that somebody else took away meanwhile: then none of the page is deleted. Source: DeleteAlarms, errors.
          if (attempt < TRIES && cause instanceof Error && cause.name.startsWith('ResourceNotFound')) continue;
          throw translated(cause, `delete alarms ${names.join(', ')}`);
        }
      }
    },
  };
};
