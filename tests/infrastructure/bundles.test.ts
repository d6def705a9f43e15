import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { bundle } from '../../scripts/bundle.ts';

const steps = readdirSync('functions').filter((step) => existsSync(`functions/${step}/handler.ts`));

/** Cold starts pay for every byte; the SDK's shared parts alone are some 300 KiB. The largest is validate-data, at 906 KB. */
const LARGEST_BYTES = 912_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundles-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the bundles', () => {
  it('are made again byte for byte', async () => {
    for (const step of ['predict', 'validate-data']) {
      await bundle(step, join(folder, step));
      expect(
        (await readFile(join(folder, step, 'index.js'), 'utf8')) === readFileSync(`dist/${step}/index.js`, 'utf8'),
        step,
      ).toBe(true);
    }
  });

  it.each(steps)('carry in %s neither the engine nor what only publishing needs', (step) => {
    const text = readFileSync(`dist/${step}/index.js`, 'utf8');
    // Words of the SQL parser's grammar, and of the YAML reader.
    expect(text).not.toContain('nearley');
    expect(text).not.toContain('YAMLParseError');
    expect(text).not.toContain('duckdb.node');
    expect(statSync(`dist/${step}/index.js`).size).toBeLessThan(LARGEST_BYTES);
  });
});

describe("the engine's layer", () => {
  it('has the engine for linux-arm64 where a function finds it, within what Lambda takes', () => {
    const files = unzipSync(readFileSync('dist/layers/engine-linux-arm64.zip'));
    const names = Object.keys(files);
    const binding = 'nodejs/node_modules/@duckdb/node-bindings-linux-arm64/';
    expect(names.filter((name) => name.startsWith(binding) && /\.(node|so)$/.test(name))).toHaveLength(2);
    expect(names).toContain('nodejs/node_modules/@duckdb/node-api/package.json');
    // An ELF file for AArch64: e_machine is 183. Source: ELF specification, "Machine Information".
    const library = files[names.find((name) => name.endsWith('libduckdb.so')) ?? ''];
    expect([...(library?.subarray(0, 4) ?? [])]).toEqual([0x7f, 0x45, 0x4c, 0x46]);
    expect(library?.[18]).toBe(183);
    const unzipped = Object.values(files).reduce((sum, bytes) => sum + bytes.length, 0);
    expect(unzipped).toBeLessThan(240 * 2 ** 20);
  });
});
