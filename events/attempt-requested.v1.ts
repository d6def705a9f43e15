import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, runId } from './vocabulary.ts';

/**
 * SageMaker failed an attempt to train and not the container: another one is asked for. With folds the first attempt of
 * each fold's model is asked for by it, too.
 */
export const AttemptRequestedV1 = defineEvent(
  'AttemptRequested.v1',
  z.object({ model: modelName, run: runId, fold: z.int().min(1).optional(), attempt: z.int().min(1) }),
);
