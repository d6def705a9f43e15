import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, reason } from './vocabulary.ts';

/** Monitoring proposes a run, on evidence. */
export const RetrainingRequestedV1 = defineEvent(
  'RetrainingRequested.v1',
  z.object({ model: modelName, reasons: z.array(reason) }),
);
