/** A training run in a folder: data, network, loop, validation, checkpoints, log. Started again on the same folder it goes on where it stopped. */
import { mkdir } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { writeWhole } from '../data/index.ts'
import { writeModel } from '../models/index.ts'
import { layoutOf } from '../nn/index.ts'
import { type Backend, createOnnxRuntimeBackend } from '../runtime/index.ts'
import type { Arrays, ScoreKind, Surroundings, Task } from '../tasks/index.ts'
import { type CheckpointFacts, loadCheckpoint, saveCheckpoint } from './checkpoint.node.ts'
import { identityOf } from './identity.node.ts'
import { keepCheckpoint } from './kept-checkpoints.node.ts'
import { onlyFirst } from './overfit.ts'
import { openTask, type Recipe } from './recipe.node.ts'
import { openRecorder, recorded } from './report/recorder.node.ts'
import { type Schedule, samePast } from './schedule.ts'
import { flatReport, type StepReport } from './step-report.ts'
import { createTrainer } from './trainer.ts'

export interface RunOptions extends Omit<Surroundings, 'onProgress'> {
  readonly recipe: Recipe
  readonly runFolder: string
  /** Text of the recipe's file, for the run's page. */
  readonly written?: string | undefined
  readonly threads?: number | undefined
  /** Stop, with a checkpoint, after this many updates in all; the schedule stays the recipe's. */
  readonly stopAfter?: number | undefined
  /** Train on this many examples of the first batch, again and again; nothing is held out then. */
  readonly overfit?: number | undefined
  readonly onEvent: (event: RunEvent) => void
}

export type RunEvent =
  | { readonly kind: 'prepare'; readonly what: string; readonly done: number; readonly total: number }
  | {
      readonly kind: 'start'
      readonly device: string
      readonly parameters: number
      readonly step: number
      readonly notes: readonly string[]
    }
  | ({ readonly kind: 'step' } & StepReport)
  | {
      readonly kind: 'validation'
      readonly step: number
      readonly best: boolean
      readonly kinds: readonly ScoreKind[]
      readonly scores: Readonly<Record<string, number>>
    }

export interface RunResult {
  readonly step: number
  /** False where the run was stopped before its end. */
  readonly finished: boolean
  /** Whether validations had not become better for so long that the recipe's patience ended. */
  readonly outOfPatience: boolean
  /** Losses of the first step and of the last one. */
  readonly losses: { readonly first: number; readonly last: number }
  readonly checkpoint: string
  readonly model: string
}

/** Training batches that running statistics are taken from: always the first ones, so that a resumed run exports the same model. */
const statisticsBatches = 16
/** Steps in a row without finite numbers after which a run gives up. */
const mostRefused = 20

function scheduleOf({ training: { learningRate: peak, warmup, decay, steps, schedule } }: Recipe): Schedule {
  return { peak, warmup, ...(schedule ?? { decay, steps }) }
}

function createLoop({ training }: Recipe, task: Task, backend: Backend, schedule: Schedule) {
  const { optimizer, betas, eps, weightDecay, clipNorm, averageDecay, seed } = training
  return createTrainer<string>({
    model: task.network,
    task: { batch: task.batch, loss: (batch) => task.loss(batch) },
    backend,
    optimizer: optimizer ?? { name: 'adamw', betas, eps, weightDecay },
    schedule,
    clipNorm,
    averageDecay,
    seed,
  })
}

/** What a reader of the log should know about a run that goes on under other conditions than it began. */
function notesOn(before: CheckpointFacts, engine: string, schedule: Schedule): string[] {
  const notes: string[] = []
  if (before.engines.at(-1) !== engine)
    notes.push(`the checkpoint was computed by ${before.engines.at(-1)}; it goes on, but not bit for bit`)
  if (!samePast(before.schedule, schedule, before.step))
    notes.push('the steps so far had other learning rates than the recipe gives them now')
  return notes
}

const toTenth = (value: number) => Math.round(10 * value) / 10

/** What a run knows of its validations. */
interface Standing {
  readonly bestScore: number | null
  /** Validations since then. */
  readonly sinceBest: number
}

/**
 * Trains until the recipe's last step, the end of its patience, the abort signal, or `stopAfter`; each of them ends with a checkpoint.
 *
 * The run folder holds `last.safetensors` (to go on), `model.safetensors` (averaged weights at the last validation), `best.safetensors` (those of
 * the best validation), and what docs/runs.md tells of: `log.jsonl`, `report.html`, `tensorboard/`, pictures.
 *
 * @throws Error for a run folder of another recipe, recordings that are missing, and losses that are not finite many times in a row
 */
export async function runTraining(options: RunOptions): Promise<RunResult> {
  const { recipe, runFolder, overfit, onEvent } = options
  const { batchSize } = recipe.training
  if (overfit !== undefined && !(Number.isInteger(overfit) && overfit >= 1 && overfit <= batchSize))
    throw new RangeError(`overfit: ${overfit} examples; allowed are whole numbers from 1 to the recipe's batchSize, ${batchSize}`)
  await mkdir(runFolder, { recursive: true })
  const onProgress = (what: string, done: number, total: number) => onEvent({ kind: 'prepare', what, done, total })
  const task = await openTask(recipe, { ...options, onProgress })
  try {
    const backend = await createOnnxRuntimeBackend(options.threads === undefined ? {} : { threads: options.threads })
    try {
      return await train(task, backend, options)
    } finally {
      await backend.dispose()
    }
  } finally {
    await task.close()
  }
}

