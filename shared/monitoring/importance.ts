/** How much a model makes of each of its features: what drift of each is worth. */
import * as z from 'zod';

import type { Baseline } from './baseline.ts';

/** `runs/<model>/<run>/importance.json`. */
export const importanceSchema = z.strictObject({
  model: z.string(),
  run: z.string(),
  /** Each feature's share of the gain of all splits; null where it could not be told. */
  shares: z.array(z.strictObject({ feature: z.string(), share: z.number().min(0).max(1) })).nullable(),
  /** Why it could not be told. */
  unknown: z.string().nullable(),
});
export type Importance = z.infer<typeof importanceSchema>;

/** A baseline whose features say how much the model makes of them; as it is where nobody knows. */
export function withImportance(baseline: Baseline, importance: Importance | undefined): Baseline {
  const shares = new Map(importance?.shares?.map(({ feature, share }) => [feature, share]));
  if (shares.size === 0) return baseline;
  return {
    ...baseline,
    columns: baseline.columns.map((column) => {
      const share = shares.get(column.name);
      return share === undefined ? column : { ...column, importance: share };
    }),
  };
}
