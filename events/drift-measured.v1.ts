import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { closedWindow, modelName, reason, runId, watchId } from './vocabulary.ts';

/** What a closed window was held against its baseline, and what came of it. No traffic and too little are no "no drift". */
export const DriftMeasuredV1 = defineEvent(
  'DriftMeasured.v1',
  z.object({
    model: modelName,
    /** Whose model answered; of an endpoint that came from elsewhere what it is held against. */
    run: z.union([runId, watchId]),
    window: closedWindow,
    outcome: z.enum(['measured', 'insufficient_data', 'no_traffic', 'error']),
    /** 1 and more is drift; null unless measured. */
    score: z.number().nullable(),
    /** Columns that drifted. */
    drifted: z.array(z.string()),
    reasons: z.array(reason),
    driftKey: z.string(),
  }),
);
