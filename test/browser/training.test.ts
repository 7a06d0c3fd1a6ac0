/** Training on other devices: the same losses as the float64 reference's, in a page, on the processor and through WebGPU. */
import { describe, expect, it } from 'vitest'
import { bandUnetConfig } from '../../src/models/band-unet/config.ts'
import { BandUnet } from '../../src/models/band-unet/network.ts'
import { type Backend, createOnnxRuntimeWebBackend, createReferenceBackend } from '../../src/runtime/browser.ts'
import { createRandom } from '../../src/tensor/index.ts'
import { createTrainer } from '../../src/training/trainer.ts'

const sizes = { sampleRate: 8000, nFft: 64, hopLength: 16, bands: 16, highest: 3500, channels: [4, 8], bottleneck: 1 }
const config = bandUnetConfig.parse({ architecture: 'band-unet', ...sizes })
const shape = [2, 2, 15 * 16]

function noise(key: number): Float32Array {
  const random = createRandom(21, key)
  return Float32Array.from({ length: 2 * 2 * 15 * 16 }, () => random.uniform(-0.5, 0.5))
}

/** Losses of updates of two parts: STFT, convolutions, batch norm, their derivatives, clipping and AdamW in one number each. */
async function lossesOn(create: () => Promise<Backend>): Promise<number[]> {
  const backend = await create()
  const model = new BandUnet(config)
  const trainer = await createTrainer<'mixture' | 'vocals'>({
    model,
    task: { batch: { mixture: shape, vocals: shape }, loss: ({ mixture, vocals }) => model.loss(mixture, { vocals }) },
    backend,
    schedule: { peak: 0.01, warmup: 2, decay: 0, steps: 100 },
    averageDecay: 0.9,
    seed: 3,
  })
  const losses: number[] = []
  for (let step = 0; step < 4; step++) {
    const parts = [0, 1].map((part) => {
      const index = 2 * step + part
      return { index, batch: { mixture: noise(2 * index), vocals: noise(2 * index + 1) } }
    })
    const { loss, accepted } = await trainer.update(parts)
    expect(accepted).toBe(true)
    losses.push(loss)
  }
  await trainer.dispose()
  await backend.dispose()
  return losses
}

describe('training', async () => {
  const reference = await lossesOn(async () => createReferenceBackend())

  // float32 against float64, as both round: 3e-7 was seen on either.
  it.each(['wasm', 'webgpu'] as const)('gives the same losses on %s', async (device) => {
    const losses = await lossesOn(() => createOnnxRuntimeWebBackend({ device }))
    for (const [step, loss] of losses.entries()) expect(Math.abs(loss / reference[step]! - 1), `step ${step}`).toBeLessThan(1e-5)
  })
})
