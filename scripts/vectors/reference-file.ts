import * as z from 'zod';

const tolerance = z.strictObject({ abs: z.number().min(0), rel: z.number().min(0) });

const referenceCase = z.object({
  id: z.string(),
  description: z.string().optional(),
  /** Where one file covers several tests, the one meant. */
  test: z.string().optional(),
  input: z.record(z.string(), z.unknown()),
  expected: z.record(z.string(), z.unknown()).refine((figures) => Object.keys(figures).length > 0, 'expects nothing'),
  /** Loosens what it names, and nothing else. */
  tolerance: z
    .strictObject({
      abs: z.number().min(0).optional(),
      rel: z.number().min(0).optional(),
      /** Absolute, for p-values. */
      p_values_abs: z.number().min(0).optional(),
      /** Of the figure, for figures of a bootstrap. */
      bootstrap_rel: z.number().min(0).optional(),
      /** Of the bootstrap's standard error, for figures of a bootstrap. */
      bootstrap_rel_of_se: z.number().min(0).optional(),
    })
    .optional(),
  note: z.string().optional(),
});
export type ReferenceCase = z.infer<typeof referenceCase>;

/** A file of inputs and right answers. */
const referenceFile = z.object({
  format: z.literal('mlops-reference-vectors/1'),
  about: z.string(),
  default_tolerance: tolerance,
  cases: z.array(referenceCase).min(1),
});
export type ReferenceFile = z.infer<typeof referenceFile>;

/** Reads a file of reference numbers, or says in one sentence why it is none. */
export function parseReferenceFile(text: string): ReferenceFile | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return `not JSON: ${error.message}`;
    throw error;
  }
  const file = referenceFile.safeParse(parsed);
  return file.success ? file.data : `not in the format of reference numbers: ${z.prettifyError(file.error)}`;
}
