import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, runId } from './vocabulary.ts';

/** Somebody asks for an approved candidate to be rolled out (again). */
export const DeploymentRequestedV1 = defineEvent(
  'DeploymentRequested.v1',
  z.object({ model: modelName, run: runId, reason: z.string() }),
);
