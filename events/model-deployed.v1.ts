import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, runId } from './vocabulary.ts';

/** The candidate answers on the endpoint, was probed, and is the champion now. */
export const ModelDeployedV1 = defineEvent(
  'ModelDeployed.v1',
  z.object({ model: modelName, run: runId, deployment: z.int().min(1), endpointName: z.string() }),
);
