import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, runEnd, runId } from './vocabulary.ts';

/** A run is over and the model's slot is free. */
export const RunEndedV1 = defineEvent(
  'RunEnded.v1',
  z.object({ model: modelName, run: runId, end: runEnd, reason: z.string() }),
);
