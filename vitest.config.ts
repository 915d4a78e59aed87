/** Two projects: what lies beside the sources, and what runs the built package (which is built first). */
import { defineConfig } from 'vitest/config';

const E2E = 'test/e2e/**/*.test.ts';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          exclude: ['node_modules/**', 'dist/**', E2E],
          setupFiles: ['test/setup.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: [E2E],
          setupFiles: ['test/setup.ts'],
          globalSetup: 'test/e2e/build.ts',
          // Bounds for a machine under load; nothing waits for time to pass.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
