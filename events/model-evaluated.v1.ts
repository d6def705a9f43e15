import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, runId } from './vocabulary.ts';

/** Candidate and champion are scored on the same gate rows and measured. */
export const ModelEvaluatedV1 = defineEvent('ModelEvaluated.v1', z.object({ model: modelName, run: runId }));
