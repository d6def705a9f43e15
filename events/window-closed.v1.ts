import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { closedWindow, modelName } from './vocabulary.ts';

/** A window of what a model was asked has had its time: what came in it can be looked at. */
export const WindowClosedV1 = defineEvent('WindowClosed.v1', z.object({ model: modelName, window: closedWindow }));
