/**
 * How late a 10 ms timer of the main thread gets while a recipe trains: the engine and the loader compute in threads of their own, so
 * Ctrl-C, progress and other work of the process must not wait for a step. Prints the worst and the 99th percentile in ms, for steps alone and
 * with checkpoints (30 MB are put together) and validations (a program is traced).
 *
 *     npx tsx bench/responsiveness.ts recipes/vocals.yaml [steps] [data folder] [cache folder]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readRecipe, runTraining } from '../src/training/index.ts'

const [file = 'recipes/vocals.yaml', steps = '30', dataFolder, cacheFolder = join(tmpdir(), 'divisi-cache')] = process.argv.slice(2)
const { recipe, folder } = await readRecipe(file)

/** Lateness (ms) of every tick between the run's start and its end, which is after tracing and before closing. */
async function lateness(watched: { validateEvery: number; checkpointEvery: number }): Promise<number[]> {
  const runFolder = mkdtempSync(join(tmpdir(), 'divisi-run-'))
  const late: number[] = []
  let running = false
  let expected = performance.now() + 10
  const timer = setInterval(() => {
    const now = performance.now()
    if (running) late.push(Math.max(0, now - expected))
    expected = now + 10
  }, 10)
  try {
    const count = Number(steps)
    await runTraining({
      recipe: { ...recipe, training: { ...recipe.training, ...watched } },
      recipeFolder: folder,
      dataFolder,
      cacheFolder,
      runFolder,
      stopAfter: count,
      onEvent: (event) => {
        if (event.kind === 'step') running = event.step < count
      },
    })
  } finally {
    clearInterval(timer)
    rmSync(runFolder, { recursive: true })
  }
  return late.sort((a, b) => a - b)
}

for (const [name, every] of [
  ['steps', 1_000_000],
  ['with a checkpoint and a validation every 10 steps', 10],
] as const) {
  const late = await lateness({ validateEvery: every, checkpointEvery: every })
  const at = (share: number) => (late[Math.min(late.length - 1, Math.floor(share * late.length))] ?? 0).toFixed(1)
  console.log(`${name}: ${late.length} ticks, 99 % at most ${at(0.99)} ms late, the worst ${at(1)} ms`)
}
