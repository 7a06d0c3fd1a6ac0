/** The loader's worker thread: makes batches on request, so that the main thread never waits for audio. */
import { workerData } from 'node:worker_threads'
import { createRandom } from '../tensor/random.ts'
import { createCacheReader } from './cache.node.ts'
import { type MixConfig, mixConfig } from './config.ts'
import type { Batch, BatchRequest, LoaderWorkerData } from './loader.node.ts'
import { createMixer, type Example, type Mixer } from './mix.ts'
import type { Split } from './tracks.ts'
import { serveTeam } from './worker-team.node.ts'

/** First word of the validation examples' keys: they are the same for every run and seed. */
const VALIDATION_KEY = 0x7661_6c69

const { tracks, config, seed, rate } = workerData as LoaderWorkerData
const read = createCacheReader()
/** Validation does not follow the recipe's mixing, so that runs with different recipes can be compared; every source counts the same. */
const configs: Readonly<Record<Split, MixConfig>> = { train: config, valid: mixConfig({ sampling: { power: 0 } }) }
const mixers = new Map<Split, Mixer>()

function mixerOf(split: Split): Mixer {
  const known = mixers.get(split)
  if (known) return known
  const mixer = createMixer(
    tracks.filter((t) => t.split === split),
    read,
    configs[split],
    rate,
  )
  mixers.set(split, mixer)
  return mixer
}

function example({ kind, first, frames }: BatchRequest, item: number): Example {
  if (kind === 'train') return mixerOf('train').example(createRandom(seed, first, item), frames)
  const index = first + item
  return mixerOf('valid').plainExample(createRandom(VALIDATION_KEY, index), frames, index % 2 === 1)
}

function batchOf(request: BatchRequest): Batch {
  const { batchSize, frames } = request
  const mixture = new Float32Array(batchSize * 2 * frames)
  const vocals = new Float32Array(batchSize * 2 * frames)
  for (let item = 0; item < batchSize; item++) {
    const made = example(request, item)
    for (let c = 0; c < 2; c++) {
      mixture.set(made.mixture[c]!, (item * 2 + c) * frames)
      vocals.set(made.vocals[c]!, (item * 2 + c) * frames)
    }
  }
  return { mixture, vocals }
}

serveTeam(batchOf, ({ mixture, vocals }) => [mixture, vocals])