async function train(
  task: Task,
  backend: Backend,
  { recipe, runFolder, written, stopAfter, overfit, signal, onEvent }: RunOptions,
): Promise<RunResult> {
  const { training } = recipe
  const schedule = scheduleOf(recipe)
  const identity = identityOf(recipe, { data: task.identity, layout: layoutOf(task.network), overfit })
  const files = { checkpoint: join(runFolder, 'last.safetensors'), model: join(runFolder, 'model.safetensors') }
  const before = await loadCheckpoint(files.checkpoint)
  if (before && before.facts.identity !== identity) {
    throw new Error(
      `${files.checkpoint} belongs to another recipe, other files or another version of the network; give another folder with --run, or remove it to start anew`,
    )
  }
  const engine = `${backend.description}, Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}`
  const trainer = await createLoop(recipe, task, backend, schedule)
  let { seconds, rejected, firstLoss = Number.NaN } = before?.facts ?? { seconds: 0, rejected: 0 }
  let standing: Standing = { bestScore: before?.facts.bestScore ?? null, sinceBest: before?.facts.sinceBest ?? 0 }
  if (before) await trainer.restore(before.arrays, before.facts.step)
  const engines = [...(before?.facts.engines.filter((name) => name !== engine) ?? []), engine]
  const notes = before ? notesOn(before.facts, engine, schedule) : []
  const { parameterCount: parameters } = trainer.layout
  const device = backend.description
  const recorder = await openRecorder({ runFolder, recipe, written, task, parameters, identity, device, from: before?.facts.step, notes })
  onEvent({ kind: 'start', device, parameters, step: trainer.step, notes })

  const batchAt = async (step: number): Promise<Arrays> =>
    overfit === undefined ? task.batchAt(step) : onlyFirst(await task.batchAt(0), task.batch, overfit)
  const firstBatches = async function* () {
    for (let step = 0; step < statisticsBatches; step++) yield await batchAt(step)
  }
  const save = async () => {
    await recorder.flush()
    const facts = { step: trainer.step, identity, engines, schedule, ...standing, seconds, rejected, firstLoss }
    await saveCheckpoint(files.checkpoint, { arrays: await trainer.snapshot(), facts })
    await keepCheckpoint(runFolder, files.checkpoint, trainer.step, training)
  }
  /**
   * Scores the averaged model and writes it; learning by heart has no scores. Only what an uninterrupted run has too may become the best and tries
   * the patience: not the scores of stops.
   */
  const judge = async (counts: boolean): Promise<number> => {
    const step = trainer.step
    const started = performance.now()
    const values = await trainer.averaged(firstBatches())
    const judgement =
      overfit === undefined ? await task.judge({ values, backend, examples: training.validationExamples, pause: setImmediate }) : undefined
    const { scores = {} } = judgement ?? {}
    const score = scores[task.scores[0].name] ?? Number.NaN
    const best = counts && Number.isFinite(score) && (standing.bestScore === null || score > standing.bestScore)
    if (counts) standing = best ? { bestScore: score, sinceBest: 0 } : { ...standing, sinceBest: standing.sinceBest + 1 }
    const file = writeModel(recipe.name, task.network, values, { step: String(step), validation: JSON.stringify(scores) })
    await writeWhole(files.model, file)
    if (best) await writeWhole(join(runFolder, 'best.safetensors'), file)
    if (judgement) {
      onEvent({ kind: 'validation', step, best, kinds: task.scores, scores })
      await recorder.validation(step, judgement, best, (performance.now() - started) / 1000)
    }
    return score
  }
  const outOfPatience = () => training.patience !== undefined && standing.sinceBest >= training.patience
  const end = Math.min(training.steps, stopAfter ?? training.steps)
  let last = Number.NaN
  // A finished run that is started again judges once more: its model file is made anew.
  let judged = 0
  return recorded(recorder, signal, async () => {
    while (trainer.step < end && !signal?.aborted && !outOfPatience()) {
      const asked = performance.now()
      const batch = await batchAt(trainer.step)
      const started = performance.now()
      const report = await trainer.train(batch)
      const ended = performance.now()
      seconds += (ended - asked) / 1000
      rejected = report.accepted ? 0 : rejected + 1
      if (rejected >= mostRefused) {
        throw new Error(
          `training: loss or gradients were not finite in ${rejected} steps in a row; lower learningRate (now ${training.learningRate})`,
        )
      }
      last = report.loss
      if (report.step === 1) firstLoss = report.loss
      onEvent({ kind: 'step', ...report })
      await recorder.step({ ...flatReport(report), ms: toTenth(ended - started), waited: toTenth(started - asked) })
      if (report.step % training.validateEvery === 0) {
        const score = await judge(true)
        if (schedule.name === 'plateau') trainer.observe(score)
        judged = report.step
      }
      if (report.step % training.checkpointEvery === 0) await save()
    }
    if (trainer.step !== judged && !signal?.aborted && !outOfPatience()) await judge(trainer.step >= training.steps)
    await save()
    const finished = trainer.step >= training.steps || outOfPatience()
    return { step: trainer.step, finished, outOfPatience: outOfPatience(), losses: { first: firstLoss, last }, ...files }
  })
}
