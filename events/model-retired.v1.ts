import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, runId } from './vocabulary.ts';

/** A model is out of service: its endpoint and its alarms are gone, what it has said and done stays. */
export const ModelRetiredV1 = defineEvent(
  'ModelRetired.v1',
  z.object({ model: modelName, run: runId, endpointName: z.string(), reason: z.string() }),
);
