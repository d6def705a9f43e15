import * as z from 'zod';

import { reasonSchema } from '../evaluation/reason.ts';

const instant = z.iso.datetime();
const count = z.int().min(0);
const figure = z.number().nullable();
const share = z.number().min(0).max(1);
const intervalSchema = z.tuple([z.number(), z.number()]).nullable();

/** An estimate of the metric without labels; never more than that. */
const estimateSchema = z.strictObject({
  estimated: z.literal(true),
  method: z.literal('cbpe'),
  metric: z.string(),
  value: z.number(),
  interval: z.tuple([z.number(), z.number()]),
  /** Whether what came true lies in the interval; null while it is not known. */
  covered: z.boolean().nullable(),
  /** Whether it may be shown to people: enough past estimates have come true. */
  shown: z.boolean(),
  /** Of so many earlier windows so many estimates came true. */
  history: z.strictObject({ windows: count, covered: count }),
});
export type QualityEstimate = z.infer<typeof estimateSchema>;

/** How good the model in service was in one window, as far as labels say by now: `quality-<as of>.json`. */
export const qualityFactSchema = z.strictObject({
  model: z.string(),
  /** The run whose model was in service when the window ended: what others answered in it is not in here. */
  run: z.string(),
  window: z.strictObject({ start: instant, end: instant }),
  asOf: instant,
  /** `immature`: too few labels yet, or none. `error`: what was captured cannot be believed. */
  outcome: z.enum(['measured', 'immature', 'error']),
  reasons: z.array(reasonSchema),
  metric: z.string(),
  value: figure,
  /** Holds the metric on rows like these, at `confidence`. */
  interval: intervalSchema,
  confidence: z.number(),
  /** The metric on the gate rows, when the model was promoted. */
  baseline: figure,
  /** By how much it is worse than then, and the one-sided lower bound of that; below 0 where it is better. */
  drop: z.strictObject({ value: z.number(), low: z.number() }).nullable(),
  /** In units of the metric. */
  margin: z.number().min(0),
  /** The drop's lower bound in margins: above 1 the model is degraded. */
  score: figure,
  degraded: z.boolean(),
  /** Captured predictions, row by row, and those with a label. */
  predictions: count,
  labelled: count,
  labelCoverage: share.nullable(),
  /** What made the window mature: its labels, or its age. */
  mature: z.enum(['labels', 'age']).nullable(),
  labelLag: z.strictObject({ p50Ms: z.number(), p95Ms: z.number() }).nullable(),
  /** Blocks of time whose rows are taken to move together; null takes every row for itself. */
  clusters: count.nullable(),
  /** All figures of the rows with a label. */
  figures: z.record(z.string(), figure),
  calibration: z.array(z.strictObject({ rows: z.int().min(1), meanScore: share, positiveShare: share })).nullable(),
  /** Whether rows with a label were scored like those without: labels that are given to some only mislead. */
  selection: z
    .strictObject({
      labelledMean: z.number(),
      unlabelledMean: z.number(),
      /** Kolmogorov and Smirnov's: the largest gap between both distributions, and its p-value. */
      gap: share,
      pValue: share,
      selective: z.boolean(),
    })
    .nullable(),
  estimate: estimateSchema.nullable(),
  /** Of the join and of the capture: everything that was left out. */
  counts: z.record(z.string(), count),
  /** The first captured records that could not be read. */
  problems: z.array(z.strictObject({ code: z.string(), message: z.string(), file: z.string(), line: z.int().min(1) })),
  /** Runs that answered in this window and are not judged by it. */
  otherRuns: z.array(z.string()),
  /** sha256 over what was read, labels and capture: the same again is not measured again. */
  inputs: z.string(),
});
export type QualityFact = z.infer<typeof qualityFactSchema>;
