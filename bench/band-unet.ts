/**
 * Training step and inference of the shipped network, with its recipe's sizes, and a song in windows. Its peer, band-unet.py, restates the network, its
 * loss, its update and the windows in PyTorch.
 *
 *     npx tsx bench/band-unet.ts [rounds] [part of a work's name]
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AudioStream } from '../src/audio/index.ts'
import { bandMatrices, istft } from '../src/dsp/index.ts'
import { bandUnetConfig, createNetwork, createSeparator } from '../src/models/index.ts'
import { initialValues } from '../src/nn/index.ts'
import type { Backend } from '../src/runtime/index.ts'
import { planWindows, separate } from '../src/separation/index.ts'
import type { Tensor } from '../src/tensor/index.ts'
import { readRecipe } from '../src/training/index.ts'
import { infer, trainerOf, trainOn } from './network.ts'
import {
  type Bench,
  type Measured,
  main,
  noise,
  readArray,
  readWeights,
  sampled,
  seed,
  timed,
  type Work,
  writeArray,
  writeWeights,
} from './support.ts'

const { recipe } = await readRecipe(fileURLToPath(new URL('../recipes/vocals.yaml', import.meta.url)))
const config = bandUnetConfig.parse(recipe.model)
const batch = recipe.training.batchSize
const samples = Math.round((recipe.data as { seconds: number }).seconds * config.sampleRate)
const windowLength = 511 * config.hopLength
const songLength = 60 * config.sampleRate
/** What a separator of the network tells: its reach ends within a second. */
const plan = planWindows({ windowLength, margin: config.sampleRate })
const second = (count: number) => (count / config.sampleRate).toFixed(1)

/** A song in memory, as decoders give it. */
function songOf(values: Float32Array): AudioStream {
  const [left, right] = [values.subarray(0, songLength), values.subarray(songLength)]
  async function* blocks() {
    for (let from = 0; from < songLength; from += 65536) yield [left.subarray(from, from + 65536), right.subarray(from, from + 65536)]
  }
  const info = { sampleRate: config.sampleRate, channels: 2, frames: songLength, format: 'samples', sampleFormat: undefined }
  return { info, blocks: blocks(), close: async () => {} }
}

async function separateSong(work: Work, values: Float32Array, backend: Backend): Promise<Measured> {
  const network = createNetwork(config)
  const separator = await createSeparator({ name: 'bench', network, values: initialValues(network, seed), backend })
  const vocals = new Float32Array(2 * songLength)
  const call = async (): Promise<void> => {
    let at = 0
    for await (const { stems } of separate(songOf(values), { separator })) {
      for (const [c, samples] of stems.vocals!.entries()) vocals.set(samples, c * songLength + at)
      at += stems.vocals![0]!.length
    }
  }
  const seconds = await timed(work, call)
  return { numbers: sampled(vocals), seconds }
}

export const bandUnet: Bench = {
  url: import.meta.url,
  works: [
    { id: 'band-train', label: `shipped network: training step, ${batch} × ${second(samples)} s of stereo`, goal: 1, tolerance: 1e-5 },
    { id: 'band-infer', label: `shipped network: inference, ${second(windowLength)} s of stereo to waveforms`, goal: 0.6, tolerance: 1e-4 },
    { id: 'band-song', label: `shipped network: ${second(songLength)} s of stereo in windows`, goal: 0.6, repeats: 2, tolerance: 1e-4 },
  ],
  prepare: (folder) => {
    const matrices = bandMatrices(config)
    writeWeights(folder, createNetwork(config))
    for (const [i, name] of ['mixture', 'vocals'].entries()) writeArray(folder, name, noise(batch * 2 * samples, i + 1))
    writeArray(folder, 'window', noise(2 * windowLength, 3))
    writeArray(folder, 'song', noise(2 * songLength, 4))
    writeArray(folder, 'analysis', Float32Array.from(matrices.analysis))
    writeArray(folder, 'synthesis', Float32Array.from(matrices.synthesis))
    writeFileSync(join(folder, 'band-unet.json'), JSON.stringify({ ...config, batch, samples, plan }))
  },
  run: async (work, folder, backend) => {
    if (work.id.includes('song')) return separateSong(work, readArray(folder, 'song'), backend)
    const model = createNetwork(config)
    if (work.id.includes('infer')) {
      const window = { values: readArray(folder, 'window'), shape: [1, 2, windowLength] }
      return infer({ work, backend, weights: readWeights(folder, model) }, window, (x) =>
        istft(model.forward(x).vocals, windowLength, config),
      )
    }
    const shape = [batch, 2, samples]
    const task = {
      batch: { mixture: shape, vocals: shape },
      loss: ({ mixture, vocals }: Record<'mixture' | 'vocals', Tensor>) => model.loss(mixture, { vocals }),
    }
    const trainer = await trainerOf(model, task, backend)
    return trainOn(work, trainer, { mixture: readArray(folder, 'mixture'), vocals: readArray(folder, 'vocals') })
  },
}

await main(bandUnet)
