/**
 * Batches of spectral examples from worker threads, ahead of the trainer. An example is a function of its seed and number alone, a batch of its plan: the
 * number of workers and the order of requests change nothing.
 */
import type { SpectralExampleOptions } from './spectral/example.ts'
import type { SpectralFormat, SpectralSound } from './spectral-sounds.node.ts'
import { createAhead, startTeam } from './worker-team.node.ts'

/** What a batch consists of. */
export interface SpectralPlan {
  /** Number of its first example. */
  readonly first: number
  readonly examples: number
  /** Frames of each. */
  readonly frames: number
  /** How often they are cut in two along time: each time there are twice as many of half the length. */
  readonly halvings: number
}

export interface SpectralLoaderOptions {
  readonly sounds: readonly SpectralSound[]
  readonly format: SpectralFormat
  readonly examples: SpectralExampleOptions
  /** Frames of the chunks in which songs are read. */
  readonly chunkFrames: number
  readonly seed: number
  /** What batch number `index` is. */
  readonly plan: (index: number) => SpectralPlan
  /** 1 by default. */
  readonly workers?: number
  /** Batches made ahead of the one asked for, 2 by default. */
  readonly prefetch?: number
}

/** (b, channels, frames, …) each, by the names of an example's arrays. */
export type SpectralBatch = Readonly<Record<string, Float32Array>>

export interface SpectralLoader {
  /** Batch number `index`; the following ones are begun. */
  batch(index: number): Promise<SpectralBatch>
  /** Held-out examples, always the same ones. */
  heldOut(first: number, examples: number, frames: number): Promise<SpectralBatch>
  close(): Promise<void>
}

export interface SpectralWish extends SpectralPlan {
  readonly split: 'train' | 'valid'
}

export type SpectralWorkerData = Pick<SpectralLoaderOptions, 'sounds' | 'format' | 'examples' | 'chunkFrames' | 'seed'>

/** Shapes of an example's arrays behind the batch axis. */
export function exampleShapes(
  { channels, nFft }: SpectralFormat,
  { estimate, kind, presence }: SpectralExampleOptions,
  frames: number,
): Readonly<Record<string, readonly [number, number, number]>> {
  const all = estimate === 'complex' ? 2 * channels : channels
  const value = [all, frames, nFft / 2] as const
  const label: Record<string, readonly [number, number, number]> =
    kind === 'restoring' ? { masked: [1, frames, 1] } : { presence: [all, frames, presence?.bands ?? 4] }
  return { input: value, target: value, ...label }
}

/** Shapes of a batch's arrays. */
export function batchShapes(
  format: SpectralFormat,
  examples: SpectralExampleOptions,
  { examples: count, frames, halvings }: Omit<SpectralPlan, 'first'>,
): Readonly<Record<string, readonly number[]>> {
  const shapes = exampleShapes(format, examples, frames / 2 ** halvings)
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, [count * 2 ** halvings, ...shape] as const]))
}

/**
 * Starts the workers.
 *
 * @throws RangeError for a number of workers or batches ahead that is no whole number
 */
export function createSpectralLoader({ plan, workers = 1, prefetch = 2, ...options }: SpectralLoaderOptions): SpectralLoader {
  for (const [name, value, least] of [
    ['workers', workers, 1],
    ['prefetch', prefetch, 0],
  ] as const)
    if (!Number.isInteger(value) || value < least)
      throw new RangeError(`createSpectralLoader: ${name} ${value}; allowed are whole numbers of at least ${least}`)
  const { sounds, format, examples, chunkFrames, seed } = options
  const workerData: SpectralWorkerData = { sounds, format, examples, chunkFrames, seed }
  const name = 'divisi spectral loader'
  const team = startTeam<SpectralWish, SpectralBatch>(import.meta.url, './spectral-loader.worker.node', { workers, workerData, name })
  return {
    batch: createAhead((index, turn) => team.ask(turn, { split: 'train', ...plan(index) }), prefetch),
    heldOut: (first, count, frames) => team.ask(0, { split: 'valid', first, examples: count, frames, halvings: 0 }),
    close: () => team.close(),
  }
}
