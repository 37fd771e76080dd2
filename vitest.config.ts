import { defineConfig } from 'vitest/config';
import { ClosingLine } from './scripts/reporter.js';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts'],
    testTimeout: 60_000,
    setupFiles: ['test/own-cache.ts'],
    // ONNX Runtime's sessions and a worker pool do not share a process well: files run in child processes, as many as
    // the small machine that CI has can feed.
    pool: 'forks',
    poolOptions: { forks: { maxForks: 2 } },
    reporters: ['default', new ClosingLine()],
  },
});
