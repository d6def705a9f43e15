import * as z from 'zod';

/** Letters, digits and single hyphens: a model's name stands in the names of AWS resources. */
export const modelName = z
  .string()
  .max(19)
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);

/** `<yyyymmdd>-<10 hex>`. */
export const runId = z.string().regex(/^\d{8}-[0-9a-f]{10}$/);

/** `watch-<n>`: the nth baseline of an endpoint that came from elsewhere. */
export const watchId = z.string().regex(/^watch-[1-9]\d*$/);

/** 20 hex digits of the content's sha256. */
export const datasetId = z.string().regex(/^[0-9a-f]{20}$/);

export const runEnd = z.enum(['promoted', 'rolled-back', 'held', 'rejected', 'failed']);

/** Why something was decided; the same in decisions, events, notices and reports. */
export const reason = z.object({
  code: z.string(),
  message: z.string(),
  metric: z.string().optional(),
  value: z.number().nullable().optional(),
  limit: z.number().nullable().optional(),
});

export type Reason = z.infer<typeof reason>;

/** What is wrong with an upload, and where. */
export const problem = z.object({
  code: z.string(),
  message: z.string(),
  line: z.int().optional(),
  column: z.string().optional(),
  part: z.string().optional(),
  /** The rule of the definition that is broken, where it is one. */
  rule: z.string().optional(),
  count: z.int().optional(),
});

/** An interval in event time; its end is no longer in it. */
export const closedWindow = z.object({ start: z.iso.datetime(), end: z.iso.datetime() });

/** Of an upload whose parts are read side by side: 32 hex digits. */
export const reading = z.string().regex(/^[0-9a-f]{32}$/);
