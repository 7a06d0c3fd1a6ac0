/**
 * FrameTransformer's first published network, V1 (carperbr, February 2023): transformers of one map with norms first, whose positions are rotary alone, and
 * whose layers know nothing of each other's scores.
 */
import { z } from 'zod'
import { dropout, LayerNorm, Module, type Reach, squaredRelu, wholeReach } from '../../../nn/index.ts'
import { add, concat, reshape, type Tensor, transpose } from '../../../tensor/index.ts'
import { count } from '../../separation-config.ts'
import { doubleBins } from '../levels.ts'
import { MultichannelLinear } from '../multichannel-linear.ts'
import { PlaneConv } from '../plane-conv.ts'
import { residualAttention } from '../residual-attention.ts'
import { RotaryEmbedding } from '../rotary-embedding.ts'
import { checkOlderHeads, type OlderBlock, OlderUNet, olderFields } from './older-u-net.ts'

export const v1Config = z
  .strictObject({
    ...olderFields,
    /** Width of the feed-forward layers in multiples of the bins. */
    expansion: count.default(24),
  })
  .superRefine(checkOlderHeads)
export type V1Config = z.output<typeof v1Config>

/** Each frame of each channel over its bins, with the same gains in all channels: `norm.weight` and `norm.bias` (f). */
class FrameNorm extends Module {
  readonly norm: LayerNorm

  constructor(bins: number) {
    super()
    this.norm = new LayerNorm(bins)
  }

  forward(x: Tensor): Tensor {
    return this.norm.forward(x)
  }
}

/** Attention over frames: (b, 1, t, f) → (b, 1, t, f). */
class FrameAttention extends Module {
  readonly embedding: RotaryEmbedding
  readonly q_proj: MultichannelLinear
  readonly k_proj: MultichannelLinear
  readonly v_proj: MultichannelLinear
  readonly o_proj: MultichannelLinear
  readonly #heads: number

  constructor(bins: number, heads: number) {
    super()
    const linear = () => new MultichannelLinear({ inputs: 1, outputs: 1, inputBins: bins, outputBins: bins })
    this.embedding = new RotaryEmbedding(bins / heads)
    this.q_proj = linear()
    this.k_proj = linear()
    this.v_proj = linear()
    this.o_proj = linear()
    this.#heads = heads
  }

