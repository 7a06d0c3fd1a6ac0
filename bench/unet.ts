/**
 * A plain U-Net on magnitudes (Jansson et al. 2017 with two convolutions per level): batch norm, leaky ReLU, strided convolutions down,
 * nearest neighbours up, skips by concatenation, a mask, L1, AdamW. 1.96 M parameters. Its peer is unet.py.
 *
 *     npx tsx bench/unet.ts [rounds] [part of a work's name]
 */
import { BatchNorm, Conv2d, Module } from '../src/nn/index.ts'
import { abs, concat, leakyRelu, mean, mul, sigmoid, sub, type Tensor, upsampleNearest } from '../src/tensor/index.ts'
import { networkBench } from './network.ts'
import { main } from './support.ts'

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

export const unet = networkBench({
  url: import.meta.url,
  works: [
    { id: 'unet-train-2', label: 'U-Net training step, batch 2', goal: 1, tolerance: 1e-5 },
    { id: 'unet-train-8', label: 'U-Net training step, batch 8', goal: 1, tolerance: 1e-5 },
    { id: 'unet-infer-2', label: 'U-Net inference, batch 2', goal: 0.6, tolerance: 1e-5, repeats: 10 },
    { id: 'unet-infer-8', label: 'U-Net inference, batch 8', goal: 0.6, tolerance: 1e-5 },
  ],
  create: () => new UNet(),
  // A work's batch size stands in its name.
  shapeOf: ({ id }) => [Number(id.split('-').at(-1)), 2, 512, 128],
  magnitudes: true,
  loss: (estimate, target) => mean(abs(sub(estimate, target))),
})

await main(unet)
