/** A definition in force: what runs keep and `predict` reads. No parser is needed from here on. */
import * as z from 'zod';
import { expressionSchema } from '../features/expression.ts';
import { modelNameSchema, normalDefinitionSchema } from './schema.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** A published definition as the store holds it, `definitions/<model>/<digest>.json`. */
export const publishedDefinitionSchema = z.strictObject({
  model: modelNameSchema,
  /** sha256 of the definition and its expressions. */
  digest: sha256,
  /** sha256 of what a dataset's verdict depends on, so that other changes leave verdicts standing. */
  rulesDigest: sha256,
  definition: normalDefinitionSchema,
  expressions: z.strictObject({
    label: expressionSchema,
    /** Null: every column that has no other role. */
    features: z
      .array(
        z.strictObject({
          name: z.string().min(1),
          kind: z.enum(['number', 'category']).nullable(),
          expression: expressionSchema,
        }),
      )
      .nullable(),
  }),
});

/** A definition in force, with its expressions parsed. */
export type PublishedDefinition = z.output<typeof publishedDefinitionSchema>;
