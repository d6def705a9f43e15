import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, problem } from './vocabulary.ts';

/** Nothing of a file of labels is used: more of it is bad than good, or it is too large. */
export const LabelsRejectedV1 = defineEvent(
  'LabelsRejected.v1',
  z.object({ model: modelName, key: z.string(), reason: z.string(), problems: z.array(problem) }),
);
