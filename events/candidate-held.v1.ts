import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, reason, runId } from './vocabulary.ts';

/** The candidate waits for a person, or for a new run. Said again when an approval came too late. */
export const CandidateHeldV1 = defineEvent(
  'CandidateHeld.v1',
  z.object({ model: modelName, run: runId, reasons: z.array(reason) }),
);
