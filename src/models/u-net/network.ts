/**
 * The spectrogram U-Net (Jansson et al. 2017, "Singing voice separation with deep U-Net convolutional networks", ISMIR): strided convolutions
 * halve the magnitude's grid and double its channels, transposed ones (or interpolation and a convolution) undo that, each level with the encoder's of the same size beside it,
 * and a soft mask comes out. Detail takes the short way across, and so does the gradient.
 */
import { BatchNorm, Conv2d, ConvTranspose2d, chainReach, Dropout, Module, type Reach, Upsample } from '../../nn/index.ts'
import { concat, formatShape, leakyRelu, mul, narrow, pad, relu, ShapeError, sigmoid, type Tensor } from '../../tensor/index.ts'
import type { UNetConfig } from './config.ts'

/** (b, c, t, f) → (b, o, t/2, f/2) */
class EncoderLevel extends Module {
  readonly conv: Conv2d
  readonly norm: BatchNorm
  readonly #slope: number

  constructor(inputs: number, outputs: number, { kernel, slope }: UNetConfig) {
    super()
    this.conv = new Conv2d(inputs, outputs, [kernel, kernel], { stride: 2, padding: (kernel - 1) / 2, bias: false })
    this.norm = new BatchNorm(outputs)
    this.#slope = slope
  }

  forward(x: Tensor): Tensor {
    return leakyRelu(this.norm.forward(this.conv.forward(x)), this.#slope)
  }
}

/** Each bin four times, and a convolution of stride 1: its `weight` and `bias` have the place and the names of the transposed one's. */
class ResizeConv extends Conv2d {
  readonly #repeat = new Upsample({ scale: 2 })

  override forward(x: Tensor): Tensor {
    return super.forward(this.#repeat.forward(x))
  }

  override reach(): Reach {
    return chainReach([this.#repeat.reach(), super.reach()])
  }
}

/** What doubles both axes. */
function doubling(inputs: number, outputs: number, { kernel, upsampling }: UNetConfig, bias: boolean): ConvTranspose2d | ResizeConv {
  const options = { padding: (kernel - 1) / 2, bias }
  return upsampling === 'interpolation'
    ? new ResizeConv(inputs, outputs, [kernel, kernel], options)
    : new ConvTranspose2d(inputs, outputs, [kernel, kernel], { ...options, stride: 2, outputPadding: 1 })
}

/** (b, c, t, f) → (b, o, 2t, 2f) */
class DecoderLevel extends Module {
  readonly conv: ConvTranspose2d | ResizeConv
  readonly norm: BatchNorm
  readonly dropout: Dropout

  constructor(inputs: number, outputs: number, config: UNetConfig, dropout: number) {
    super()
    this.conv = doubling(inputs, outputs, config, false)
    this.norm = new BatchNorm(outputs)
    this.dropout = new Dropout(dropout)
  }

  forward(x: Tensor): Tensor {
    return this.dropout.forward(relu(this.norm.forward(this.conv.forward(x))))
  }
}

/** Magnitudes (b, inputs, t, f) → those of a source, mask ⊙ input, of the same shape. */
export class UNet extends Module {
  readonly config: UNetConfig
  readonly encoder: readonly EncoderLevel[]
  readonly decoder: readonly DecoderLevel[]
  readonly mask: ConvTranspose2d | ResizeConv

  constructor(config: UNetConfig) {
    super()
    const { inputs, channels, dropout, dropoutLevels, skips } = config
    const rising = channels.toReversed()
    const seen = (level: number) => rising[level]! * (level > 0 && skips ? 2 : 1)
    this.config = config
    this.encoder = channels.map((outputs, level) => new EncoderLevel(channels[level - 1] ?? inputs, outputs, config))
    this.decoder = rising
      .slice(1)
      .map((outputs, level) => new DecoderLevel(seen(level), outputs, config, level < dropoutLevels ? dropout : 0))
    this.mask = doubling(seen(channels.length - 1), inputs, config, true)
  }

  /** @throws ShapeError for other than (b, inputs, t, f) */
  forward(x: Tensor): Tensor {
    return mul(x, this.estimateMask(x))
  }

  /**
   * How much of each bin is the source's, between 0 and 1: (b, inputs, t, f). Axes that the levels cannot halve are filled up with silence.
   *
   * @throws ShapeError for other than (b, inputs, t, f)
   */
  estimateMask(x: Tensor): Tensor {
    const { inputs, channels, skips } = this.config
    if (x.shape.length !== 4 || x.shape[1] !== inputs)
      throw new ShapeError('UNet', `magnitudes ${formatShape(x.shape)}; needs (b, ${inputs}, t, f)`)
    const [t, f] = x.shape.slice(2) as [number, number]
    const factor = 2 ** channels.length
    const spare = [t, f].map((extent) => (factor - (extent % factor)) % factor)
    const levels: Tensor[] = []
    let h = pad(x, [0, 0, 0, 0], [0, 0, ...spare])
    for (const level of this.encoder) {
      h = level.forward(h)
      levels.push(h)
    }
    for (const [i, level] of this.decoder.entries()) {
      h = level.forward(h)
      if (skips) h = concat([h, levels.at(-2 - i)!], 1)
    }
    return narrow(narrow(sigmoid(this.mask.forward(h)), 2, 0, t), 3, 0, f)
  }

  /** The way through all levels: what the skips and the product with the input see lies within. */
  override reach(): Reach {
    return chainReach([...this.encoder, ...this.decoder, this.mask].map((level) => level.reach()))
  }
}
