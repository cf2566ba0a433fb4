import { defineConfig } from 'vitest/config';

/** Four rings (docs/testing.md): unit and exchange tests run anywhere; kernel, lab and interop need root and namespaces. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{kernel-live,lab,interop}/**', 'dist/**'],
        },
      },
      {
        test: {
          name: 'kernel',
          include: ['test/kernel-live/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
