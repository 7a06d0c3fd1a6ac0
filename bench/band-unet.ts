/**
 * Training step and inference of the shipped network, with its recipe's sizes. Its peer, band-unet.py, restates the network, its loss and its
 * update in PyTorch.
 *
 *     npx tsx bench/band-unet.ts [rounds] [part of a work's name]
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bandMatrices, istft } from '../src/dsp/index.ts'
import { bandUnetConfig, createNetwork } from '../src/models/index.ts'
import type { Tensor } from '../src/tensor/index.ts'
import { readRecipe } from '../src/training/index.ts'
import { infer, trainerOf, trainOn } from './network.ts'
import { type Bench, main, noise, readArray, writeArray, writeWeights } from './support.ts'

const { recipe } = await readRecipe(fileURLToPath(new URL('../recipes/vocals.yaml', import.meta.url)))
const config = bandUnetConfig.parse(recipe.model)
const batch = recipe.training.batchSize
const samples = Math.round((recipe.data as { seconds: number }).seconds * config.sampleRate)
const windowLength = 511 * config.hopLength
const second = (count: number) => (count / config.sampleRate).toFixed(1)

export const bandUnet: Bench = {
  url: import.meta.url,
  works: [
    { id: 'band-train', label: `shipped network: training step, ${batch} × ${second(samples)} s of stereo`, goal: 1, tolerance: 1e-5 },
    { id: 'band-infer', label: `shipped network: inference, ${second(windowLength)} s of stereo to waveforms`, goal: 0.6, tolerance: 1e-4 },
  ],
  prepare: (folder) => {
    const matrices = bandMatrices(config)
    writeWeights(folder, createNetwork(config))
    for (const [i, name] of ['mixture', 'vocals'].entries()) writeArray(folder, name, noise(batch * 2 * samples, i + 1))
    writeArray(folder, 'window', noise(2 * windowLength, 3))
    writeArray(folder, 'analysis', Float32Array.from(matrices.analysis))
    writeArray(folder, 'synthesis', Float32Array.from(matrices.synthesis))
    writeFileSync(join(folder, 'band-unet.json'), JSON.stringify({ ...config, batch, samples }))
  },
  run: async (work, folder, backend) => {
    const model = createNetwork(config)
    if (work.id.includes('infer')) {
      const window = { values: readArray(folder, 'window'), shape: [1, 2, windowLength] }
      return infer({ work, backend, model }, window, (x) => istft(model.forward(x).vocals, windowLength, config))
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
