/**
 * FrameTransformer V2b (carperbr, March 2023): the positional channel, transformers of several maps whose attention has 9×9 convolutions and whose scores go
 * on from layer to layer (He et al. 2021, "RealFormer", arXiv 2012.11747), convolutions as feed-forward layers, and matrices over the bins in place of
 * convolutions in the coarsest levels.
 */
import { z } from 'zod'
import { dropout, Module, type Reach, squaredRelu, wholeReach } from '../../../nn/index.ts'
import { add, concat, reshape, type Tensor, transpose } from '../../../tensor/index.ts'
import { count } from '../../separation-config.ts'
import { ConvolutionalEmbedding } from '../convolutional-embedding.ts'
import { doubleBins, FrameDecoder, FrameEncoder } from '../levels.ts'
import { MultichannelLinear } from '../multichannel-linear.ts'
import { MultichannelLayerNorm } from '../norms.ts'
import { PlaneConv } from '../plane-conv.ts'
import { type ResidualAttended, residualAttention } from '../residual-attention.ts'
import { RotaryEmbedding } from '../rotary-embedding.ts'
import type { Scores } from '../scores.ts'
import { checkOlderHeads, type OlderBlock, OlderUNet, olderFields } from './older-u-net.ts'

export const v2bConfig = z
  .strictObject({
    ...olderFields,
    /** Width of the feed-forward layers in multiples of the maps. */
    expansion: count.default(6),
    /** Maps of the transformer before all levels and of those of the levels 1 to 6. */
    maps: z.array(count).length(7).default([12, 12, 12, 12, 12, 12, 12]),
    maxFrames: count.default(4096),
  })
  .superRefine((config, context) => {
    checkOlderHeads(config, context)
    if (config.nFft < 512)
      context.addIssue({
        code: 'custom',
        path: ['nFft'],
        message: `${config.nFft}: the positional channel halves 256 bins; needs at least 512`,
      })
  })
export type V2bConfig = z.output<typeof v2bConfig>

type Projection = readonly [PlaneConv, MultichannelLinear]

/** (b, m, t, f) → output (b, m, t, f), scores (b, m, heads, t, t): 9×9 convolutions of each map, without bias, before the matrices. */
class MapAttention extends Module {
  readonly embedding: RotaryEmbedding
  readonly q_proj: Projection
  readonly k_proj: Projection
  readonly v_proj: Projection
  readonly o_proj: MultichannelLinear
  readonly #heads: number

  constructor(maps: number, bins: number, heads: number) {
    super()
    const linear = () => new MultichannelLinear({ inputs: maps, outputs: maps, inputBins: bins, outputBins: bins })
    const project = (): Projection => [new PlaneConv(maps, maps, 9, { padding: 4, groups: maps, bias: false }), linear()]
    this.embedding = new RotaryEmbedding(bins / heads)
    this.q_proj = project()
    this.k_proj = project()
    this.v_proj = project()
    this.o_proj = linear()
    this.#heads = heads
  }

