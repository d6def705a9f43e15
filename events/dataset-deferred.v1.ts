import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName } from './vocabulary.ts';

/** An upload was not judged, and will not be without a person: it is larger than the platform allows, say. */
export const DatasetDeferredV1 = defineEvent(
  'DatasetDeferred.v1',
  z.object({ model: modelName, key: z.string(), reason: z.string() }),
);
