/**
 * Checks the definitions, bundles each step by itself into dist/<step>/, and builds the data engine's Lambda layer: for linux-arm64, which is
 * where the functions run, and for this machine, which is where the local cloud runs them.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';

import { build } from 'esbuild';

import { readPublications } from '../cli/verbs/publish.ts';
import { DefinitionError } from '../shared/definition/read.ts';
import { buildEngineLayer } from './engine-layer.ts';

try {
  await readPublications(['models']);
} catch (error) {
  if (!(error instanceof DefinitionError)) throw error;
  console.error(error.message);
  process.exit(1);
}

const steps = readdirSync('functions').filter((step) => existsSync(`functions/${step}/handler.ts`));
for (const entry of existsSync('dist') ? readdirSync('dist') : []) {
  if (entry !== 'layers') rmSync(`dist/${entry}`, { recursive: true, force: true });
}
await Promise.all([
  ...steps.map(async (step) => {
    await build({
      entryPoints: [`functions/${step}/handler.ts`],
      outfile: `dist/${step}/index.js`,
      bundle: true,
      minify: true,
      legalComments: 'none',
      platform: 'node',
      target: 'node24',
      // CommonJS starts faster than an ES module; sources first as modules, so that the SDK's tree can be shaken.
      format: 'cjs',
      mainFields: ['module', 'main'],
      external: ['@duckdb/node-api'],
      logLevel: 'warning',
      // shared/data/engine.ts asks for __filename first, which a CommonJS bundle has.
      logOverride: { 'empty-import-meta': 'silent' },
    });
    mkdirSync(`dist/${step}`, { recursive: true });
    writeFileSync(`dist/${step}/package.json`, '{"type":"commonjs"}\n');
  }),
  buildEngineLayer('dist/layers'),
]);
