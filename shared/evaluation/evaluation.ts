import * as z from 'zod';

const figure = z.number().nullable();
const figuresSchema = z.record(z.string(), figure);
const share = z.number().min(0).max(1);
const count = z.number().min(0);
/** The bounds of a two-sided interval, the lower first; null where there is none. */
const intervalSchema = z.tuple([z.number(), z.number()]).nullable();

/** What one model did on the gate rows. */
const scoredSchema = z.strictObject({
  outcome: z.literal('scored'),
  run: z.string(),
  figures: figuresSchema,
  /** For each figure the interval that holds it at the policy's confidence; null where it cannot be told. */
  intervals: z.record(z.string(), intervalSchema),
  /** Binary: rows by truth and answer at the operating point. */
  confusion: z.strictObject({ tn: count, fp: count, fn: count, tp: count }).nullable(),
  /** Multiclass: per class its figures, and rows by answer in the order of the classes. */
  classes: z
    .array(
      z.strictObject({
        name: z.string(),
        precision: share,
        recall: share,
        f1: share,
        support: count,
        answers: z.array(count),
      }),
    )
    .nullable(),
  /** Binary: false and true positive rates, from (0, 0) to (1, 1); null with one class. */
  roc: z.array(z.tuple([share, share])).nullable(),
  /** Binary: ten bins of equal width without the empty ones. */
  calibration: z.array(z.strictObject({ rows: z.int().min(1), meanScore: share, positiveShare: share })).nullable(),
  /** Binary: what other operating points would give and cost, from the lowest up. */
  operatingPoints: z
    .array(
      z.strictObject({
        threshold: share,
        flagged: share,
        precision: figure,
        recall: figure,
        specificity: figure,
        f1: figure,
      }),
    )
    .nullable(),
});
export type Scored = z.infer<typeof scoredSchema>;

/** A model whose scores cannot be judged, and why in one sentence. */
const unscoredSchema = z.strictObject({
  outcome: z.literal('refused'),
  run: z.string(),
  code: z.string(),
  message: z.string(),
});
export type Refused = z.infer<typeof unscoredSchema>;

/** Scored once, or not to be compared: the label has another meaning now, or it cannot be scored on these rows. */
const otherSchema = z
  .discriminatedUnion('outcome', [
    scoredSchema,
    unscoredSchema,
    z.strictObject({ outcome: z.literal('not_comparable'), run: z.string(), message: z.string() }),
  ])
  .nullable();

/** The candidate against one other model on the same rows, by one metric. A gain above zero is better, whatever the metric's direction. */
const comparisonSchema = z.strictObject({
  metric: z.string(),
  test: z.enum([
    'delong',
    'clustered_delong',
    'paired_difference',
    'clustered_paired_difference',
    'paired_bootstrap',
    'cluster_bootstrap',
  ]),
  gain: figure,
  standardError: figure,
  /** Two-sided, at the policy's confidence. */
  interval: intervalSchema,
  /** One-sided bounds of the gain at the policy's confidence. */
  lower: figure,
  upper: figure,
  /** Of no gain at all, two-sided. */
  pValue: figure,
  /** McNemar's p where the metric is the share of right answers and rows are independent. */
  mcNemar: figure,
  rows: z.int().min(0),
  /** Null: rows are taken as independent. */
  clusters: z.int().min(0).nullable(),
  degreesOfFreedom: figure,
  /** Blocks of time: how many neighbours the error takes together ({@link widestError}); else null. Missing in older evidence. */
  neighbours: z.int().min(1).nullable().optional(),
  /** How many independent rows would tell as much. */
  effectiveRows: figure,
  /** Rows (clusters, where there are such) with which a true difference of zero would be told from the margin, with power 0.8; null where it cannot be said. */
  needed: z.strictObject({ unit: z.enum(['rows', 'clusters']), count: z.int().min(0) }).nullable(),
  /** Why nothing can be told; null where something can. */
  undefinedBecause: z.string().nullable(),
});
export type Comparison = z.infer<typeof comparisonSchema>;

