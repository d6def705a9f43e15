/** Writes docs/definition.schema.json, so that editors complete and check `models/*.yml`. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { definitionSchemaText } from '../shared/definition/json-schema.ts';

const root = join(import.meta.dirname, '..');
// By its input: biome.json leaves the file itself out, because it is made.
const format = [join(root, 'node_modules/@biomejs/biome/bin/biome'), 'format', '--stdin-file-path=definition.json'];
const text = execFileSync(process.execPath, format, { cwd: root, input: definitionSchemaText() });
writeFileSync(join(root, 'docs/definition.schema.json'), text);
