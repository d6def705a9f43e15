/** Each guarantee is real: with its guard taken out of a copy of the code, the test that names it turns red. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';

import { MUTATIONS, type Mutation } from './mutations.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const COPIED = [
  'functions',
  'shared',
  'events',
  'local',
  'cli',
  'demo',
  'scripts',
  'tests',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
];
/** What is only read: what is installed, and what was packaged. */
const LINKED = ['node_modules', '.serverless', 'dist'];
/** Copies that are changed and tested side by side; a change is taken back before the next. */
const LANES = 2;

/** What vitest's JSON reporter says, as far as it is read here. */
const report = z.object({
  testResults: z.array(z.object({ assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })) })),
});

/** Runs the named tests in a copy; what became of each that was run, by its whole name. */
const run = async (copy: string, files: readonly string[], titles: readonly string[]): Promise<Map<string, string>> => {
  const output = join(copy, 'report.json');
  const names = titles.map((title) => title.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const { VITEST: _v, VITEST_MODE: _m, VITEST_POOL_ID: _p, VITEST_WORKER_ID: _w, ...env } = process.env;
  await rm(output, { force: true });
  await new Promise<void>((resolve) => {
    execFile(
      process.execPath,
      [
        join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'),
        'run',
        ...files,
        '-t',
        `^(${names.join('|')})$`,
        '--root',
        copy,
        '--maxWorkers=1',
        '--reporter=json',
        `--outputFile=${output}`,
      ],
      { cwd: copy, env },
      // Red tests are what most runs are for: the report says which.
      () => resolve(),
    );
  });
  const { testResults } = report.parse(JSON.parse(await readFile(output, 'utf8')));
  return new Map(
    testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .filter(({ status }) => status === 'passed' || status === 'failed')
      .map(({ fullName, status }) => [fullName.trim(), status]),
  );
};

/** The reporter joins with a space what the filter joins with `>`. */
const reported = (title: string) => title.replace(' > ', ' ');

const occurrences = (text: string, find: string) => text.split(find).length - 1;

/** What becomes of the test that names a guard when the guard is taken out. */
const without = async (copy: string, { file, find, replace, test, title }: Mutation): Promise<string | undefined> => {
  const path = join(copy, file);
  const whole = await readFile(path, 'utf8');
  try {
    await writeFile(
      path,
      whole.replace(find, () => replace),
    );
    return (await run(copy, [test], [title])).get(reported(title));
  } finally {
    await writeFile(path, whole);
  }
};

let folder: string;
let unhurt: Map<string, string>;
const hurt = new Map<Mutation, string | undefined>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mutations-'));
  const copies = await Promise.all(
    Array.from({ length: LANES }, async (_, lane) => {
      const copy = join(folder, `copy-${lane}`);
      for (const name of COPIED) await cp(join(ROOT, name), join(copy, name), { recursive: true });
      for (const name of LINKED) await symlink(join(ROOT, name), join(copy, name));
      return copy;
    }),
  );
  unhurt = await run(
    copies[0] ?? '',
    [...new Set(MUTATIONS.map(({ test }) => test))],
    MUTATIONS.map(({ title }) => title),
  );
  const left = [...MUTATIONS];
  await Promise.all(
    copies.map(async (copy) => {
      for (let mutation = left.shift(); mutation; mutation = left.shift()) {
        hurt.set(mutation, await without(copy, mutation));
      }
    }),
  );
}, 600_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the named test', () => {
  it.each(MUTATIONS)('turns red without $without', async (mutation) => {
    const source = await readFile(join(ROOT, mutation.file), 'utf8');

    expect(occurrences(source, mutation.find), `${mutation.find} in ${mutation.file}`).toBe(1);
    expect(unhurt.get(reported(mutation.title)), 'with the guard').toBe('passed');
    expect(hurt.get(mutation), 'without the guard').toBe('failed');
  });
});
