import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { build, type Plugin } from 'esbuild';

/**
 * Charts are drawn as text. Under Node, vega asks for a native canvas, with an await that no CommonJS bundle has; its
 * module for browsers asks for none.
 */
const withoutCanvas: Plugin = {
  name: 'without-canvas',
  setup: ({ onLoad }) => {
    onLoad({ filter: /vega-canvas\.node\.js$/ }, async ({ path }) => ({
      contents: await readFile(path.replace('.node.js', '.browser.js'), 'utf8'),
    }));
  },
};

/**
 * What our sources import when it is needed becomes a file of its own beside the bundle: a cold start reads none of it.
 * esbuild splits only ES modules (https://esbuild.github.io/api/#splitting).
 */
const separately = (found: Set<string>): Plugin => ({
  name: 'separately',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ kind, path, resolveDir }) => {
      if (kind !== 'dynamic-import') return undefined;
      found.add(join(resolveDir, path));
      return { path: `./${basename(path, '.ts')}.js`, external: true };
    });
  },
});

/**
 * Bundles one step into `<folder>/index.js`, with nothing beside it but what it loads when needed, and the data engine,
 * which travels as a layer. The same sources give the same bytes.
 */
export const bundle = async (step: string, folder: string): Promise<void> => {
  const later = new Set<string>();
  await bundleFile(`functions/${step}/handler.ts`, `${folder}/index.js`, later);
  // A set goes on to what is added while it is gone through.
  for (const source of later) await bundleFile(source, join(folder, `${basename(source, '.ts')}.js`), later);
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/package.json`, '{"type":"commonjs"}\n');
};

const bundleFile = async (source: string, outfile: string, later: Set<string>): Promise<void> => {
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    minify: true,
    legalComments: 'none',
    platform: 'node',
    target: 'node24',
    // CommonJS starts faster than an ES module; sources first as modules, so that the SDK's tree can be shaken.
    format: 'cjs',
    mainFields: ['module', 'main'],
    external: ['@duckdb/node-api'],
    plugins: [withoutCanvas, separately(later)],
    logLevel: 'warning',
    // shared/data/engine.ts asks for __filename first, which a CommonJS bundle has.
    logOverride: { 'empty-import-meta': 'silent' },
  });
};
