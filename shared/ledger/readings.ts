/**
 * Facts about a dataset whose parts are read side by side, one function a part. What was counted holds values of columns
 * that have few: it is working data, not what a person reads.
 */
import * as z from 'zod';

import { PROBLEM_CODES } from '../data/problems.ts';
import { workingProfileSchema } from '../data/profile/working.ts';
import { placeSchema } from '../data/rules/result.ts';
import { columnTypeSchema, uploadSchema } from './facts.ts';

const count = z.int().min(0);
const columnSchema = z.strictObject({ name: z.string(), type: columnTypeSchema });

/** What is read, and on what terms: whoever reads a part, and whoever judges, keeps to these. */
export const readingSchema = z.strictObject({
  model: z.string(),
  /** What closed or announced the dataset. */
  upload: uploadSchema,
  sizeBytes: count,
  rulesDigest: z.string(),
  definitionDigest: z.string(),
  /** The time of the judgement. */
  startedAt: z.iso.datetime(),
  /** The dataset accepted last under these rules, and those accepted before, oldest first. */
  before: z.string().nullable(),
  history: z.array(z.strictObject({ dataset: z.exactOptional(z.string()), rows: count, judgedAt: z.iso.datetime() })),
  /** Its parts in the order of their names. */
  sources: z.array(uploadSchema.extend({ sizeBytes: count, name: z.string() })).min(2),
});
export type Reading = z.infer<typeof readingSchema>;

/** A round after the first: parts whose types were too narrow are read again under those that all agree on. */
export const readingRoundSchema = z.strictObject({ columns: z.array(columnSchema), parts: z.array(count).min(1) });

/** What one part came to. */
export const pieceSchema = z.strictObject({
  name: z.string(),
  sha256: z.string(),
  sizeBytes: count,
  format: z.enum(['csv', 'jsonl', 'parquet']).nullable(),
  rows: count,
  problems: z.array(
    z.strictObject({
      code: z.enum(PROBLEM_CODES),
      message: z.string(),
      part: z.exactOptional(z.string()),
      line: z.exactOptional(z.int().min(1)),
      column: z.exactOptional(z.string()),
      rule: z.exactOptional(z.string()),
      count,
    }),
  ),
  /** Columns at its end that have neither a name nor a value. */
  unnamed: z.strictObject({ from: z.int().min(1), count: z.int().min(1) }).optional(),
  found: z.array(columnSchema.extend({ type: columnTypeSchema.nullable(), first: columnTypeSchema.nullable() })),
  open: z.boolean(),
  columns: z.array(columnSchema),
  /** Typed copies, and the lines of their rows, in order. */
  copies: z.array(z.strictObject({ key: z.string(), lines: z.string(), rows: count, sizeBytes: count })),
});
export type Piece = z.infer<typeof pieceSchema>;

/** What was counted of one part's rows. */
export const pieceCountsSchema = z.strictObject({
  working: workingProfileSchema.nullable(),
  rules: z.strictObject({
    rows: count,
    measured: z.record(
      z.string(),
      z.strictObject({
        counts: z.record(z.string(), count),
        samples: z.array(placeSchema).readonly(),
        greatest: z.number().nullable(),
      }),
    ),
  }),
});
