import { join } from 'node:path';

import { configDefaults, defineConfig } from 'vitest/config';

import { LongestFirst } from './tests/longest-first.ts';

/**
 * Files that change what others in the same process would see, or that others would change it for: settings of the
 * environment that are read once, clouds that write down what was asked of them, the peak of the process's memory. Each
 * has a process of its own; all others share a few, which saves half of their time: the SDK is loaded once.
 */
const ALONE = ['browser', 'chaos', 'hostile', 'in-process', 'loop', 'mutations', 'oracle', 'unit/runtime'].map(
  (folder) => `tests/${folder}/**/*.test.ts`,
);
const GRANTS = 'tests/grants/*.test.ts';

// Each process of a test loads the SDK and much else that never changes: compiled once, it starts the sooner.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules', '.cache', 'tests');

export default defineConfig({
  test: {
    // Real functions, real training, perhaps beside other work: what takes seconds is given minutes.
    testTimeout: 180_000,
    hookTimeout: 300_000,
    // One more than the CI's machine has cores: those who wait for a process they started leave theirs idle.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'alone',
          include: ALONE,
          globalSetup: ['tests/grants/folder.ts'],
          setupFiles: ['tests/grants/contribute.ts'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'together',
          include: ['tests/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...ALONE, GRANTS],
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      // Judges what the others recorded, so it comes last.
      { extends: true, test: { name: 'grants', include: [GRANTS], sequence: { groupOrder: 1 } } },
    ],
  },
});
