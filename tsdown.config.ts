import { defineConfig } from 'tsdown'

export default defineConfig({
  // One file per source file: worker threads are started from files of their own, and stack traces name the source.
  unbundle: true,
  entry: ['src/index.ts', 'src/*/index.ts', 'src/cli/main.ts', 'src/**/*.worker.node.ts'],
  outDir: 'dist',
  format: 'esm',
  platform: 'neutral',
  target: 'node20',
  dts: true,
  sourcemap: true,
  deps: { neverBundle: [/^node:/] },
})
