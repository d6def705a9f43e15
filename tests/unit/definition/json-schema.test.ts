import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { definitionSchemaText } from '../../../shared/definition/json-schema.ts';

const DOCS = join(import.meta.dirname, '../../../docs');

it('keeps docs/definition.schema.json current (write it with: node scripts/definition-schema.ts)', () => {
  const written: unknown = JSON.parse(readFileSync(join(DOCS, 'definition.schema.json'), 'utf8'));
  expect(written).toEqual(JSON.parse(definitionSchemaText()));
});

it('tells every setting of the schema in docs/definition.md', () => {
  const text = readFileSync(join(DOCS, 'definition.md'), 'utf8');
  const names = [...definitionSchemaText().matchAll(/"properties": \{|^\s*"([a-z_]+)": \{$/gm)].flatMap(
    ([, name]) => name ?? [],
  );
  const schemaWords = new Set(['items', 'additionalProperties', 'propertyNames', 'default', 'properties']);
  const missing = [...new Set(names)].filter((name) => !schemaWords.has(name) && !text.includes(name));
  expect(missing).toEqual([]);
});
