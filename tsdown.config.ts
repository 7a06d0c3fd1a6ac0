import { defineConfig } from 'tsdown'

/** Web Workers are named by the source file beside the one that starts them, in the form that bundlers know; in dist/ it ends in .js. */
const nameBuiltWorkers = {
  name: 'name-built-workers',
  transform: (code: string) => code.replaceAll(/(new URL\('[^']+\.worker)\.ts'/g, "$1.js'"),
}

export default defineConfig({
  // One file per source file: worker threads are started from files of their own, and stack traces name the source.
  unbundle: true,
  entry: ['src/index.ts', 'src/*/index.ts', 'src/cli/main.ts', 'src/*/browser.ts', 'src/**/*.worker.ts', 'src/**/*.worker.node.ts'],
  outDir: 'dist',
  format: 'esm',
  platform: 'neutral',
  target: 'node20',
  dts: true,
  sourcemap: true,
  plugins: [nameBuiltWorkers],
  deps: { neverBundle: [/^node:/] },
})
