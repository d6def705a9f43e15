/** Writes docs/definition.schema.json, so that editors complete and check `models/*.yml`. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { definitionSchemaText } from '../shared/definition/json-schema.ts';

const root = join(import.meta.dirname, '..');
const file = join(root, 'docs/definition.schema.json');
writeFileSync(file, definitionSchemaText());
execFileSync(join(root, 'node_modules/.bin/biome'), ['format', '--write', file], { cwd: root, stdio: 'inherit' });
