import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, runId } from './vocabulary.ts';

/** Somebody wants the champion before this one back. `run` is the champion's that is to go: no other is taken out. */
export const RollbackRequestedV1 = defineEvent(
  'RollbackRequested.v1',
  z.object({ model: modelName, run: runId, reason: z.string() }),
);
