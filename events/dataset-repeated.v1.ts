import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { datasetId, modelName } from './vocabulary.ts';

/** The same bytes were delivered before and judged under the same rules: it is one dataset, and nothing follows. */
export const DatasetRepeatedV1 = defineEvent(
  'DatasetRepeated.v1',
  z.object({
    model: modelName,
    dataset: datasetId,
    key: z.string(),
    /** What had come of it. */
    accepted: z.boolean(),
  }),
);
