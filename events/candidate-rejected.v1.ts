import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, reason, runId } from './vocabulary.ts';

/** The candidate is not good enough. */
export const CandidateRejectedV1 = defineEvent(
  'CandidateRejected.v1',
  z.object({ model: modelName, run: runId, reasons: z.array(reason) }),
);