  forward(x: Tensor, memory: Tensor = x): Tensor {
    const bins = x.shape[3]!
    const split = (y: Tensor) => transpose(reshape(y, [y.shape[0]!, y.shape[2]!, this.#heads, bins / this.#heads]), [0, 2, 1, 3])
    const queries = this.embedding.forward(split(this.q_proj.forward(x)))
    const keys = this.embedding.forward(split(this.k_proj.forward(memory)))
    const values = split(this.v_proj.forward(memory))
    const { output } = residualAttention(queries, keys, values, { scale: 1 / Math.sqrt(bins) })
    return this.o_proj.forward(reshape(transpose(output, [0, 2, 1, 3]), x.shape))
  }

  override reach(): Reach {
    return wholeReach
  }
}

interface V1BlockSizes {
  readonly channels: number
  readonly bins: number
  readonly heads: number
  readonly expansion: number
  readonly dropout: number
}

/** What both kinds of transformers end with. */
abstract class V1Block extends Module {
  readonly embed: PlaneConv
  readonly norm1: FrameNorm
  readonly norm2: FrameNorm
  readonly conv1: MultichannelLinear
  readonly conv2: MultichannelLinear
  readonly #dropout: number

  constructor({ channels, bins, expansion, dropout }: V1BlockSizes) {
    super()
    const linear = (inputBins: number, outputBins: number) => new MultichannelLinear({ inputs: 1, outputs: 1, inputBins, outputBins })
    this.embed = new PlaneConv(channels, 1, 1)
    this.norm1 = new FrameNorm(bins)
    this.norm2 = new FrameNorm(bins)
    this.conv1 = linear(bins, bins * expansion)
    this.conv2 = linear(bins * expansion, bins)
    this.#dropout = dropout
  }

  protected plus(h: Tensor, z: Tensor): Tensor {
    return add(h, dropout(z, this.#dropout))
  }

  protected end(x: Tensor, h: Tensor): OlderBlock {
    const maps = this.plus(h, this.conv2.forward(squaredRelu(this.conv1.forward(this.norm2.forward(h)))))
    return { joined: concat([x, maps], 1), maps }
  }

  override reach(): Reach {
    return wholeReach
  }
}

class V1EncoderBlock extends V1Block {
  readonly attn: FrameAttention

  constructor(sizes: V1BlockSizes) {
    super(sizes)
    this.attn = new FrameAttention(sizes.bins, sizes.heads)
  }

  forward(x: Tensor): OlderBlock {
    const h = this.embed.forward(x)
    return this.end(x, this.plus(h, this.attn.forward(this.norm1.forward(h))))
  }
}

class V1DecoderBlock extends V1Block {
  readonly attn1: FrameAttention
  readonly attn2: FrameAttention
  /** In the states of the original, whose cross-attention takes norm1 a second time, and whose feed-forward layer takes norm2. */
  readonly norm3: FrameNorm

  constructor(sizes: V1BlockSizes) {
    super(sizes)
    this.attn1 = new FrameAttention(sizes.bins, sizes.heads)
    this.attn2 = new FrameAttention(sizes.bins, sizes.heads)
    this.norm3 = new FrameNorm(sizes.bins)
  }

  forward(x: Tensor, { maps }: OlderBlock): OlderBlock {
    let h = this.embed.forward(x)
    h = this.plus(h, this.attn1.forward(this.norm1.forward(h)))
    h = this.plus(h, this.attn2.forward(this.norm1.forward(h), maps))
    return this.end(x, h)
  }
}

/** The residual block of that time. */
class V1ResBlock extends Module {
  readonly norm: FrameNorm
  readonly conv1: PlaneConv
  readonly conv2: PlaneConv
  readonly identity: PlaneConv | undefined

  constructor(inputs: number, outputs: number, bins: number, downsample = false) {
    super()
    const stride = downsample ? ([2, 1] as const) : 1
    this.norm = new FrameNorm(bins)
    this.conv1 = new PlaneConv(inputs, outputs, 3, { padding: 1, bias: false })
    this.conv2 = new PlaneConv(outputs, outputs, 3, { padding: 1, stride, bias: false })
    this.identity = inputs !== outputs || downsample ? new PlaneConv(inputs, outputs, 1, { stride, bias: false }) : undefined
  }

  forward(x: Tensor): Tensor {
    const h = this.conv2.forward(squaredRelu(this.conv1.forward(this.norm.forward(x))))
    return add(this.identity ? this.identity.forward(x) : x, h)
  }
}

class V1Encoder extends Module {
  readonly body: readonly [V1ResBlock]

  constructor(inputs: number, outputs: number, bins: number, downsample: boolean) {
    super()
    this.body = [new V1ResBlock(inputs, outputs, bins, downsample)]
  }

  forward(x: Tensor): Tensor {
    return this.body[0].forward(x)
  }
}

class V1Decoder extends Module {
  readonly body: readonly [V1ResBlock]

  constructor(inputs: number, outputs: number, bins: number) {
    super()
    this.body = [new V1ResBlock(inputs, outputs, bins)]
  }

  forward(x: Tensor, skip: Tensor): Tensor {
    return this.body[0].forward(concat([doubleBins(x), skip], 1))
  }
}

/** (b, inputs, t, nFft/2) → logits of the mask (b, outputs, t, nFft/2). States of the original begin with `net.`. */
export class FrameTransformerV1 extends OlderUNet {
  readonly config: V1Config

  constructor(config: V1Config) {
    const { heads, expansion, dropout } = config
    super(config, {
      first: config.inputs,
      mapsOf: () => 1,
      encoder: ({ level, inputs, outputs, bins }) => new V1Encoder(inputs, outputs, bins, level > 1),
      decoder: ({ inputs, outputs, bins }) => new V1Decoder(inputs, outputs, bins),
      encoderBlock: (_, channels, bins) => new V1EncoderBlock({ channels, bins, heads, expansion, dropout }),
      decoderBlock: (_, channels, bins) => new V1DecoderBlock({ channels, bins, heads, expansion, dropout }),
    })
    this.config = config
  }
}
