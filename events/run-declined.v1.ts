import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, reason } from './vocabulary.ts';

/** A requested run was not started, and why. */
export const RunDeclinedV1 = defineEvent('RunDeclined.v1', z.object({ model: modelName, reasons: z.array(reason) }));
