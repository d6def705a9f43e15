import { mkdir, writeFile } from 'node:fs/promises';

import { build } from 'esbuild';

/**
 * Bundles one step into `<folder>/index.js`, with nothing of its own beside it but the data engine, which travels as a
 * layer. The same sources give the same bytes.
 */
export const bundle = async (step: string, folder: string): Promise<void> => {
  await build({
    entryPoints: [`functions/${step}/handler.ts`],
    outfile: `${folder}/index.js`,
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
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/package.json`, '{"type":"commonjs"}\n');
};
