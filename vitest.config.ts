import { defineConfig } from 'vitest/config';
import { hasReferenceData, testFiles } from './tests/projects.ts';

const [database, slow, reference] = [testFiles('database'), testFiles('slow'), testFiles('reference')];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
    coverage: { include: ['src/**/*.ts'], reporter: ['text-summary', 'html'] },
    projects: [
      {
        extends: true,
        // All that is left, so that a watcher takes up a new file.
        test: {
          name: 'unit',
          isolate: false,
          include: ['tests/**/*.test.ts'],
          exclude: [...database, ...slow, ...reference],
        },
      },
      {
        extends: true,
        test: { name: 'database', include: database, globalSetup: ['tests/support/global-setup.ts'] },
      },
      { extends: true, test: { name: 'slow', include: slow } },
      ...(hasReferenceData()
        ? [{ extends: true as const, test: { name: 'reference', include: reference } }]
        : []),
    ],
  },
});
