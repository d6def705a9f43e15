import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, runId } from './vocabulary.ts';

/** Somebody wants a model out of service. `run` is the champion's: no other is taken out. */
export const RetireRequestedV1 = defineEvent(
  'RetireRequested.v1',
  z.object({ model: modelName, run: runId, reason: z.string() }),
);
