import * as z from 'zod';

/**
 * An instant in any form AWS sends: ISO text, epoch milliseconds as a number or as text. SageMaker's pages and the
 * schema registry show all three, even for one field; the Endpoint State Change sample has epoch text in the envelope.
 * Source: "Events that Amazon SageMaker AI sends to Amazon EventBridge".
 */
export const awsInstant = z.union([z.number(), z.string()]).transform((value, context): Date => {
  const epochMs = typeof value === 'number' || /^\d+(\.\d+)?$/.test(value) ? Number(value) : Date.parse(value);
  if (Number.isNaN(epochMs)) {
    context.addIssue({ code: 'custom', message: `neither an ISO time nor epoch milliseconds: ${value}` });
    return z.NEVER;
  }
  return new Date(epochMs);
});

/** EventBridge's envelope around every event. Replayed events carry more; what is not listed is not our concern. */
export const envelopeSchema = z.object({
  id: z.string(),
  'detail-type': z.string(),
  source: z.string(),
  time: awsInstant,
  resources: z.array(z.string()).optional(),
  detail: z.unknown(),
});

export type Envelope = z.infer<typeof envelopeSchema>;