  forward(x: Tensor, previous: Scores | undefined, memory: Tensor = x): ResidualAttended {
    const [b, m, t, f] = x.shape as [number, number, number, number]
    const split = ([conv, linear]: Projection, from: Tensor) =>
      transpose(reshape(linear.forward(conv.forward(from)), [b, m, t, this.#heads, f / this.#heads]), [0, 1, 3, 2, 4])
    const queries = this.embedding.forward(split(this.q_proj, x))
    const keys = this.embedding.forward(split(this.k_proj, memory))
    const { output, scores } = residualAttention(queries, keys, split(this.v_proj, memory), { scale: 1 / Math.sqrt(f), previous })
    return { output: this.o_proj.forward(reshape(transpose(output, [0, 1, 3, 2, 4]), x.shape)), scores }
  }

  override reach(): Reach {
    return wholeReach
  }
}

interface V2bBlockSizes {
  readonly channels: number
  readonly maps: number
  readonly bins: number
  readonly heads: number
  readonly expansion: number
  readonly dropout: number
}

/** What both kinds of transformers begin and end with. */
abstract class V2bBlock extends Module {
  readonly embed: PlaneConv
  readonly conv1: PlaneConv
  readonly conv2: PlaneConv
  readonly #dropout: number

  constructor({ channels, maps, expansion, dropout }: V2bBlockSizes) {
    super()
    this.embed = new PlaneConv(channels, maps, 1)
    this.conv1 = new PlaneConv(maps, maps * expansion, 3, { padding: 1 })
    this.conv2 = new PlaneConv(maps * expansion, maps, 3, { padding: 1 })
    this.#dropout = dropout
  }

  protected plus(h: Tensor, z: Tensor): Tensor {
    return add(h, dropout(z, this.#dropout))
  }

  protected end(x: Tensor, h: Tensor, normalised: Tensor, scores: Scores): OlderBlock {
    const maps = this.plus(h, this.conv2.forward(squaredRelu(this.conv1.forward(normalised))))
    return { joined: concat([x, maps], 1), maps, scores }
  }

  override reach(): Reach {
    return wholeReach
  }
}

class V2bEncoderBlock extends V2bBlock {
  readonly norm1: MultichannelLayerNorm
  readonly attn: MapAttention
  readonly norm2: MultichannelLayerNorm

  constructor(sizes: V2bBlockSizes) {
    super(sizes)
    const { maps, bins, heads } = sizes
    this.norm1 = new MultichannelLayerNorm(maps, bins)
    this.attn = new MapAttention(maps, bins, heads)
    this.norm2 = new MultichannelLayerNorm(maps, bins)
  }

  forward(x: Tensor, previous?: Scores): OlderBlock {
    const embedded = this.embed.forward(x)
    const { output, scores } = this.attn.forward(this.norm1.forward(embedded), previous)
    const h = this.plus(embedded, output)
    return this.end(x, h, this.norm2.forward(h), scores)
  }
}

class V2bDecoderBlock extends V2bBlock {
  readonly norm1: MultichannelLayerNorm
  readonly attn1: MapAttention
  readonly norm2: MultichannelLayerNorm
  readonly attn2: MapAttention
  readonly norm3: MultichannelLayerNorm

  constructor(sizes: V2bBlockSizes) {
    super(sizes)
    const { maps, bins, heads } = sizes
    this.norm1 = new MultichannelLayerNorm(maps, bins)
    this.attn1 = new MapAttention(maps, bins, heads)
    this.norm2 = new MultichannelLayerNorm(maps, bins)
    this.attn2 = new MapAttention(maps, bins, heads)
    this.norm3 = new MultichannelLayerNorm(maps, bins)
  }

  /** Attention to the encoder goes on from the encoder's scores, that to itself from those of the transformer before. */
  forward(x: Tensor, encoder: OlderBlock, previous?: Scores): OlderBlock {
    const embedded = this.embed.forward(x)
    const self = this.attn1.forward(this.norm1.forward(embedded), previous)
    const seen = this.plus(embedded, self.output)
    const cross = this.attn2.forward(this.norm2.forward(seen), encoder.scores, encoder.maps)
    const h = this.plus(seen, cross.output)
    return this.end(x, h, this.norm3.forward(h), self.scores)
  }
}

/** The residual block with matrices over bins and channels in place of convolutions; the second one changes the number of bins. */
class LinearResBlock extends Module {
  readonly norm: MultichannelLayerNorm
  readonly conv1: MultichannelLinear
  readonly conv2: MultichannelLinear
  readonly identity: PlaneConv | undefined

  constructor(inputs: number, outputs: number, bins: number, downsample: boolean) {
    super()
    const outputBins = downsample ? bins / 2 : bins
    this.norm = new MultichannelLayerNorm(inputs, bins)
    this.conv1 = new MultichannelLinear({ inputs, outputs, inputBins: bins, outputBins: bins })
    this.conv2 = new MultichannelLinear({ inputs: outputs, outputs, inputBins: bins, outputBins })
    const stride = downsample ? ([2, 1] as const) : 1
    this.identity = inputs !== outputs || downsample ? new PlaneConv(inputs, outputs, 1, { stride, bias: false }) : undefined
  }

  forward(x: Tensor): Tensor {
    const h = this.conv2.forward(squaredRelu(this.conv1.forward(this.norm.forward(x))))
    return add(this.identity ? this.identity.forward(x) : x, h)
  }
}

class LinearEncoder extends Module {
  readonly body: LinearResBlock

  constructor(inputs: number, outputs: number, bins: number) {
    super()
    this.body = new LinearResBlock(inputs, outputs, bins, true)
  }

  forward(x: Tensor): Tensor {
    return this.body.forward(x)
  }
}

class LinearDecoder extends Module {
  readonly body: LinearResBlock

  constructor(inputs: number, outputs: number, bins: number) {
    super()
    this.body = new LinearResBlock(inputs, outputs, bins, false)
  }

  forward(x: Tensor, skip: Tensor): Tensor {
    return this.body.forward(concat([doubleBins(x), skip], 1))
  }
}

/** The coarsest levels, without convolutions. */
const linearFrom = 5

/** (b, inputs, t, nFft/2) → logits of the mask (b, outputs, t, nFft/2). */
export class FrameTransformerV2b extends OlderUNet {
  readonly config: V2bConfig
  readonly positional_embedding: ConvolutionalEmbedding

  constructor(config: V2bConfig) {
    const { heads, expansion, dropout } = config
    const sizes = (level: number, channels: number, bins: number) => ({
      channels,
      bins,
      heads,
      expansion,
      dropout,
      maps: config.maps[level]!,
    })
    super(config, {
      first: config.inputs + 1,
      mapsOf: (level) => config.maps[level]!,
      encoder: ({ level, inputs, outputs, bins }) =>
        level >= linearFrom ? new LinearEncoder(inputs, outputs, bins) : new FrameEncoder(inputs, outputs, bins, { downsample: level > 1 }),
      decoder: ({ level, inputs, outputs, bins }) =>
        level >= linearFrom ? new LinearDecoder(inputs, outputs, bins) : new FrameDecoder(inputs, outputs, bins),
      encoderBlock: (...place) => new V2bEncoderBlock(sizes(...place)),
      decoderBlock: (...place) => new V2bDecoderBlock(sizes(...place)),
    })
    this.config = config
    this.positional_embedding = new ConvolutionalEmbedding(config.inputs, config.nFft / 2, { maxFrames: config.maxFrames })
  }

  protected override positioned(x: Tensor): Tensor {
    return concat([x, this.positional_embedding.forward(x)], 1)
  }
}
