import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, runId } from './vocabulary.ts';

/** A model answers on the endpoint, was probed, and is the champion now: a candidate, or a champion of the past. */
export const ModelDeployedV1 = defineEvent(
  'ModelDeployed.v1',
  z.object({
    model: modelName,
    run: runId,
    deployment: z.int().min(1),
    endpointName: z.string(),
    /** What the rollout could see of a bad model, for a person. */
    sees: z.string().optional(),
    /** Why a champion of the past was put back. */
    rollback: z.string().optional(),
  }),
);
