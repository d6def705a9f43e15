import * as z from 'zod';

const limits = z.record(z.string(), z.number());
const share = z.number().min(0).max(1);

/** What fairness can be limited by: a ratio is to be at least its limit, a difference at most. */
export const FAIRNESS_LIMITS = [
  'demographic_parity_ratio',
  'demographic_parity_difference',
  'equal_opportunity_ratio',
  'equal_opportunity_difference',
  'false_positive_rate_difference',
  'equalized_odds_ratio',
  'equalized_odds_difference',
  'predictive_parity_difference',
  'accuracy_difference',
] as const;

/** What a definition asks of a candidate, every default filled in: all that judging and deciding know of a definition. */
export const policySchema = z.strictObject({
  /** The metric candidate, champion, anchor and trivial model are compared by. */
  metric: z.string(),
  /** Least (or, where lower is better, greatest) values of any metrics. */
  thresholds: limits,
  /** Binary: a row is answered 1 where its score is at or above it. */
  operatingPoint: share,
  /**
   * True: every margin and `suspicion.jump` is a share of the figure compared with (0.02 allows an RMSE 2 % above the
   * champion's), not in units of the metric. {@link marginAgainst} reads them.
   */
  relativeMargins: z.boolean().optional(),
  /** Of every interval and test: 0.95 leaves 5 % on the one side a test looks at. */
  confidence: z.number().gt(0.5).lt(1),
  champion: z.strictObject({
    /** `non_inferior`: not worse by the margin or more; `superior`: better; `threshold`: not compared. */
    mode: z.enum(['non_inferior', 'superior', 'threshold']),
    /** In units of the metric. */
    margin: z.number().min(0),
  }),
  /** The best champion of the past, and how much worse than it several promotions together may become; null: not asked. */
  anchor: z.strictObject({ margin: z.number().min(0), pastMs: z.int().min(0) }).nullable(),
  /** Whether a candidate that is no gain needs a reason to take the champion's place. */
  refresh: z.enum(['reason', 'always']),
  slices: z.array(
    z.strictObject({
      column: z.string(),
      /** A slice with too little data, or too far below, then speaks against the candidate. */
      required: z.boolean(),
      /** How much worse than the champion a slice may be, in units of the metric. */
      margin: z.number().min(0),
      /** Least (greatest) values of metrics within each slice. */
      floors: limits,
      minRows: z.int().min(1),
      /** Binary: rows of the rarer class. */
      minPositives: z.int().min(0),
    }),
  ),
  fairness: z.array(
    z.strictObject({
      /** A protected column. */
      column: z.string(),
      /** Limits of fairness metrics: ratios at least, differences at most. */
      limits,
      required: z.boolean(),
    }),
  ),
  limits: z.strictObject({
    modelBytes: z.number().min(1).nullable(),
    latencyP95Ms: z.number().gt(0).nullable(),
  }),
  /** How many candidates may be judged on the same gate rows. */
  gateUses: z.int().min(1),
  suspicion: z.strictObject({
    /** A gain over the champion above it is too good to believe; in units of the metric. */
    jump: z.number().min(0).nullable(),
    /** Who goes at least so far from the trivial model to the perfect one is too good to believe, unless the champion does. */
    perfect: share.nullable().optional(),
    /** By how much more of the rows the champion may contradict the labels than when it was promoted. */
    flips: share.nullable(),
    /** A single feature that ranks (explains) the label at least so well gives it away. */
    giveaway: share.nullable(),
  }),
  approval: z.enum(['automatic', 'manual']),
});
export type Policy = z.infer<typeof policySchema>;

/**
 * A margin in units of the metric. Null where it is a share of a figure that is undefined: then nothing can be held
 * against it.
 */
export function marginAgainst(
  margin: number,
  other: number | null,
  { relativeMargins }: Pick<Policy, 'relativeMargins'>,
): number | null {
  if (relativeMargins !== true) return margin;
  return other === null ? null : margin * Math.abs(other);
}
