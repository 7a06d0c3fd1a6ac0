/**
 * Three bidirectional LSTM layers of 512 units on 256 frames of 513 magnitudes, a dense layer to a mask, mean squared error, AdamW: the network of
 * Open-Unmix in its essentials. Batch 16. Its peer is blstm.py; Debian's PyTorch has an abnormally slow LSTM (spec/engine-facts), so the floor is
 * stated beside the ratio: see bench/README.md.
 *
 *     npx tsx bench/blstm.ts [rounds] [part of a work's name]
 */
import { defaultInit, Linear, Module, type Parameter, parameter, uniformInit } from '../src/nn/index.ts'
import { concat, lstm, mean, mul, sigmoid, square, sub, type Tensor } from '../src/tensor/index.ts'
import { networkBench } from './network.ts'
import { main } from './support.ts'

const [frames, batch, bins, hidden, depth] = [256, 16, 513, 512, 3]

class Direction extends Module {
  readonly weight_ih: Parameter
  readonly weight_hh: Parameter
  readonly bias_ih: Parameter
  readonly bias_hh: Parameter
  readonly #reverse: boolean

  constructor(inputs: number, reverse: boolean) {
    super()
    const init = uniformInit(1 / Math.sqrt(hidden))
    this.weight_ih = parameter([4 * hidden, inputs], init)
    this.weight_hh = parameter([4 * hidden, hidden], init)
    this.bias_ih = parameter([4 * hidden], defaultInit(hidden))
    this.bias_hh = parameter([4 * hidden], defaultInit(hidden))
    this.#reverse = reverse
  }

  forward(x: Tensor): Tensor {
    const weights = { weightIh: this.weight_ih, weightHh: this.weight_hh, biasIh: this.bias_ih, biasHh: this.bias_hh }
    return lstm(x, weights, { reverse: this.#reverse }).outputs
  }
}

class Blstm extends Module {
  readonly layers: readonly (readonly Direction[])[]
  readonly mask = new Linear(2 * hidden, bins)

  constructor() {
    super()
    this.layers = Array.from({ length: depth }, (_, i) =>
      [false, true].map((reverse) => new Direction(i === 0 ? bins : 2 * hidden, reverse)),
    )
  }

  /** (t, b, bins) → (t, b, bins) */
  forward(x: Tensor): Tensor {
    const h = this.layers.reduce(
      (y, directions) =>
        concat(
          directions.map((direction) => direction.forward(y)),
          2,
        ),
      x,
    )
    return mul(x, sigmoid(this.mask.forward(h)))
  }
}

export const blstm = networkBench({
  url: import.meta.url,
  works: [
    { id: 'blstm-train', label: `BLSTM training step, batch ${batch}`, goal: 1, tolerance: 1e-5, repeats: 3 },
    { id: 'blstm-infer', label: `BLSTM inference, batch ${batch}`, goal: 0.8, tolerance: 1e-5, repeats: 3 },
  ],
  create: () => new Blstm(),
  shapeOf: () => [frames, batch, bins],
  magnitudes: true,
  loss: (estimate, target) => mean(square(sub(estimate, target))),
})

await main(blstm)
