/**
 * Parts of MMDenseNet and MMDenseLSTM: dense blocks (Huang et al. 2017, "Densely connected convolutional networks"), whose every layer sees all before
 * it, and the LSTM that stands beside one.
 */
import { BatchNorm, Conv2d, chainReach, Linear, LSTM, Module, type Reach } from '../../nn/index.ts'
import { concat, relu, reshape, type Tensor, unsqueeze } from '../../tensor/index.ts'

/** Norm, rectifier, convolution: (b, c, t, f) → (b, growth, t, f). */
class DenseLayer extends Module {
  readonly norm: BatchNorm
  readonly conv: Conv2d

  constructor(inputs: number, growth: number) {
    super()
    this.norm = new BatchNorm(inputs)
    this.conv = new Conv2d(inputs, growth, [3, 3], { padding: 'same', bias: false })
  }

  forward(x: Tensor): Tensor {
    return this.conv.forward(relu(this.norm.forward(x)))
  }
}

/** What all layers add: (b, c, t, f) → (b, layers · growth, t, f). */
export class DenseBlock extends Module {
  readonly layers: readonly DenseLayer[]
  readonly outputs: number

  constructor(inputs: number, growth: number, layers: number) {
    super()
    this.layers = Array.from({ length: layers }, (_, i) => new DenseLayer(inputs + i * growth, growth))
    this.outputs = layers * growth
  }

  forward(x: Tensor): Tensor {
    let seen = x
    const added: Tensor[] = []
    for (const layer of this.layers) {
      const maps = layer.forward(seen)
      added.push(maps)
      seen = concat([seen, maps], 1)
    }
    return concat(added, 1)
  }

  override reach(): Reach {
    return chainReach(this.layers.map((layer) => layer.reach()))
  }
}

/** A map of one channel in which frames know of each other: (b, c, t, f) → (b, 1, t, f) (Takahashi, Goswami & Mitsufuji 2018, section 3.2). */
export class FrameLstm extends Module {
  readonly squeeze: Conv2d
  readonly lstm: LSTM
  readonly linear: Linear

  constructor(channels: number, bins: number, units: number) {
    super()
    this.squeeze = new Conv2d(channels, 1, [1, 1])
    this.lstm = new LSTM(bins, units, { bidirectional: true })
    this.linear = new Linear(2 * units, bins)
  }

  forward(x: Tensor): Tensor {
    const [b, , t, f] = x.shape as [number, number, number, number]
    const frames = reshape(this.squeeze.forward(x), [b, t, f])
    return unsqueeze(this.linear.forward(this.lstm.forward(frames).outputs), 1)
  }
}
