import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { closedWindow, modelName, reason, runId, watchId } from './vocabulary.ts';

/** How good the model in service was in a window, as far as labels say; told again when labels come that change it. */
export const QualityMeasuredV1 = defineEvent(
  'QualityMeasured.v1',
  z.object({
    model: modelName,
    /** Whose model answered; of an endpoint that came from elsewhere what it is held against. */
    run: z.union([runId, watchId]),
    window: closedWindow,
    /** By when the labels had come. */
    asOf: z.iso.datetime(),
    outcome: z.enum(['measured', 'error']),
    metric: z.string(),
    value: z.number().nullable(),
    /** The lower bound of the loss since promotion, in margins: above 1 the model is degraded. */
    score: z.number().nullable(),
    degraded: z.boolean(),
    labelCoverage: z.number().min(0).max(1).nullable(),
    reasons: z.array(reason),
    qualityKey: z.string(),
  }),
);
