import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, runId } from './vocabulary.ts';

/** An attempt to train was started on SageMaker. */
export const TrainingStartedV1 = defineEvent(
  'TrainingStarted.v1',
  z.object({
    model: modelName,
    run: runId,
    fold: z.int().min(1).optional(),
    attempt: z.int().min(1),
    jobName: z.string(),
  }),
);
