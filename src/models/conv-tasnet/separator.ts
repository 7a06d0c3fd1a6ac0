/**
 * The temporal convolutional network of Conv-TasNet (Luo & Mesgarani 2019, arXiv 1809.07454, section II.C): R times X blocks of dilated depthwise
 * convolution, each of which hands on a residual and adds to a sum of skips, of which the masks are made.
 */
import {
  Conv1d,
  CumulativeLayerNorm,
  chainReach,
  GroupNorm,
  joinReach,
  Module,
  PReLU,
  pointwiseReach,
  type Reach,
  type TensorFunction,
} from '../../nn/index.ts'
import { add, reshape, type Tensor } from '../../tensor/index.ts'
import type { ConvTasNetConfig } from './config.ts'

/** Over channels and time: of all steps (gLN), or of those up to each (cLN). */
function normOf(channels: number, causal: boolean): GroupNorm | CumulativeLayerNorm {
  return causal ? new CumulativeLayerNorm(channels) : new GroupNorm(1, channels)
}

/** (b, B, t) → what the skips' sum gets, (b, Sc, t), and what the next block gets, (b, B, t). */
export class TcnBlock extends Module {
  readonly expand: Conv1d
  readonly prelu1: PReLU
  readonly norm1: GroupNorm | CumulativeLayerNorm
  readonly depthwise: Conv1d
  readonly prelu2: PReLU
  readonly norm2: GroupNorm | CumulativeLayerNorm
  readonly skip: Conv1d
  /** The last block has none: nothing would read it. */
  readonly residual: Conv1d | undefined

  constructor({ bottleneck, hidden, skip, kernel, causal }: ConvTasNetConfig, dilation: number, last: boolean) {
    super()
    this.expand = new Conv1d(bottleneck, hidden, 1)
    this.prelu1 = new PReLU()
    this.norm1 = normOf(hidden, causal)
    this.depthwise = new Conv1d(hidden, hidden, kernel, { dilation, groups: hidden, padding: causal ? 'causal' : 'same' })
    this.prelu2 = new PReLU()
    this.norm2 = normOf(hidden, causal)
    this.skip = new Conv1d(hidden, skip, 1)
    this.residual = last ? undefined : new Conv1d(hidden, bottleneck, 1)
  }

  forward(x: Tensor): { skip: Tensor; next: Tensor } {
    const expanded = this.norm1.forward(this.prelu1.forward(this.expand.forward(x)))
    const y = this.norm2.forward(this.prelu2.forward(this.depthwise.forward(expanded)))
    return { skip: this.skip.forward(y), next: this.residual ? add(x, this.residual.forward(y)) : x }
  }

  override reach(): Reach {
    return joinReach([chainReach([this.norm1, this.depthwise, this.norm2].map((layer) => layer.reach())), pointwiseReach])
  }
}

/** Responses of the encoder (b, N, t) → masks (b, stems, N, t). */
export class TcnSeparator extends Module {
  readonly norm: GroupNorm | CumulativeLayerNorm
  readonly bottleneck: Conv1d
  readonly blocks: readonly TcnBlock[]
  readonly prelu: PReLU
  readonly mask: Conv1d
  readonly #stems: number
  readonly #activation: TensorFunction

  /** @param activation of (b, stems, N, t) */
  constructor(config: ConvTasNetConfig, activation: TensorFunction) {
    super()
    const { filters, bottleneck, skip, blocks, repeats, stems, causal } = config
    const total = blocks * repeats
    this.norm = normOf(filters, causal)
    this.bottleneck = new Conv1d(filters, bottleneck, 1)
    this.blocks = Array.from({ length: total }, (_, i) => new TcnBlock(config, 2 ** (i % blocks), i === total - 1))
    this.prelu = new PReLU()
    this.mask = new Conv1d(skip, filters * stems.length, 1)
    this.#stems = stems.length
    this.#activation = activation
  }

  forward(w: Tensor): Tensor {
    let x = this.bottleneck.forward(this.norm.forward(w))
    const skips = this.blocks.map((block) => {
      const { skip, next } = block.forward(x)
      x = next
      return skip
    })
    const logits = this.mask.forward(this.prelu.forward(skips.reduce((sum, skip) => add(sum, skip))))
    return this.#activation(reshape(logits, [w.shape[0]!, this.#stems, w.shape[1]!, w.shape[2]!]))
  }

  override reach(): Reach {
    return chainReach([this.norm, ...this.blocks].map((layer) => layer.reach()))
  }
}
