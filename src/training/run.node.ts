/** A training run in a folder: data, network, loop, validation, checkpoints, log. Started again on the same folder it goes on where it stopped. */
import { appendFile, mkdir } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { createLoader, type Loader, writeWhole } from '../data/index.ts'
import { stft } from '../dsp/index.ts'
import { relativeError } from '../losses/index.ts'
import { createNetwork, writeModel } from '../models/index.ts'
import { layoutOf } from '../nn/index.ts'
import { type Backend, createOnnxRuntimeBackend } from '../runtime/index.ts'
import { type CheckpointFacts, loadCheckpoint, saveCheckpoint } from './checkpoint.node.ts'
import { identityOf, prepareTracks, type TracksOptions } from './data.node.ts'
import type { Recipe } from './recipe.node.ts'
import { type Schedule, samePast } from './schedule.ts'
import { createTrainer, type StepReport } from './trainer.ts'
import { type Validation, validate } from './validation.ts'

export interface RunOptions extends TracksOptions {
  readonly runFolder: string
  readonly threads?: number | undefined
  /** Stop, with a checkpoint, after this many updates in all; the schedule stays the recipe's. */
  readonly stopAfter?: number | undefined
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
  | ({ readonly kind: 'validation'; readonly best: boolean } & Validation)

export interface RunResult {
  readonly step: number
  /** False where the run was stopped before the recipe's last step. */
  readonly finished: boolean
  readonly checkpoint: string
  readonly model: string
}

type Names = 'mixture' | 'vocals'

/** Training batches that running statistics are taken from: always the first ones, so that a resumed run exports the same model. */
const statisticsBatches = 16
/** Steps in a row without finite numbers after which a run gives up. */
const patience = 20

function scheduleOf({ training: { learningRate: peak, warmup, decay, steps, schedule } }: Recipe): Schedule {
  return { peak, warmup, ...(schedule ?? { decay, steps }) }
}

function createLoop(
  { model, training }: Recipe,
  network: ReturnType<typeof createNetwork>,
  backend: Backend,
  schedule: Schedule,
  samples: number,
) {
  const { batchSize, optimizer, betas, eps, weightDecay, clipNorm, averageDecay, seed } = training
  const shape = [batchSize, 2, samples]
  return createTrainer<Names>({
    model: network,
    task: {
      batch: { mixture: shape, vocals: shape },
      loss: ({ mixture, vocals }) => {
        const separated = network.forward(mixture)
        return relativeError(separated.vocals, stft(vocals, model), separated.mixture)
      },
    },
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

async function* firstBatches(loader: Loader): AsyncGenerator<Readonly<Record<Names, Float32Array>>> {
  for (let step = 0; step < statisticsBatches; step++) {
    const { mixture, vocals } = await loader.batch(step)
    yield { mixture, vocals }
  }
}

/**
 * Trains until the recipe's last step, the abort signal, or `stopAfter`; each of them ends with a checkpoint.
 *
 * The run folder holds `last.safetensors` (to go on), `model.safetensors` (averaged weights at the last validation), `best.safetensors` (those of
 * the best validation) and `log.jsonl`.
 *
 * @throws Error for a run folder of another recipe, recordings that are missing, and losses that are not finite many times in a row
 */
export async function runTraining(options: RunOptions): Promise<RunResult> {
  const { recipe, runFolder, signal, onEvent } = options
  const { training, model } = recipe
  await mkdir(runFolder, { recursive: true })
  const tracks = await prepareTracks(options, (what, done, total) => onEvent({ kind: 'prepare', what, done, total }))
  const network = createNetwork(model)
  const schedule = scheduleOf(recipe)
  const samples = (training.frames - 1) * model.hopLength
  const identity = identityOf(recipe, tracks, layoutOf(network))
  const files = { checkpoint: join(runFolder, 'last.safetensors'), model: join(runFolder, 'model.safetensors') }
  const before = await loadCheckpoint(files.checkpoint)
  if (before && before.facts.identity !== identity) {
    throw new Error(
      `${files.checkpoint} belongs to another recipe, other files or another version of the network; give another folder with --run, or remove it to start anew`,
    )
  }
  const log = (entry: object) => appendFile(join(runFolder, 'log.jsonl'), `${JSON.stringify(entry)}\n`)
  const backend = await createOnnxRuntimeBackend(options.threads === undefined ? {} : { threads: options.threads })
  const { mix } = recipe.data
  const loader = createLoader({
    tracks,
    config: mix,
    seed: training.seed,
    batchSize: training.batchSize,
    frames: samples,
    rate: model.sampleRate,
  })
  try {
    const engine = `${backend.description}, Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}`
    const trainer = await createLoop(recipe, network, backend, schedule, samples)
    let { bestScore, seconds, rejected } = before?.facts ?? { bestScore: null, seconds: 0, rejected: 0 }
    if (before) await trainer.restore(before.arrays, before.facts.step)
    const engines = [...(before?.facts.engines.filter((name) => name !== engine) ?? []), engine]
    const notes = before ? notesOn(before.facts, engine, schedule) : []
    onEvent({ kind: 'start', device: backend.description, parameters: trainer.layout.parameterCount, step: trainer.step, notes })

    const save = async () => {
      const facts = { step: trainer.step, identity, engines, schedule, bestScore, seconds, rejected }
      await saveCheckpoint(files.checkpoint, { arrays: await trainer.snapshot(), facts })
    }
    /** Scores the averaged model and writes it; also as the best, if it is. */
    const judge = async () => {
      const values = await trainer.averaged(firstBatches(loader))
      const heldOut = (first: number, count: number) => loader.validation(count, { first, frames: samples })
      const scores = await validate({
        network,
        values,
        backend,
        heldOut,
        examples: training.validationExamples,
        samples,
        pause: setImmediate,
      })
      const result = { step: trainer.step, ...scores }
      const best = Number.isFinite(result.siSdr) && (bestScore === null || result.siSdr > bestScore)
      const file = writeModel(recipe.name, network, values, { step: String(result.step), validation: JSON.stringify(scores) })
      await writeWhole(files.model, file)
      if (best) {
        bestScore = result.siSdr
        await writeWhole(join(runFolder, 'best.safetensors'), file)
      }
      onEvent({ kind: 'validation', best, ...result })
      await log({ validation: result, best })
      return result.siSdr
    }
    const end = Math.min(training.steps, options.stopAfter ?? training.steps)
    // A finished run that is started again judges once more: its model file is made anew.
    let judged = 0
    while (trainer.step < end && !signal?.aborted) {
      const started = performance.now()
      const { mixture, vocals } = await loader.batch(trainer.step)
      const report = await trainer.train({ mixture, vocals })
      seconds += (performance.now() - started) / 1000
      rejected = report.accepted ? 0 : rejected + 1
      if (rejected >= patience) {
        throw new Error(
          `training: loss or gradients were not finite in ${rejected} steps in a row; lower learningRate (now ${training.learningRate})`,
        )
      }
      onEvent({ kind: 'step', ...report })
      await log({ ...report, seconds: Math.round(seconds) })
      if (report.step % training.validateEvery === 0) {
        const score = await judge()
        // Not the scores of stops and of second starts, which an uninterrupted run does not have.
        if (schedule.name === 'plateau') trainer.observe(score)
        judged = report.step
      }
      if (report.step % training.checkpointEvery === 0) await save()
    }
    if (trainer.step !== judged && !signal?.aborted) await judge()
    await save()
    return { step: trainer.step, finished: trainer.step >= training.steps, ...files }
  } finally {
    await loader.close()
    await backend.dispose()
  }
}
