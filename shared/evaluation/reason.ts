import * as z from 'zod';

/** Why something was decided: the same in the decision, the events, the notices and the reports. */
export const reasonSchema = z.strictObject({
  code: z.string(),
  message: z.string(),
  metric: z.string().optional(),
  value: z.number().nullable().optional(),
  limit: z.number().nullable().optional(),
});
export type Reason = z.infer<typeof reasonSchema>;
