import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { datasetId, modelName } from './vocabulary.ts';

/** A dataset passed its checks and its typed copy is in the store. `warnings` names the rules and checks that warned. */
export const DatasetAcceptedV1 = defineEvent(
  'DatasetAccepted.v1',
  z.object({
    model: modelName,
    dataset: datasetId,
    rows: z.int().min(0),
    // Of events from before it was told, none.
    warnings: z.array(z.string()).default([]),
  }),
);
