/**
 * Checks the definitions, bundles each step by itself into dist/<step>/, and builds the data engine's Lambda layer: for
 * linux-arm64, which is where the functions run, and for this machine, which is where the local cloud runs them.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';

import { readPlatform } from '../cli/platform.ts';
import { readPublications } from '../cli/verbs/publish.ts';
import { DefinitionError } from '../shared/definition/read.ts';
import { bundle } from './bundle.ts';
import { buildEngineLayer } from './engine-layer.ts';

try {
  await readPublications(['models'], await readPlatform());
} catch (error) {
  if (!(error instanceof DefinitionError)) throw error;
  console.error(error.message);
  process.exit(1);
}

const steps = readdirSync('functions').filter((step) => existsSync(`functions/${step}/handler.ts`));
for (const entry of existsSync('dist') ? readdirSync('dist') : []) {
  if (entry !== 'layers') rmSync(`dist/${entry}`, { recursive: true, force: true });
}
await Promise.all([...steps.map((step) => bundle(step, `dist/${step}`)), buildEngineLayer('dist/layers')]);
