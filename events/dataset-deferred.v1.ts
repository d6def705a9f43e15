import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName } from './vocabulary.ts';

/** An upload is more than one function reads: it is not judged until the platform's limits are raised, or it is delivered otherwise. */
export const DatasetDeferredV1 = defineEvent(
  'DatasetDeferred.v1',
  z.object({ model: modelName, key: z.string(), reason: z.string() }),
);
