import { relative } from 'node:path'
import { defineConfig } from 'vitest/config'
import { instrument } from './mutants.ts'

/** What is mutated: the building blocks. */
const mutated = /^src\/(nn|dsp|losses)\/.*\.ts$/

export default defineConfig({
  plugins: [
    {
      name: 'mutants',
      enforce: 'pre',
      transform: (code, id) => {
        const path = relative(process.cwd(), id)
        return mutated.test(path) ? { code: instrument(path, code).code, map: null } : undefined
      },
    },
  ],
  test: { pool: 'forks', maxWorkers: 2, setupFiles: ['scripts/mutation/setup.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
})
