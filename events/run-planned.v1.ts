import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, runId } from './vocabulary.ts';

/** A run was decided on and has the model's slot. */
export const RunPlannedV1 = defineEvent('RunPlanned.v1', z.object({ model: modelName, run: runId }));
