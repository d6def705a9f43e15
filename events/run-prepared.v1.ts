import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, runId } from './vocabulary.ts';

/** Training, validation and gate parts of a run are written. */
export const RunPreparedV1 = defineEvent('RunPrepared.v1', z.object({ model: modelName, run: runId }));
