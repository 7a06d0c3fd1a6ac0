import { configDefaults, defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Processes, not threads: the engine starts worker threads of its own and loads native libraries, which a thread cannot let go of.
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, 'test/end-to-end/**', 'test/packaging/**'],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'end-to-end',
          include: ['test/end-to-end/**/*.test.ts'],
          globalSetup: 'test/end-to-end/build.ts',
          sequence: { groupOrder: 1 },
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        // Installs from the npm registry, which is why only `npm run test:packaging` and .ci/run ask for it; after the others, because
        // packing builds dist/ anew under them.
        extends: true,
        test: {
          name: 'packaging',
          include: ['test/packaging/**/*.test.ts'],
          sequence: { groupOrder: 2 },
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
})
