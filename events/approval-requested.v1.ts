import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, reason, runId } from './vocabulary.ts';

/** A person is asked to approve or reject a held candidate. */
export const ApprovalRequestedV1 = defineEvent(
  'ApprovalRequested.v1',
  z.object({ model: modelName, run: runId, reasons: z.array(reason) }),
);
