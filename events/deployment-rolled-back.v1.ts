import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, runId } from './vocabulary.ts';

/** A rollout did not hold: the endpoint serves what it served before. */
export const DeploymentRolledBackV1 = defineEvent(
  'DeploymentRolledBack.v1',
  z.object({
    model: modelName,
    run: runId,
    deployment: z.int().min(1),
    endpointName: z.string(),
    reason: z.string(),
    /** What the rollout could see of a bad model, for a person. */
    sees: z.string().optional(),
  }),
);
