import * as z from 'zod';

import { defineAwsEvent } from '../define-event.ts';

/** A schedule fell due; it says nothing but the time. Source: EventBridge user guide, "Scheduled events". */
export const ScheduledEvent = defineAwsEvent('aws.events', 'Scheduled Event', z.object({}));
