import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, reason } from './vocabulary.ts';

/** Monitoring saw something and proposes no run, and why. `investigate`: training cannot mend it, a person is to look. */
export const RetrainingDeclinedV1 = defineEvent(
  'RetrainingDeclined.v1',
  z.object({
    model: modelName,
    trigger: z.enum(['quality', 'age', 'drift']),
    proposal: z.enum(['decline', 'investigate']),
    reasons: z.array(reason),
  }),
);
