import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { modelName, reading } from './vocabulary.ts';

/** One part of a dataset is to be read by a function of its own. Goes to `read-part` alone, through its queue. */
export const PartRequestedV1 = defineEvent(
  'PartRequested.v1',
  z.object({
    model: modelName,
    reading,
    /** The first reads all parts; later ones those whose types were too narrow. */
    round: z.int().min(1),
    /** Counted from 0, in the order of the parts' names. */
    part: z.int().min(0),
  }),
);
