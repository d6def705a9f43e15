import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, reason, runId } from './vocabulary.ts';

/** The gate lets the candidate into service. */
export const CandidatePromotedV1 = defineEvent(
  'CandidatePromoted.v1',
  z.object({ model: modelName, run: runId, reasons: z.array(reason) }),
);
