/** A network and a task small enough for tests, made of the same parts as the shipped ones. */
import { stft } from '../../src/dsp/index.ts'
import { relativeError } from '../../src/losses/index.ts'
import { bandUnetConfig, createNetwork } from '../../src/models/index.ts'
import type { Backend } from '../../src/runtime/index.ts'
import { createRandom } from '../../src/tensor/index.ts'
import { createTrainer, type Trainer, type TrainerOptions } from '../../src/training/index.ts'

export const tinyConfig = bandUnetConfig.parse({
  architecture: 'band-unet',
  sampleRate: 8000,
  nFft: 64,
  hopLength: 16,
  bands: 16,
  highest: 3500,
  channels: [4, 8],
  bottleneck: 1,
})

const tinyShape = [2, 2, 15 * 16] as const

/** "Vocals" are a high tone, "instrumental" is a low one, both of drawn level and phase. */
export function tinyBatch(seed: number): { mixture: Float32Array; vocals: Float32Array } {
  const [batch, channels, samples] = tinyShape
  const random = createRandom(seed)
  const [mixture, vocals] = [new Float32Array(batch * channels * samples), new Float32Array(batch * channels * samples)]
  for (let b = 0; b < batch; b++) {
    const [high, low, phase] = [random.uniform(0.1, 0.5), random.uniform(0.1, 0.5), random.uniform(0, 6)]
    for (let c = 0; c < channels; c++) {
      for (let n = 0; n < samples; n++) {
        const at = (b * channels + c) * samples + n
        vocals[at] = high * Math.sin(2 * Math.PI * 0.3 * n + phase)
        mixture[at] = vocals[at]! + low * Math.sin(2 * Math.PI * 0.05 * n)
      }
    }
  }
  return { mixture, vocals }
}

export async function tinyTrainer(
  backend: Backend,
  learningRate = 0.01,
  options: Pick<TrainerOptions<never>, 'optimizer' | 'schedule' | 'clipNorm' | 'averageDecay'> = {},
): Promise<Trainer<'mixture' | 'vocals'>> {
  const network = createNetwork(tinyConfig)
  return createTrainer({
    model: network,
    task: {
      batch: { mixture: tinyShape, vocals: tinyShape },
      loss: ({ mixture, vocals }) => {
        const separated = network.forward(mixture)
        return relativeError(separated.vocals, stft(vocals, tinyConfig), separated.mixture)
      },
    },
    backend,
    optimizer: { name: 'adamw', betas: [0.9, 0.99] },
    schedule: { peak: learningRate, warmup: 5, decay: 0, steps: 1000 },
    averageDecay: 0.9,
    seed: 3,
    ...options,
  })
}
