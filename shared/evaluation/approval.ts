import * as z from 'zod';

/** What a person answered about a held candidate. `approval.json`; the first answer in time stands. */
export const approvalSchema = z.strictObject({
  model: z.string(),
  run: z.string(),
  decision: z.enum(['approved', 'rejected']),
  approver: z.string(),
  reference: z.string().nullable(),
  givenAt: z.iso.datetime(),
});
