import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

interface Lock {
  packages: Record<string, { resolved?: string; integrity?: string; optionalDependencies?: Record<string, string> }>;
}
const lock: Lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));

describe('the toolchain', () => {
  it('runs on the pinned Node, whatever the machine has', () => {
    expect(process.version).toBe(`v${manifest.devDependencies.node}`);
    expect(process.version).toMatch(/^v24\./);
    expect(process.execPath).toContain(join('node_modules', 'node'));
  });

  it('pins every direct dependency to one version', () => {
    const versions = Object.entries<string>({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.filter(([, version]) => !/^(npm:osls@)?\d+\.\d+\.\d+(-r\.\d+)?$/.test(version))).toEqual([]);
  });

  // npm leaves optional packages out of the lock when the registry lacks them, and then `npm ci` fails elsewhere.
  it('locks every optional dependency of every package', () => {
    const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter((name) => {
          const nested = `${path}/node_modules/${name}`;
          return !(nested in lock.packages) && !(`node_modules/${name}` in lock.packages);
        })
        .map((name) => `${path}: ${name}`),
    );
    expect(missing).toEqual([]);
  });

  it('names no registry in the lock', () => {
    expect(Object.values(lock.packages).filter(({ resolved }) => resolved?.startsWith('http'))).toEqual([]);
  });

  it('locks the data engine for the machine the functions run on', () => {
    expect(lock.packages['node_modules/@duckdb/node-bindings-linux-arm64']?.integrity).toMatch(/^sha512-/);
  });

  it('draws the same cases of properties where no other seed is given, and none of a seed that is no number', () => {
    const script = `import('${join(import.meta.dirname, '../fast-check.ts')}').then((it) => console.log(it.default.readConfigureGlobal().seed))`;
    const seedOf = (PROPERTY_SEED: string | undefined) => {
      const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', script], {
        env: { ...process.env, PROPERTY_SEED },
        encoding: 'utf8',
      });
      return status === 0 ? Number(stdout) : /TypeError: (.*)/.exec(stderr)?.[1];
    };

    const [none, empty, blank, zero, seven, word] = [undefined, '', ' ', '0', '7', 'seven'].map(seedOf);

    expect([empty, blank]).toEqual([none, none]);
    expect([zero, seven]).toEqual([0, 7]);
    expect(none).toBeGreaterThan(7);
    expect(word).toBe('PROPERTY_SEED is "seven", and not a whole number');
  });
});
