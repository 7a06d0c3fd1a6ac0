/**
 * A plain U-Net on magnitudes (Jansson et al. 2017 with two convolutions per level): batch norm, leaky ReLU, strided convolutions down,
 * nearest neighbours up, skips by concatenation, a mask, L1, AdamW. 1.96 M parameters. Its peer is unet.py.
 *
 *     npx tsx bench/unet.ts [rounds] [part of a work's name]
 */
import { BatchNorm, Conv2d, initialValues, Module } from '../src/nn/index.ts'
import { compile } from '../src/runtime/index.ts'
import { abs, concat, leakyRelu, mean, mul, sigmoid, sub, type Tensor, upsampleNearest } from '../src/tensor/index.ts'
import { createTrainer } from '../src/training/index.ts'
import { adam, type Bench, main, noise, readArray, sampled, schedule, seed, timed, trainOn, writeArray, writeWeights } from './support.ts'

class ConvBlock extends Module {
  readonly conv: Conv2d
  readonly norm: BatchNorm

  constructor(inputs: number, outputs: number, stride = 1) {
    super()
    this.conv = new Conv2d(inputs, outputs, [3, 3], { stride, padding: 1, bias: false })
    this.norm = new BatchNorm(outputs)
  }

  forward(x: Tensor): Tensor {
    return leakyRelu(this.norm.forward(this.conv.forward(x)), 0.2)
  }
}

export class UNet extends Module {
  readonly first: readonly ConvBlock[]
  readonly second: readonly ConvBlock[]
  readonly up: readonly ConvBlock[]
  readonly join: readonly ConvBlock[]
  readonly mask: Conv2d

  constructor(channels: readonly number[] = [16, 32, 64, 128, 256]) {
    super()
    const steps = channels.slice(1).map((_, i) => i)
    this.first = channels.map((outputs, i) => new ConvBlock(channels[i - 1] ?? 2, outputs, i === 0 ? 1 : 2))
    this.second = channels.map((outputs) => new ConvBlock(outputs, outputs))
    this.up = steps.map((i) => new ConvBlock(channels[i + 1]!, channels[i]!))
    this.join = steps.map((i) => new ConvBlock(2 * channels[i]!, channels[i]!))
    this.mask = new Conv2d(channels[0]!, 2, [1, 1])
  }

  /** Magnitudes (b, 2, f, t) → those of a stem. */
  forward(x: Tensor): Tensor {
    let h = x
    const skips: Tensor[] = []
    for (const [i, block] of this.first.entries()) {
      h = this.second[i]!.forward(block.forward(h))
      skips.push(h)
    }
    for (let i = this.up.length - 1; i >= 0; i--) {
      const wide = this.up[i]!.forward(upsampleNearest(h, [1, 1, 2, 2]))
      h = this.join[i]!.forward(concat([wide, skips[i]!], 1))
    }
    return mul(x, sigmoid(this.mask.forward(h)))
  }
}

const shapeOf = (batch: number) => [batch, 2, 512, 128]
const sizeOf = (batch: number) => batch * 2 * 512 * 128

/** A work's batch size stands in its name. */
const batchOf = (id: string) => Number(id.split('-').at(-1))

export const unet: Bench = {
  url: import.meta.url,
  works: [
    { id: 'unet-train-2', label: 'U-Net training step, batch 2', goal: 1, tolerance: 1e-5 },
    { id: 'unet-train-8', label: 'U-Net training step, batch 8', goal: 1, tolerance: 1e-5 },
    { id: 'unet-infer-2', label: 'U-Net inference, batch 2', goal: 0.6, tolerance: 1e-5, repeats: 10 },
    { id: 'unet-infer-8', label: 'U-Net inference, batch 8', goal: 0.6, tolerance: 1e-5 },
  ],
  prepare: (folder) => {
    writeWeights(folder, new UNet())
    for (const [i, name] of ['mixture', 'target'].entries()) writeArray(folder, name, noise(sizeOf(8), i + 1).map(Math.abs))
  },
  run: async (work, folder, backend) => {
    const batch = batchOf(work.id)
    const model = new UNet()
    const [mixture, target] = ['mixture', 'target'].map((name) => readArray(folder, name).subarray(0, sizeOf(batch)))
    if (work.id.includes('infer')) {
      const program = await compile(
        ({ x }) => ({ y: model.forward(x) }),
        { x: shapeOf(batch) },
        { backend, constants: initialValues(model, seed) },
      )
      const infer = () => program.run({ x: mixture! })
      return { numbers: sampled((await infer()).y as Float32Array), seconds: await timed(work, infer) }
    }
    const trainer = await createTrainer({
      model,
      task: {
        batch: { mixture: shapeOf(batch), target: shapeOf(batch) },
        loss: (given) => mean(abs(sub(model.forward(given.mixture), given.target))),
      },
      backend,
      adam,
      schedule,
      seed,
    })
    return trainOn(work, trainer, { mixture: mixture!, target: target! })
  },
}

await main(unet)
