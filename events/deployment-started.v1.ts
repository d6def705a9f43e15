import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, runId } from './vocabulary.ts';

/** An endpoint is being created or updated. */
export const DeploymentStartedV1 = defineEvent(
  'DeploymentStarted.v1',
  z.object({
    model: modelName,
    run: runId,
    deployment: z.int().min(1),
    endpointName: z.string(),
    /** What the rollout could see of a bad model, for a person. */
    sees: z.string().optional(),
  }),
);
