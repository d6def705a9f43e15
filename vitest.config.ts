import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Real functions, real training: the slowest single test trains several models.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['tests/**/*.test.ts'],
          exclude: [...configDefaults.exclude, 'tests/grants/**'],
          globalSetup: ['tests/grants/folder.ts'],
          setupFiles: ['tests/grants/contribute.ts'],
          sequence: { groupOrder: 0 },
        },
      },
      // Judges what the others recorded, so it comes last.
      {
        extends: true,
        test: { name: 'grants', include: ['tests/grants/*.test.ts'], sequence: { groupOrder: 1 } },
      },
    ],
  },
});
