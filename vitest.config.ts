import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const WORKERS = Math.max(3, availableParallelism());

/** `unit` needs npm alone; `e2e` needs the real servers of `npm run servers`. Both run against `dist`, the code that ships. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**'],
          // Limits for what hangs: a busy machine takes long to start databases and hundreds of processes.
          testTimeout: 120_000,
          hookTimeout: 180_000,
          pool: 'forks',
          // Most of the time is waiting: for processes, exports and databases.
          maxWorkers: WORKERS,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          pool: 'forks',
          fileParallelism: false,
        },
      },
    ],
  },
});
