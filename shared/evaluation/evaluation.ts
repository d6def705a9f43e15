import * as z from 'zod';

import { calibrationBins, rocCurve } from './curves.ts';
import { type Judged, measure } from './metrics.ts';

const figuresSchema = z.record(z.string(), z.number().nullable());
const share = z.number().min(0).max(1);
const count = z.number().min(0);

/** What one model did on the gate rows. */
const scoredSchema = z.strictObject({
  outcome: z.literal('scored'),
  run: z.string(),
  figures: figuresSchema,
  /** Binary: rows by truth and answer at the threshold. */
  confusion: z.strictObject({ tn: count, fp: count, fn: count, tp: count }).nullable(),
  /** Binary: false and true positive rates, from (0, 0) to (1, 1); null with one class. */
  roc: z.array(z.tuple([share, share])).nullable(),
  /** Binary: ten bins of equal width without the empty ones. */
  calibration: z.array(z.strictObject({ rows: z.int().min(1), meanScore: share, positiveShare: share })).nullable(),
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

/** The evidence of one run: candidate and champion on the same gate rows. `evaluation.json`. */
export const evaluationSchema = z.strictObject({
  model: z.string(),
  run: z.string(),
  problem: z.enum(['binary', 'multiclass', 'regression']),
  /** Rows of the gate, each with a label. */
  rows: z.int().min(0),
  /** Binary: a row is answered 1 where its score is at or above it. */
  threshold: share,
  candidate: z.discriminatedUnion('outcome', [scoredSchema, unscoredSchema]),
  /**
   * Null: no model was in service when the run was planned. `not_comparable`: the label has another meaning now, so
   * its figures would say nothing.
   */
  champion: z
    .discriminatedUnion('outcome', [
      scoredSchema,
      unscoredSchema,
      z.strictObject({ outcome: z.literal('not_comparable'), run: z.string(), message: z.string() }),
    ])
    .nullable(),
  /** What a model that has learned nothing does on these rows. */
  trivial: figuresSchema,
  evaluatedAt: z.iso.datetime(),
});
export type Evaluation = z.infer<typeof evaluationSchema>;

/** Measures one model on the rows. */
export function scored(run: string, judged: Judged): Scored {
  const { figures, confusion, ranking } = measure(judged);
  const curve = ranking === null ? null : rocCurve(ranking);
  return {
    outcome: 'scored',
    run,
    figures: { ...figures },
    confusion,
    roc: curve === null ? null : curve.map(([falsePositives, truePositives]) => [falsePositives, truePositives]),
    calibration: ranking === null ? null : [...calibrationBins(judged.labels, judged.scores)],
  };
}
