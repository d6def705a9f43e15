/**
 * Labels as they are kept: one object for each label file and hour of predictions, written once, so that late, partial
 * and corrected labels add up, and a join reads the hours it is about.
 */
import * as z from 'zod';

import { problemSchema, uploadSchema } from '../ledger/facts.ts';

const instant = z.iso.datetime();
const count = z.int().min(0);

/** The labels one file brought for the predictions of one hour: `labels/<model>/hours/<hour>/…json`. */
export const labelHourSchema = z.strictObject({
  model: z.string(),
  upload: uploadSchema,
  arrivedAt: instant,
  /** Of the label: labels of another meaning do not judge this model. */
  meaning: z.string(),
  /** Inference id and label. */
  labels: z.array(z.tuple([z.string(), z.string()])),
});
export type LabelHour = z.infer<typeof labelHourSchema>;

/** What became of a label file, once all of its labels lie in the store. */
export const labelFileSchema = z.strictObject({
  model: z.string(),
  upload: uploadSchema,
  sizeBytes: count,
  arrivedAt: instant,
  /** `rejected`: more lines are bad than good. `deferred`: too large. `ignored`: nobody asks for it. */
  outcome: z.enum(['taken', 'rejected', 'deferred', 'ignored']),
  reason: z.string().optional(),
  /** The run whose label says what these labels mean. */
  run: z.string().optional(),
  lines: count,
  labels: count,
  empty: count,
  problems: z.array(problemSchema),
  counts: z.record(z.string(), count),
  /** How many labels went to each hour of predictions. */
  hours: z.array(z.tuple([z.string(), count])),
});
export type LabelFile = z.infer<typeof labelFileSchema>;

/** The place among the labels of an hour: those of a later file come later, and win. */
export const labelObjectName = (arrivedAt: Date, upload: string): string =>
  `${arrivedAt.toISOString().replaceAll(/[-:.]/g, '')}-${upload}.json`;
