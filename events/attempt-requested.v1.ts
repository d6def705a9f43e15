import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, runId } from './vocabulary.ts';

/** SageMaker failed an attempt to train and not the container: another one is asked for. */
export const AttemptRequestedV1 = defineEvent(
  'AttemptRequested.v1',
  z.object({ model: modelName, run: runId, attempt: z.int().min(2) }),
);
