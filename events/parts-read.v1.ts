import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, reading } from './vocabulary.ts';

/** Every part that was asked for has been read: they can be put together, or asked for again under the types they agree on. */
export const PartsReadV1 = defineEvent('PartsRead.v1', z.object({ model: modelName, reading }));
