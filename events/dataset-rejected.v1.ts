import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { datasetId, modelName, problem } from './vocabulary.ts';

/** A dataset failed its checks. The upload is untouched. */
export const DatasetRejectedV1 = defineEvent(
  'DatasetRejected.v1',
  z.object({
    model: modelName,
    dataset: datasetId.nullable(),
    key: z.string(),
    problems: z.array(problem),
    reportKey: z.string().nullable(),
  }),
);
