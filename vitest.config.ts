import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 20_000,
    // Tests that wait for processes and proxies leave a core idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
