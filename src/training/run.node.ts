/** A training run in a folder: data, network, loop, validation, checkpoints, log. Started again on the same folder it goes on where it stopped. */
import { createHash } from 'node:crypto'
import { appendFile, mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import {
  type CachedTrack,
  createLoader,
  type Loader,
  locateFiles,
  makeSyntheticTracks,
  prepareCache,
  readCatalogue,
} from '../data/index.ts'
import { istft, stft } from '../dsp/index.ts'
import { sdr, siSdr } from '../evaluation/index.ts'
import { relativeError } from '../losses/index.ts'
import { type BandUnet, createNetwork, writeModel } from '../models/index.ts'
import { type Backend, compile, createOnnxRuntimeBackend, type Program } from '../runtime/index.ts'
import { loadCheckpoint, saveCheckpoint, writeWhole } from './checkpoint.node.ts'
import type { Recipe } from './recipe.node.ts'
import { createTrainer, type StepReport, type Trainer } from './trainer.ts'

export interface RunOptions {
  readonly recipe: Recipe
  /** Folder of the recipe, for the files it names. */
  readonly recipeFolder: string
  /** Where the recordings are; not needed for synthetic data. */
  readonly dataFolder?: string | undefined
  readonly cacheFolder: string
  readonly runFolder: string
  readonly threads?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Stop, with a checkpoint, after this many updates in all; the schedule stays the recipe's. */
  readonly stopAfter?: number | undefined
  readonly onEvent: (event: RunEvent) => void
}

export interface Validation {
  readonly step: number
  /** Means over the validation examples (dB) of the averaged weights. */
  readonly siSdr: number
  /** Gain over the unprocessed mixture. */
  readonly siSdrGain: number
  readonly sdrInstrumental: number
}

export type RunEvent =
  | { readonly kind: 'prepare'; readonly what: string; readonly done: number; readonly total: number }
  | { readonly kind: 'start'; readonly device: string; readonly parameters: number; readonly step: number; readonly note?: string }
  | ({ readonly kind: 'step' } & StepReport)
  | ({ readonly kind: 'validation'; readonly best: boolean } & Validation)
  | { readonly kind: 'saved'; readonly step: number; readonly path: string }

export interface RunResult {
  readonly step: number
  readonly finished: boolean
  readonly modelFile: string
}

type Names = 'mixture' | 'vocals'

async function prepareTracks(options: RunOptions): Promise<CachedTrack[]> {
  const { recipe, recipeFolder, dataFolder, cacheFolder, signal } = options
  const { files, syntheticSongs, syntheticSeconds } = recipe.data
  const watch = (what: string) => ({
    onProgress: (done: number, total: number) => options.onEvent({ kind: 'prepare', what, done, total }),
    ...(signal ? { signal } : {}),
  })
  const tracks: CachedTrack[] = []
  if (files !== undefined) {
    if (dataFolder === undefined) {
      throw new Error(
        `data: the recipe "${recipe.name}" names recordings; give their folder with --data DIR, or train on songs made here with --data synthetic`,
      )
    }
    const catalogue = await readCatalogue(resolve(recipeFolder, files))
    const entries = await locateFiles(catalogue, dataFolder, { hashes: join(cacheFolder, 'hashes.json') })
    tracks.push(...(await prepareCache(entries, cacheFolder, watch('decoding'))))
  }
  if (syntheticSongs > 0)
    tracks.push(...(await makeSyntheticTracks(cacheFolder, { songs: syntheticSongs, seconds: syntheticSeconds, ...watch('making songs') })))
  return tracks
}

/** What a checkpoint belongs to: everything that changes the numbers except how long the run is. */
function identityOf({ name: _, training, ...rest }: Recipe, tracks: readonly CachedTrack[]): string {
  const { steps: _steps, decay: _decay, validateEvery: _v, validationExamples: _e, checkpointEvery: _c, ...fixed } = training
  return createHash('sha256')
    .update(JSON.stringify({ ...rest, fixed, tracks: tracks.map(({ file: _file, ...track }) => track) }))
    .digest('hex')
}

/** Scores of the averaged weights on the held-out examples. */
async function validate(
  program: Program,
  trainer: Trainer<Names>,
  loader: Loader,
  examples: number,
  batchSize: number,
  frames: number,
): Promise<Validation> {
  const totals = { siSdr: 0, siSdrGain: 0, sdrInstrumental: 0 }
  for (let first = 0; first < examples; first += batchSize) {
    const batch = await loader.validation(batchSize, { first, frames })
    const { estimate } = (await program.run({ mixture: batch.mixture, ...trainer.averaged() })) as { estimate: Float32Array }
    for (let b = 0; b < Math.min(batchSize, examples - first); b++) {
      // Scores take some 10 ms: timers and Ctrl-C come in between.
      await setImmediate()
      const stereo = (values: Float32Array) => [0, 1].map((c) => values.subarray((2 * b + c) * frames, (2 * b + c + 1) * frames))
      const [mixture, vocals, guess] = [stereo(batch.mixture), stereo(batch.vocals), stereo(estimate)]
      const rest = (part: readonly Float32Array[]) => mixture.map((channel, c) => channel.map((x, n) => x - part[c]![n]!))
      const score = siSdr(vocals, guess)
      totals.siSdr += score / examples
      totals.siSdrGain += (score - siSdr(vocals, mixture)) / examples
      totals.sdrInstrumental += sdr(rest(vocals), rest(guess)) / examples
    }
  }
  return { step: trainer.step, ...totals }
}

/** The averaged weights as a model file. */
async function exportModel(name: string, network: BandUnet, trainer: Trainer<Names>, facts: Record<string, string>): Promise<Uint8Array> {
  const arrays = await trainer.snapshot()
  const values = new Map<string, Float32Array>()
  for (const { name: key, offset, size } of trainer.layout.parameters)
    values.set(key, arrays.get('average')!.subarray(offset, offset + size))
  for (const { name: key, offset, size } of trainer.layout.buffers) values.set(key, arrays.get('buffers')!.subarray(offset, offset + size))
  return writeModel(name, network, values, facts)
}

async function createPrograms(recipe: Recipe, network: BandUnet, backend: Backend, samples: number) {
  const { training, model } = recipe
  const shape = [training.batchSize, 2, samples]
  const trainer = await createTrainer<Names>({
    model: network,
    task: {
      batch: { mixture: shape, vocals: shape },
      loss: ({ mixture, vocals }) => {
        const separated = network.forward(mixture)
        return relativeError(separated.vocals, stft(vocals, model), separated.mixture)
      },
    },
    backend,
    adam: training,
    schedule: { peak: training.learningRate, warmup: training.warmup, decay: training.decay, steps: training.steps },
    seed: training.seed,
  })
  const program = await compile(
    ({ mixture }) => ({ estimate: istft(network.forward(mixture).vocals, samples, model) }),
    { mixture: shape },
    { backend },
  )
  return { trainer, program }
}

/**
 * Trains until the recipe's last step, the abort signal, or `stopAfter`; each of them ends with a checkpoint.
 *
 * The run folder holds `last.safetensors` (to go on), `model.safetensors` (averaged weights, newest), `best.safetensors` (those of the best
 * validation) and `log.jsonl`.
 */
export async function runTraining(options: RunOptions): Promise<RunResult> {
  const { recipe, runFolder, signal, onEvent } = options
  const { training, model } = recipe
  await mkdir(runFolder, { recursive: true })
  const tracks = await prepareTracks(options)
  const network = createNetwork(model)
  const backend = await createOnnxRuntimeBackend(options.threads === undefined ? {} : { threads: options.threads })
  const samples = (training.frames - 1) * model.hopLength
  const loader = createLoader({ tracks, config: recipe.data.mix, seed: training.seed, batchSize: training.batchSize, frames: samples })
  const log = (entry: object) => appendFile(join(runFolder, 'log.jsonl'), `${JSON.stringify(entry)}\n`)
  try {
    const { trainer, program } = await createPrograms(recipe, network, backend, samples)
    const identity = identityOf(recipe, tracks)
    const [last, modelFile] = [join(runFolder, 'last.safetensors'), join(runFolder, 'model.safetensors')]
    const before = await loadCheckpoint(last)
    let bestScore = before?.facts.bestScore ?? null
    let seconds = before?.facts.seconds ?? 0
    let note: string | undefined
    if (before) {
      if (before.facts.identity !== identity) {
        throw new Error(
          `${last} belongs to another recipe, other files or another network; give another folder with --run, or remove it to start anew`,
        )
      }
      if (before.facts.engine !== backend.description)
        note = `the checkpoint was computed by ${before.facts.engine}: continuing, not bit-identically`
      await trainer.restore(before.arrays, before.facts.step)
    }
    onEvent({
      kind: 'start',
      device: backend.description,
      parameters: trainer.layout.parameterCount,
      step: trainer.step,
      ...(note ? { note } : {}),
    })
    const save = async () => {
      const facts = { step: trainer.step, identity, engine: backend.description, bestScore, seconds }
      await saveCheckpoint(last, { arrays: await trainer.snapshot(), facts })
      await writeWhole(modelFile, await exportModel(recipe.name, network, trainer, { step: String(trainer.step) }))
      onEvent({ kind: 'saved', step: trainer.step, path: last })
    }
    const end = Math.min(training.steps, options.stopAfter ?? training.steps)
    let rejected = 0
    while (trainer.step < end && !signal?.aborted) {
      const started = performance.now()
      const { mixture, vocals } = await loader.batch(trainer.step)
      const report = await trainer.train({ mixture, vocals })
      seconds += (performance.now() - started) / 1000
      rejected = report.accepted ? 0 : rejected + 1
      if (rejected >= 20)
        throw new Error(
          `training: loss or gradients were not finite in ${rejected} steps in a row; lower learningRate (now ${training.learningRate})`,
        )
      onEvent({ kind: 'step', ...report })
      await log({ ...report, seconds: Math.round(seconds) })
      if (report.step % training.validateEvery === 0 || report.step === training.steps) {
        const result = await validate(program, trainer, loader, training.validationExamples, training.batchSize, samples)
        const best = bestScore === null || result.siSdr > bestScore
        if (best) {
          bestScore = result.siSdr
          await writeWhole(
            join(runFolder, 'best.safetensors'),
            await exportModel(recipe.name, network, trainer, { step: String(trainer.step) }),
          )
        }
        onEvent({ kind: 'validation', best, ...result })
        await log({ validation: result, best })
      }
      if (report.step % training.checkpointEvery === 0) await save()
    }
    await save()
    return { step: trainer.step, finished: trainer.step >= training.steps, modelFile }
  } finally {
    await loader.close()
    await backend.dispose()
  }
}
