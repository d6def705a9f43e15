import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, runId } from './vocabulary.ts';

/** A person approves or rejects a held candidate. */
export const ApprovalGivenV1 = defineEvent(
  'ApprovalGiven.v1',
  z.object({
    model: modelName,
    run: runId,
    decision: z.enum(['approved', 'rejected']),
    approver: z.string().min(1),
    reference: z.string().optional(),
    expiresAt: z.iso.datetime().optional(),
  }),
);
