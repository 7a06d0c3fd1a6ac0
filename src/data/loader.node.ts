/**
 * Batches of training examples, made in worker threads ahead of the trainer. A batch is a pure function of (seed, step): the number of
 * workers and the order of the requests change nothing, so a resumed run sees what the uninterrupted one would have seen.
 */
import type { CachedTrack } from './cache.node.ts'
import type { MixConfig } from './config.ts'
import { createAhead, startTeam } from './worker-team.node.ts'

/** Each of shape (batch, 2, frames) in C order, full scale ±1. */
export interface Batch {
  readonly mixture: Float32Array
  readonly vocals: Float32Array
}

export interface LoaderOptions {
  /** From `prepareCache` (and `makeSyntheticTracks`). */
  readonly tracks: readonly CachedTrack[]
  readonly config: MixConfig
  readonly seed: number
  /** Examples per batch. */
  readonly batchSize: number
  /** Samples per example. */
  readonly frames: number
  /** Samples per second of the tracks. */
  readonly rate?: number
  readonly workers?: number
  /** Batches made ahead of the one asked for. */
  readonly prefetch?: number
}

export interface Loader {
  /** The batch of a step (0, 1, 2, …); the following ones are begun. */
  batch(step: number): Promise<Batch>
  /**
   * Held-out examples `first` to `first + count`: always the same ones, plain crops of unknown singers over unknown music at a drawn
   * level ratio, every second one in mono.
   */
  validation(count: number, options?: { first?: number; frames?: number }): Promise<Batch>
  /** Ends the workers; batches not yet delivered reject. */
  close(): Promise<void>
}

export interface LoaderWorkerData {
  readonly tracks: readonly CachedTrack[]
  readonly config: MixConfig
  readonly seed: number
  readonly rate: number
}

export interface BatchRequest {
  readonly kind: 'train' | 'valid'
  /** The step, or the index of the first validation example. */
  readonly first: number
  readonly batchSize: number
  readonly frames: number
}

const wholeNumber = (name: string, value: number, least: number): void => {
  if (!Number.isSafeInteger(value) || value < least)
    throw new RangeError(`createLoader: ${name} must be a whole number of at least ${least}, got ${value}`)
}

/**
 * Starts the workers.
 *
 * @example
 * const loader = createLoader({ tracks, config: mixConfig(), seed: 1, batchSize: 8, frames: 4 * 44100 })
 * const { mixture, vocals } = await loader.batch(0) // (8, 2, 176400) each
 * await loader.close()
 */
export function createLoader(options: LoaderOptions): Loader {
  const { tracks, config, seed, batchSize, frames, rate = 44100, workers = 1, prefetch = 2 } = options
  wholeNumber('batchSize', batchSize, 1)
  wholeNumber('frames', frames, 1)
  wholeNumber('workers', workers, 1)
  wholeNumber('prefetch', prefetch, 0)
  const data: LoaderWorkerData = { tracks, config, seed, rate }
  const team = startTeam<BatchRequest, Batch>(import.meta.url, './loader.worker.node', { workers, workerData: data, name: 'divisi loader' })
  const ahead = createAhead((step, turn) => team.ask(turn, { kind: 'train', first: step, batchSize, frames }), prefetch)

  return {
    async batch(step) {
      wholeNumber('step', step, 0)
      return ahead(step)
    },
    async validation(count, { first = 0, frames: length = frames } = {}) {
      wholeNumber('count', count, 1)
      if (!tracks.some((t) => t.split === 'valid')) throw new Error('validation: no track is of the split "valid"')
      return team.ask(0, { kind: 'valid', first, batchSize: count, frames: length })
    },
    close: () => team.close(),
  }
}
