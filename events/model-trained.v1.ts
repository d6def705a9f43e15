import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, runId } from './vocabulary.ts';

/** The candidate is trained, and batch transforms score the gate rows. */
export const ModelTrainedV1 = defineEvent(
  'ModelTrained.v1',
  z.object({ model: modelName, run: runId, jobName: z.string() }),
);
