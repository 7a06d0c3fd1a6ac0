/**
 * The transformers of FrameTransformer's encoder levels (carperbr 2023). They bring all channels to a few maps, in which each frame is a token, and
 * append these maps to the channels. Two kinds: evolved, after So et al. 2019 ("The Evolved Transformer", arXiv 1901.11117) and 2021 ("Primer", arXiv
 * 2109.08668), and plain, with norms first.
 */
import { dropout, gelu, Module, type Reach, squaredRelu, wholeReach } from '../../nn/index.ts'
import { add, concat, type Tensor } from '../../tensor/index.ts'
import { type FrameConv, sameFrameConv } from './frame-conv.ts'
import { MultichannelAttention } from './multichannel-attention.ts'
import { MultichannelLinear } from './multichannel-linear.ts'
import { MultichannelLayerNorm } from './norms.ts'
import { blockOptions, embedding, type FrameBlockOptions, glu } from './options.ts'
import type { PlaneConv } from './plane-conv.ts'
import type { Scores } from './scores.ts'

export interface EncodedFrames {
  /** The input and the maps after it: (b, c + m, t, f). */
  readonly joined: Tensor
  /** (b, m, t, f) */
  readonly maps: Tensor
  /** (b, m, heads, t, t), what was added to them among them. */
  readonly scores: Scores
}

/** A transformer of an encoder level: (b, c, t, f) and the scores of the level before. */
export abstract class FrameEncoderBlock extends Module {
  abstract override forward(x: Tensor, previous?: Scores): EncodedFrames

  override reach(): Reach {
    return wholeReach
  }
}

/** GLU, branched convolutions, convolution, attention, feed-forward, each with a norm before it. */
export class EvolvedEncoderBlock extends FrameEncoderBlock {
  readonly embed: PlaneConv | undefined
  readonly norm1: MultichannelLayerNorm
  readonly glu: readonly [MultichannelLinear]
  readonly norm2: MultichannelLayerNorm
  readonly conv1a: MultichannelLinear
  readonly conv1b: FrameConv
  readonly norm3: MultichannelLayerNorm
  readonly conv2: FrameConv
  readonly norm4: MultichannelLayerNorm
  readonly attn: MultichannelAttention
  readonly norm5: MultichannelLayerNorm
  readonly conv3: MultichannelLinear
  readonly conv4: MultichannelLinear
  readonly #dropout: number

  /** @throws RangeError for sizes that are no whole numbers ≥ 1, and heads that do not divide the bins */
  constructor(channels: number, bins: number, options: FrameBlockOptions = {}) {
    super()
    const { maps, heads, expansion, projection, eps, dropout, scoreBytes } = blockOptions(options)
    const norm = () => new MultichannelLayerNorm(maps, bins, { eps })
    const linear = (inputBins: number, outputBins: number) => new MultichannelLinear({ inputs: maps, outputs: maps, inputBins, outputBins })
    this.embed = embedding(channels, maps)
    this.norm1 = norm()
    this.glu = [linear(bins, 2 * bins)]
    this.norm2 = norm()
    this.conv1a = linear(bins, bins)
    this.conv1b = sameFrameConv(maps, bins, 3)
    this.norm3 = norm()
    this.conv2 = sameFrameConv(maps, bins, 9)
    this.norm4 = norm()
    this.attn = new MultichannelAttention(maps, heads, bins, { projection, scoreBytes })
    this.norm5 = norm()
    this.conv3 = linear(bins, expansion)
    this.conv4 = linear(expansion, bins)
    this.#dropout = dropout
  }

  /** @throws ShapeError for other channels or bins */
  override forward(x: Tensor, previous?: Scores): EncodedFrames {
    const plus = (h: Tensor, z: Tensor) => add(h, dropout(z, this.#dropout))
    let h = this.embed ? this.embed.forward(x) : x
    h = plus(h, glu(this.glu[0].forward(this.norm1.forward(h)), 3))
    const z = this.norm2.forward(h)
    h = plus(plus(h, squaredRelu(this.conv1a.forward(z))), squaredRelu(this.conv1b.forward(z)))
    h = plus(h, this.conv2.forward(this.norm3.forward(h)))
    const { output, scores } = this.attn.forward(this.norm4.forward(h), { previous })
    h = plus(h, output)
    const maps = plus(h, this.conv4.forward(squaredRelu(this.conv3.forward(this.norm5.forward(h)))))
    return { joined: concat([x, maps], 1), maps, scores }
  }
}

/** Attention, feed-forward with GELU, each with a norm before it. */
export class PlainEncoderBlock extends FrameEncoderBlock {
  readonly embed: PlaneConv | undefined
  readonly norm1: MultichannelLayerNorm
  readonly attn: MultichannelAttention
  readonly norm2: MultichannelLayerNorm
  readonly conv1: MultichannelLinear
  readonly conv2: MultichannelLinear
  readonly #dropout: number

  /** @throws RangeError for sizes that are no whole numbers ≥ 1, and heads that do not divide the bins */
  constructor(channels: number, bins: number, options: FrameBlockOptions = {}) {
    super()
    const { maps, heads, expansion, projection, eps, dropout, scoreBytes } = blockOptions(options)
    this.embed = embedding(channels, maps)
    this.norm1 = new MultichannelLayerNorm(maps, bins, { eps })
    this.attn = new MultichannelAttention(maps, heads, bins, { projection, scoreBytes })
    this.norm2 = new MultichannelLayerNorm(maps, bins, { eps })
    this.conv1 = new MultichannelLinear({ inputs: maps, outputs: maps, inputBins: bins, outputBins: expansion }, { depthwise: true })
    this.conv2 = new MultichannelLinear({ inputs: maps, outputs: maps, inputBins: expansion, outputBins: bins })
    this.#dropout = dropout
  }

  /** @throws ShapeError for other channels or bins */
  override forward(x: Tensor, previous?: Scores): EncodedFrames {
    const plus = (h: Tensor, z: Tensor) => add(h, dropout(z, this.#dropout))
    const h = this.embed ? this.embed.forward(x) : x
    const { output, scores } = this.attn.forward(this.norm1.forward(h), { previous })
    const attended = plus(h, output)
    const maps = plus(attended, this.conv2.forward(gelu(this.conv1.forward(this.norm2.forward(attended)))))
    return { joined: concat([x, maps], 1), maps, scores }
  }
}
