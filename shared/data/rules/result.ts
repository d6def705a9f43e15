/** What came of one rule, or of one standing check, for one dataset. It never carries a value of a row. */
import * as z from 'zod';

/** `error`: the rule could not be evaluated; it counts as failed, whatever its severity. */
const outcomes = ['pass', 'warn', 'fail', 'error'] as const;

/** A row: the physical line of a text file, counted from 1 (the header is line 1), or the row of a Parquet file, from 1. */
export const placeSchema = z.strictObject({ part: z.string().optional(), line: z.int().min(1) });
export type RulePlace = z.infer<typeof placeSchema>;

/** How many rows a result names. */
export const MAX_SAMPLES = 5;

/** See {@link RuleResult}. */
export const ruleResultSchema = z.strictObject({
  /** The rule's name, such as `values_between`; of the checks of a schema's evolution `column_added` and the like. */
  rule: z.string(),
  /** Where it stands in `data.rules`, from 0; null for a standing check, which every dataset undergoes. */
  index: z.int().min(0).nullable(),
  column: z.string().optional(),
  severity: z.enum(['warn', 'fail']),
  result: z.enum(outcomes),
  /** The metric that was held against the threshold; null where there is none. */
  value: z.number().nullable(),
  /** What was asked of the metric, such as `>= 0.99`; null where the rule has no number. */
  threshold: z.string().nullable(),
  /** How many rows, or values, the metric is over. */
  evaluated: z.int().min(0),
  /** How many of them break the rule, where it is about rows. */
  failed: z.int().min(0).optional(),
  /** The first rows that break it, by part and line. */
  samples: z.array(placeSchema).max(MAX_SAMPLES),
  message: z.string(),
});

/** What came of one rule. */
export type RuleResult = z.infer<typeof ruleResultSchema>;