const sliceSchema = z.strictObject({
  column: z.string(),
  value: z.string(),
  required: z.boolean(),
  rows: z.int().min(0),
  /** Binary: rows of the rarer class. */
  positives: z.int().min(0).nullable(),
  /** `insufficient`: too few rows to be tested; listed all the same. */
  outcome: z.enum(['tested', 'insufficient']),
  candidate: figure,
  champion: figure,
  gain: figure,
  /** One-sided, of a loss below the slice's margin; null without a champion. */
  pValue: figure,
  /** Holm's, over all slices tested. */
  pHolm: figure,
  margin: z.number().min(0),
  floors: z.array(
    z.strictObject({
      metric: z.string(),
      value: figure,
      limit: z.number(),
      /** The better end of its interval. */ bound: figure,
      broken: z.boolean(),
    }),
  ),
});
export type SliceEvidence = z.infer<typeof sliceSchema>;

const fairnessSchema = z.strictObject({
  column: z.string(),
  required: z.boolean(),
  groups: z.array(z.strictObject({ value: z.string(), rows: z.int().min(0), rates: figuresSchema })),
  /** Ours, across all groups. */
  metrics: figuresSchema,
  /** SageMaker Clarify's names: each group as the disadvantaged facet against all others. */
  clarify: z.array(z.strictObject({ facet: z.string(), metrics: figuresSchema })),
  limits: z.array(
    z.strictObject({
      metric: z.string(),
      limit: z.number(),
      value: figure,
      interval: intervalSchema,
      /** The two groups farthest apart. */
      between: z.tuple([z.string(), z.string()]).nullable(),
      verdict: z.enum(['kept', 'broken', 'insufficient', 'undefined']),
    }),
  ),
});
export type FairnessEvidence = z.infer<typeof fairnessSchema>;

/** The evidence of one run: candidate, champion and anchor on the same gate rows. `evaluation.json`. */
export const evaluationSchema = z.strictObject({
  model: z.string(),
  run: z.string(),
  problem: z.enum(['binary', 'multiclass', 'regression']),
  /** Rows of the gate, each with a label. */
  rows: z.int().min(0),
  /** Each row was judged by one of so many models, the one that never saw it; missing where one model judges all. */
  folds: z.int().min(2).optional(),
  /** Binary: a row is answered 1 where its score is at or above it. */
  operatingPoint: share,
  confidence: z.number(),
  /** Rows that move together; null takes every row for itself. */
  cluster: z.strictObject({ by: z.string(), clusters: z.int().min(0), largest: z.int().min(0) }).nullable(),
  /**
   * How far the candidate's figure of the policy's metric varies: what a live window is held against. `byCluster`: with
   * each cluster for itself. Null where it cannot be told, missing in older evidence.
   */
  candidateSpread: z
    .strictObject({ metric: z.string(), standardError: z.number(), degreesOfFreedom: figure, byCluster: figure })
    .nullable()
    .optional(),
  candidate: z.discriminatedUnion('outcome', [scoredSchema, unscoredSchema]),
  /** Null: no model was in service when the run was planned. */
  champion: otherSchema,
  /** The best champion of the past; null where it is the champion itself, or none is asked for. */
  anchor: otherSchema,
  /** Null where there is nothing to compare with. */
  againstChampion: comparisonSchema.nullable(),
  againstAnchor: comparisonSchema.nullable(),
  /** Binary and multiclass: the share of rows whose label the champion contradicts now. */
  championContradicts: share.nullable(),
  slices: z.array(sliceSchema),
  fairness: z.array(fairnessSchema),
  /** What a model that has learned nothing does on these rows. */
  trivial: figuresSchema,
  evaluatedAt: z.iso.datetime(),
});
export type Evaluation = z.infer<typeof evaluationSchema>;
