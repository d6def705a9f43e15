import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName } from './vocabulary.ts';

/** Somebody asks for a run: `millrace run MODEL`. Cooldown and budget may be overridden; that is recorded. */
export const RunRequestedV1 = defineEvent(
  'RunRequested.v1',
  z.object({ model: modelName, reason: z.string(), override: z.array(z.enum(['cooldown', 'budget'])) }),
);
