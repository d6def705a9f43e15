/** What an endpoint that came from elsewhere is held against: the rows of a dataset, as a definition has them. */
import * as z from 'zod';

import { runInputSchema } from '../data/run-input.ts';
import { baselineSchema } from './baseline.ts';

/** `datasets/<model>/<dataset>/watched/<definition digest>.json`. */
export const watchedRowsSchema = runInputSchema
  .pick({ model: true, definitionDigest: true, features: true, columnTypes: true, missing: true, dictionary: true })
  .extend({
    dataset: z.string(),
    /** Of the features; what the endpoint answered to these rows nobody knows. */
    baseline: baselineSchema,
  });
export type WatchedRows = z.infer<typeof watchedRowsSchema>;
