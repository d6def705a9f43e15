import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, runId } from './vocabulary.ts';

/** No attempt succeeded; `reason` has the container's own words. The run has ended. */
export const TrainingFailedV1 = defineEvent(
  'TrainingFailed.v1',
  z.object({ model: modelName, run: runId, jobName: z.string().nullable(), reason: z.string() }),
);
