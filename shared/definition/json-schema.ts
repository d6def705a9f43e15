import * as z from 'zod';
import { modelDefinitionSchema } from './schema.ts';

/** The shape of a definition as JSON Schema. */
export function definitionJsonSchema(): z.core.JSONSchema.JSONSchema {
  return z.toJSONSchema(modelDefinitionSchema, { io: 'input', target: 'draft-2020-12' });
}

/** The same, as the text of `docs/definition.schema.json`. */
export function definitionSchemaText(): string {
  const title = 'A Millrace model definition, models/<model>.yml';
  return `${JSON.stringify({ title, ...definitionJsonSchema() }, null, 2)}\n`;
}
