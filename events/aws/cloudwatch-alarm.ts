import * as z from 'zod';

import { defineAwsEvent } from '../define-event.ts';

/**
 * An alarm went into another state; sent on a change alone, never again while it stays there: only a reason to ask.
 * Source: CloudWatch user guide, "Alarm events and EventBridge".
 */
export const CloudWatchAlarm = defineAwsEvent(
  'aws.cloudwatch',
  'CloudWatch Alarm State Change',
  z
    .object({ alarmName: z.string(), state: z.object({ value: z.string() }) })
    .transform(({ alarmName, state }) => ({ name: alarmName, state: state.value })),
);
