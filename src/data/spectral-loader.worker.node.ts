/** The spectral loader's worker thread: transforms, augments and mixes on request, so that the main thread never waits for it. */
import { workerData } from 'node:worker_threads'
import { type SpectralLists, spectralExample } from './spectral/example.ts'
import { type BatchArray, halveFrames } from './spectral/halve.ts'
import { exampleShapes, type SpectralBatch, type SpectralWish, type SpectralWorkerData } from './spectral-loader.node.ts'
import { type ChunkListOptions, chunkList } from './spectral-sounds.node.ts'
import type { Split } from './tracks.ts'
import { serveTeam } from './worker-team.node.ts'

/** In place of the seed for held-out examples: they are the same for every run. */
const HELD_OUT_KEY = 0x6865_6c64

const { sounds, format, examples, chunkFrames, seed } = workerData as SpectralWorkerData
const known = new Map<Split, SpectralLists>()

function listsOf(split: Split): SpectralLists {
  const found = known.get(split)
  if (found) return found
  const of = (role: string, options: Omit<ChunkListOptions, 'chunkFrames'> = {}) =>
    chunkList(
      sounds.filter((sound) => sound.split === split && sound.role === role),
      format,
      { chunkFrames, ...options },
    )
  const peakOf = examples.form === 'original' ? 'waveform' : 'spectrum'
  const lists = { instruments: of('instrumental'), mixtures: of('mixture'), vocals: of('vocals', { heard: true, peakOf }) }
  known.set(split, lists)
  return lists
}

function batchOf({ split, first, examples: count, frames, halvings }: SpectralWish): SpectralBatch {
  const lists = listsOf(split)
  const arrays = new Map<string, BatchArray>()
  for (const [name, shape] of Object.entries(exampleShapes(format, examples, frames)))
    arrays.set(name, { shape: [count, ...shape], data: new Float32Array(count * shape.reduce((n, extent) => n * extent, 1)) })
  const plain = split === 'valid'
  for (let i = 0; i < count; i++) {
    const example = spectralExample(lists, { ...examples, frames, plain }, { seed: plain ? HELD_OUT_KEY : seed, number: first + i })
    for (const [name, { data }] of arrays) {
      const values = example[name as keyof typeof example]!
      data.set(values, i * values.length)
    }
  }
  const halved = (array: BatchArray, times: number): BatchArray => (times === 0 ? array : halved(halveFrames(array), times - 1))
  return Object.fromEntries(Array.from(arrays, ([name, array]) => [name, halved(array, halvings).data]))
}

serveTeam(batchOf, (batch) => Object.values(batch))
