import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { type Zippable, zipSync } from 'fflate';

const run = promisify(execFile);

/** The machine the functions run on. */
const LAMBDA = 'linux-arm64';

const PACKAGES = ['@duckdb/node-api', '@duckdb/node-bindings'];
const BINDING = `@duckdb/node-bindings-${LAMBDA}`;

/** A zip entry's time says nothing; a fixed one makes the same layer the same bytes. */
const MTIME = new Date('2001-01-01T00:00:00Z');

interface Lock {
  packages: Record<string, { version: string; integrity: string }>;
}

/** The binding for Lambda, from node_modules where npm installed it, else fetched by npm and checked against the lock. */
const lambdaBinding = async (lock: Lock): Promise<string> => {
  const installed = resolve('node_modules', BINDING);
  if (existsSync(installed)) return installed;
  const locked = lock.packages[`node_modules/${BINDING}`];
  // npm leaves a binding out of the lock, without a word, when the registry does not have it.
  if (!locked) throw new Error(`package-lock.json has no ${BINDING}: choose a version of @duckdb/node-api that has it`);
  const cached = resolve('node_modules/.cache/millrace', `${LAMBDA}-${locked.version}`);
  if (existsSync(cached)) return cached;
  const work = await mkdtemp(join(tmpdir(), 'engine-layer-'));
  try {
    await run('npm', ['pack', `${BINDING}@${locked.version}`, '--pack-destination', work], {
      shell: process.platform === 'win32',
    });
    const [tarball] = await readdir(work);
    if (!tarball) throw new Error(`npm packed no ${BINDING}`);
    const bytes = await readFile(join(work, tarball));
    const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
    if (integrity !== locked.integrity) throw new Error(`${BINDING} is not what package-lock.json pins: ${integrity}`);
    await run('tar', ['-xzf', join(work, tarball), '-C', work]);
    await mkdir(dirname(cached), { recursive: true });
    await cp(join(work, 'package'), `${cached}.new`, { recursive: true });
    await rename(`${cached}.new`, cached);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return cached;
};

const collect = async (folder: string, prefix: string, files: Zippable): Promise<void> => {
  for (const entry of (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    const name = `${prefix}/${entry.name}`;
    if (entry.isDirectory()) await collect(path, name, files);
    else files[name] = [await readFile(path), { mtime: MTIME, os: 3, attrs: ((await stat(path)).mode & 0o777) << 16 }];
  }
};

/**
 * Writes `<folder>/engine-linux-arm64.zip` for Lambda, and `<folder>/engine-local/`, laid out as /opt, for this machine.
 * The zip is kept as long as the pinned versions are the same.
 *
 * @throws Error when npm cannot get the binding, or gets another than the lock pins.
 */
export const buildEngineLayer = async (folder: string): Promise<void> => {
  const lock: Lock = JSON.parse(await readFile('package-lock.json', 'utf8'));
  const pinned = [...PACKAGES, BINDING].map((name) => lock.packages[`node_modules/${name}`]?.integrity).join('\n');
  const zip = join(folder, 'engine-linux-arm64.zip');
  const stamp = join(folder, 'engine-linux-arm64.pinned');
  await mkdir(folder, { recursive: true });

  const local = join(folder, 'engine-local/nodejs/node_modules/@duckdb');
  await rm(join(folder, 'engine-local'), { recursive: true, force: true });
  await mkdir(local, { recursive: true });
  for (const name of PACKAGES) {
    await symlink(resolve('node_modules', name), join(local, name.slice('@duckdb/'.length)), 'junction');
  }

  if (existsSync(zip) && existsSync(stamp) && (await readFile(stamp, 'utf8')) === pinned) return;
  const files: Zippable = {};
  for (const name of PACKAGES) await collect(resolve('node_modules', name), `nodejs/node_modules/${name}`, files);
  await collect(await lambdaBinding(lock), `nodejs/node_modules/${BINDING}`, files);
  await writeFile(zip, zipSync(files, { level: 6, mtime: MTIME }));
  await writeFile(stamp, pinned);
};
