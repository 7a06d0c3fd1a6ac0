/**
 * The transformers of FrameTransformer's coarsest level (carperbr 2023), whose tokens are all bins of all frames and whose dense layers are
 * convolutions; evolved or plain as those of the other levels.
 */
import { checkProbability } from '../../nn/check.ts'
import { channelDropout, gelu, Module, type Reach, squaredRelu, wholeReach } from '../../nn/index.ts'
import { add, type Tensor } from '../../tensor/index.ts'
import { ConvolutionalAttention, type ConvolutionalAttentionOptions } from './convolutional-attention.ts'
import { ChannelNorm } from './norms.ts'
import { glu } from './options.ts'
import { PlaneConv } from './plane-conv.ts'
import type { ResidualAttended } from './residual-attention.ts'
import type { Scores } from './scores.ts'

/**
 * What attention is added to in an evolved block: 'restart', to the block's input, or 'sum', to the sum of the three sublayers before it.
 * The original restarts, which loses what those sublayers computed but for what attention sees of it, and its weights were trained so. It looks like a slip:
 * networks that are trained anew may sum.
 */
export type BridgeResidual = 'restart' | 'sum'

export interface BridgeBlockOptions extends ConvolutionalAttentionOptions {
  /** 8 by default. */
  readonly heads?: number
  /** Factor of the feed-forward layer's width, 4 by default. */
  readonly expansion?: number
  /** Of whole channels, after each sublayer; 0.1 by default. */
  readonly dropout?: number
  /** 'restart' by default. */
  readonly residual?: BridgeResidual
}

/** A layer of the bridge: (b, c, t, f) and the scores of the layer before → output (b, c, t, f), scores (b, heads, t·f, t·f). */
export abstract class BridgeBlock extends Module {
  abstract override forward(x: Tensor, previous?: Scores): ResidualAttended

  override reach(): Reach {
    return wholeReach
  }
}

/** GLU, branched convolutions, convolution, attention, feed-forward, each with a norm before it. */
export class EvolvedBridgeBlock extends BridgeBlock {
  readonly norm1: ChannelNorm
  readonly glu: readonly [PlaneConv]
  readonly norm2: ChannelNorm
  readonly conv1a: PlaneConv
  readonly conv1b: readonly [PlaneConv, PlaneConv]
  readonly norm3: ChannelNorm
  readonly conv2: readonly [PlaneConv, PlaneConv]
  readonly norm4: ChannelNorm
  readonly attn: ConvolutionalAttention
  readonly norm5: ChannelNorm
  readonly conv3: PlaneConv
  readonly conv4: PlaneConv
  readonly #dropout: number
  readonly #residual: BridgeResidual

  /** @throws RangeError for sizes that are no whole numbers ≥ 1, heads that do not divide the channels, a dropout outside 0…1 */
  constructor(channels: number, { heads = 8, expansion = 4, dropout = 0.1, residual = 'restart', ...options }: BridgeBlockOptions = {}) {
    super()
    checkProbability('EvolvedBridgeBlock', { dropout })
    const depthwise = (kernel: number) =>
      [
        new PlaneConv(channels, channels, kernel, { padding: (kernel - 1) / 2, groups: channels }),
        new PlaneConv(channels, channels, 1),
      ] as const
    this.norm1 = new ChannelNorm(channels)
    this.glu = [new PlaneConv(channels, 2 * channels, 1)]
    this.norm2 = new ChannelNorm(channels)
    this.conv1a = new PlaneConv(channels, channels, 1)
    this.conv1b = depthwise(3)
    this.norm3 = new ChannelNorm(channels)
    this.conv2 = depthwise(9)
    this.norm4 = new ChannelNorm(channels)
    this.attn = new ConvolutionalAttention(channels, heads, options)
    this.norm5 = new ChannelNorm(channels)
    this.conv3 = new PlaneConv(channels, channels * expansion, 3, { padding: 1 })
    this.conv4 = new PlaneConv(channels * expansion, channels, 3, { padding: 1 })
    this.#dropout = dropout
    this.#residual = residual
  }

  /** @throws ShapeError for other channels */
  override forward(x: Tensor, previous?: Scores): ResidualAttended {
    const plus = (h: Tensor, z: Tensor) => add(h, channelDropout(z, this.#dropout))
    const both = ([first, second]: readonly [PlaneConv, PlaneConv], z: Tensor) => second.forward(first.forward(z))
    let h = plus(x, glu(this.glu[0].forward(this.norm1.forward(x)), 1))
    const z = this.norm2.forward(h)
    h = plus(plus(h, squaredRelu(this.conv1a.forward(z))), squaredRelu(both(this.conv1b, z)))
    h = plus(h, both(this.conv2, this.norm3.forward(h)))
    const { output, scores } = this.attn.forward(this.norm4.forward(h), { previous })
    h = plus(this.#residual === 'restart' ? x : h, output)
    return { output: plus(h, this.conv4.forward(squaredRelu(this.conv3.forward(this.norm5.forward(h))))), scores }
  }
}

/** Attention, feed-forward with GELU, each with a norm before it. */
export class PlainBridgeBlock extends BridgeBlock {
  readonly norm1: ChannelNorm
  readonly attn: ConvolutionalAttention
  readonly norm2: ChannelNorm
  readonly conv1: PlaneConv
  readonly conv2: PlaneConv
  readonly #dropout: number

  /** @throws RangeError for sizes that are no whole numbers ≥ 1, heads that do not divide the channels, a dropout outside 0…1 */
  constructor(channels: number, { heads = 8, expansion = 4, dropout = 0.1, ...options }: Omit<BridgeBlockOptions, 'residual'> = {}) {
    super()
    checkProbability('PlainBridgeBlock', { dropout })
    this.norm1 = new ChannelNorm(channels)
    this.attn = new ConvolutionalAttention(channels, heads, options)
    this.norm2 = new ChannelNorm(channels)
    this.conv1 = new PlaneConv(channels, channels * expansion, 3, { padding: 1 })
    this.conv2 = new PlaneConv(channels * expansion, channels, 3, { padding: 1 })
    this.#dropout = dropout
  }

  /** @throws ShapeError for other channels */
  override forward(x: Tensor, previous?: Scores): ResidualAttended {
    const plus = (h: Tensor, z: Tensor) => add(h, channelDropout(z, this.#dropout))
    const { output, scores } = this.attn.forward(this.norm1.forward(x), { previous })
    const h = plus(x, output)
    return { output: plus(h, this.conv2.forward(gelu(this.conv1.forward(this.norm2.forward(h))))), scores }
  }
}
