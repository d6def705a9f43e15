/** Each guarantee is real: with its guard taken out of a copy of the code, the test that names it turns red. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Answered, type Asked, answeredSchema } from './asking.ts';
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

type Ask = (asked: Asked) => Promise<Answered>;

/** Begins the process that runs tests in the copy, and lasts as long as there is something to ask it. */
const startLane = async (copy: string): Promise<{ ask: Ask; stop: () => Promise<void> }> => {
  const { VITEST: _v, VITEST_MODE: _m, VITEST_POOL_ID: _p, VITEST_WORKER_ID: _w, ...env } = process.env;
  const lane = fork(join(import.meta.dirname, 'lane.ts'), [copy], { cwd: copy, env });
  const ended = once(lane, 'exit');
  const next = async (): Promise<Answered> => {
    const [answered]: unknown[] = await Promise.race([
      once(lane, 'message'),
      ended.then(([code]) => Promise.reject(new Error(`the process that runs tests in the copy ended with ${code}`))),
    ]);
    return answeredSchema.parse(answered);
  };
  await next();
  return {
    ask: (asked) => {
      const answered = next();
      lane.send(asked);
      return answered;
    },
    stop: async () => {
      if (lane.connected) lane.disconnect();
      await ended;
    },
  };
};

const occurrences = (text: string, find: string) => text.split(find).length - 1;

let folder: string;
let unhurt: ReadonlyMap<string, string>;
const hurt = new Map<Mutation, string | undefined>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mutations-'));
  for (const name of COPIED) await cp(join(ROOT, name), join(folder, name), { recursive: true });
  for (const name of LINKED) await symlink(join(ROOT, name), join(folder, name));
  const { ask, stop } = await startLane(folder);
  try {
    const files = [...new Set(MUTATIONS.map(({ test }) => test))];
    unhurt = new Map(await ask({ files, titles: MUTATIONS.map(({ title }) => title), changed: [] }));
    let before: readonly string[] = [];
    for (const mutation of MUTATIONS) {
      const { file, find, replace, test, title } = mutation;
      const path = join(folder, file);
      const whole = await readFile(path, 'utf8');
      await writeFile(
        path,
        whole.replace(find, () => replace),
      );
      const told = new Map(await ask({ files: [test], titles: [title], changed: [...before, file] }));
      hurt.set(mutation, told.get(title));
      await writeFile(path, whole);
      before = [file];
    }
  } finally {
    await stop();
  }
}, 900_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the named test', () => {
  it.each(MUTATIONS)('turns red without $without', async (mutation) => {
    const source = await readFile(join(ROOT, mutation.file), 'utf8');

    expect(occurrences(source, mutation.find), `${mutation.find} in ${mutation.file}`).toBe(1);
    expect(unhurt.get(mutation.title), 'with the guard').toBe('passed');
    expect(hurt.get(mutation), 'without the guard').toBe('failed');
  });
});
