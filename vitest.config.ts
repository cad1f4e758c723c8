import { defineConfig } from 'vitest/config';
import { ClosingLine } from './test/support/closing-line.ts';

/** Files of test/api that have no store, or one of their own. */
const NOT_TWICE = [
  'test/api/docs.test.ts',
  'test/api/fhirpath-patch.test.ts',
  'test/api/json-patch.test.ts',
  'test/api/processes.test.ts',
];

export default defineConfig({
  test: {
    reporters: ['default', new ClosingLine()],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'all', include: ['test/**/*.test.ts'] } },
      {
        // The API once more: what it answers must be the same over PostgreSQL.
        extends: true,
        test: {
          name: 'api over postgres',
          include: ['test/api/**/*.test.ts'],
          exclude: NOT_TWICE,
          globalSetup: ['test/support/postgres-project.ts'],
        },
      },
    ],
  },
});
