/**
 * How late a 10 ms timer of the main thread gets while a recipe trains: the engine and the loader compute in threads of their own, so
 * Ctrl-C, progress and other work of the process must not wait for a step. Prints the worst and the 99th percentile in ms.
 *
 *     npx tsx bench/responsiveness.ts recipes/vocals.yaml [steps] [data folder] [cache folder]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readRecipe, runTraining } from '../src/training/index.ts'

const [file = 'recipes/vocals.yaml', steps = '30', dataFolder, cacheFolder = join(tmpdir(), 'divisi-cache')] = process.argv.slice(2)
const { recipe, folder } = await readRecipe(file)
const runFolder = mkdtempSync(join(tmpdir(), 'divisi-run-'))
const late: Record<'steps' | 'between', number[]> = { steps: [], between: [] }
let stage: keyof typeof late = 'between'
let expected = performance.now() + 10
const timer = setInterval(() => {
  const now = performance.now()
  late[stage].push(Math.max(0, now - expected))
  expected = now + 10
}, 10)
try {
  await runTraining({
    recipe: { ...recipe, training: { ...recipe.training, validateEvery: 10, checkpointEvery: 10 } },
    recipeFolder: folder,
    dataFolder,
    cacheFolder,
    runFolder,
    stopAfter: Number(steps),
    onEvent: ({ kind }) => {
      if (kind === 'start' || kind === 'step') stage = 'steps'
      if (kind === 'validation') stage = 'between'
    },
  })
} finally {
  clearInterval(timer)
  rmSync(runFolder, { recursive: true })
}
for (const [name, values] of Object.entries(late)) {
  const sorted = values.sort((a, b) => a - b)
  const at = (share: number) => (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1)
  console.log(`${name}: ${sorted.length} ticks, 99 % at most ${at(0.99)} ms late, the worst ${at(1)} ms`)
}
