import * as z from 'zod';

/**
 * What a decision needs to know beside the evidence of the rows, as it was when the candidate was judged. A null is not
 * known, and never taken for an answer. `circumstances.json`.
 */
export const circumstancesSchema = z.strictObject({
  model: z.string(),
  run: z.string(),
  /** Why the run was begun. */
  trigger: z.enum(['new_data', 'requested', 'drift', 'quality', 'age']),
  /** Since when the champion serves, and how old it may become; null without a champion. */
  champion: z
    .strictObject({
      run: z.string(),
      since: z.iso.datetime(),
      ageMs: z.number().min(0),
      maxAgeMs: z.number().min(0),
      /** False: the candidate reads, answers or learns otherwise by definition, which is a reason of its own. */
      sameDefinition: z.boolean(),
      /** Share of the gate rows whose label the champion contradicted when it was promoted; null where unknown. */
      contradictedAtPromotion: z.number().min(0).max(1).nullable(),
    })
    .nullable(),
  /** Candidates judged on these gate rows, this one included. */
  gateUses: z.int().min(1),
  /** Gate rows that equal a row trained on in all but what names them; missing where there are none. */
  sharedRows: z.int().min(1).optional(),
  /** How many rows each class was taught by, a truth value being `0` or `1`; missing where it was not recorded, or labels are amounts. */
  taught: z.array(z.strictObject({ name: z.string(), rows: z.int().min(0) })).optional(),
  /** Of the candidate's artefact. */
  modelBytes: z.number().min(0).nullable(),
  /** Over at least 200 warm requests. */
  latencyP95Ms: z.number().min(0).nullable(),
  /** How well each single feature ranks (explains) the label on the training rows, the strongest first. */
  strongestFeatures: z.array(z.strictObject({ feature: z.string(), strength: z.number().min(0).max(1).nullable() })),
});
export type Circumstances = z.infer<typeof circumstancesSchema>;
