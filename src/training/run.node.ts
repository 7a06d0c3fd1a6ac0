/**
 * A training run in a folder. Where the recipe has stages, each is a run in a folder of its own, `1-<name>`, `2-<name>` …, and starts from what the one before
 * it has learned.
 */
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { writeWhole } from '../data/index.ts'
import { loadCheckpoint } from './checkpoint.node.ts'
import { createCrew } from './crew.node.ts'
import { recipeDigest } from './identity.node.ts'
import type { Recipe, Stage } from './recipe.node.ts'
import type { RunOptions, RunResult } from './run-options.ts'
import { type Before, filesOf, runSingle } from './single-run.node.ts'
import { readInitialWeights, readStage } from './start.node.ts'

/** What a run without a stage before it starts from, if not afresh. */
function given({ initialWeights }: Recipe, { recipeFolder }: RunOptions): Before | undefined {
  return initialWeights === undefined ? undefined : { start: () => readInitialWeights(resolve(recipeFolder, initialWeights)) }
}

/** What a stage that is done left; undefined where it is not done, or belongs to another recipe, of which the run itself then says so. */
async function doneStage({ training }: Recipe, digest: string, folder: string): Promise<(RunResult & { identity: string }) | undefined> {
  const { checkpoint, model } = filesOf(folder)
  const facts = (await loadCheckpoint(checkpoint))?.facts
  if (!facts?.finished || facts.recipe !== digest) return undefined
  const outOfPatience = training.patience !== undefined && (facts.sinceBest ?? 0) >= training.patience
  if (facts.step < training.steps && !outOfPatience) return undefined
  const losses = { first: facts.firstLoss ?? Number.NaN, last: Number.NaN }
  return { step: facts.step, finished: true, outOfPatience, losses, checkpoint, model, identity: facts.identity }
}

async function runStages(stages: readonly Stage[], options: RunOptions): Promise<RunResult> {
  const { runFolder, stopAfter, overfit, onEvent, signal } = options
  const crew = createCrew(options.collective)
  const folders = stages.map(({ name, recipe }, i) => ({ folder: `${i + 1}-${name}`, steps: recipe.training.steps }))
  const whole = { name: options.recipe.name, runFolder, stages: folders }
  const steps = stages.reduce((sum, { recipe }) => sum + recipe.training.steps, 0)
  let [before, offset] = [given(stages[0]!.recipe, options), 0]
  let result: RunResult | undefined
  for (const [i, { name, recipe }] of stages.entries()) {
    const folder = join(runFolder, folders[i]!.folder)
    const digest = recipeDigest(recipe, { overfit, before: before?.identity })
    const known = await crew.lead(async () => (await doneStage(recipe, digest, folder)) ?? null)
    const stopped = await crew.any(signal?.aborted ?? false)
    if (!known && result && (stopped || (stopAfter !== undefined && stopAfter <= offset))) return { ...result, finished: false }
    if (crew.leads) onEvent({ kind: 'stage', name, number: i + 1, stages: stages.length, before: offset, steps, skipped: known !== null })
    const left = stopAfter === undefined ? undefined : stopAfter - offset
    result = known ?? (await runSingle({ ...options, recipe, runFolder: folder, stopAfter: left, whole }, before))
    if (!result.finished) return result
    const { checkpoint } = result
    const identity = known?.identity ?? (await crew.lead(async () => (await loadCheckpoint(checkpoint))!.facts.identity))
    const from = stages[i + 1]?.startFrom ?? 'best'
    before = { identity, start: () => readStage(folder, from) }
    offset += recipe.training.steps
  }
  const end = result!
  await crew.alone(() => handUp(runFolder, folders.at(-1)!.folder))
  return { ...end, model: filesOf(runFolder).model }
}

/** Puts what came out where runs without stages have it. */
async function handUp(runFolder: string, last: string): Promise<void> {
  const [from, to] = [filesOf(join(runFolder, last)), filesOf(runFolder)]
  for (const name of ['model', 'best'] as const) {
    const bytes = await readFile(from[name]).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (bytes) await writeWhole(to[name], bytes)
  }
}

/**
 * Trains until the recipe's last step, the end of its patience, the abort signal, or `stopAfter`; each of them ends with a checkpoint, and each further
 * call goes on from there, bit for bit.
 *
 * The run folder holds `last.safetensors` (to go on), `good.safetensors` (to go back to), `model.safetensors` (averaged weights at the last validation),
 * `best.safetensors` (those of the best validation), `rival.safetensors` of a second network, and what docs/runs.md tells of: `log.jsonl`, `report.html`,
 * `tensorboard/`, pictures. Of a recipe with stages each has such a folder within it, and stages that are done are passed over.
 *
 * Of several processes (`collective`) each takes its parts of every update, and all call this with the same options.
 *
 * @throws Error for a run folder of another recipe, recordings that are missing, and losses that are not finite many times in a row
 */
export function runTraining(options: RunOptions): Promise<RunResult> {
  const { recipe } = options
  return recipe.stages ? runStages(recipe.stages, options) : runSingle(options, given(recipe, options))
}
