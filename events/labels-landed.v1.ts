import * as z from 'zod';

import { defineEvent } from './define-event.ts';
import { closedWindow, modelName } from './vocabulary.ts';

/** Labels of a window's predictions have landed, or have had their time: its quality can be looked at. */
export const LabelsLandedV1 = defineEvent('LabelsLanded.v1', z.object({ model: modelName, window: closedWindow }));
