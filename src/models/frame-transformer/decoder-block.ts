/**
 * The transformers of FrameTransformer's decoder levels (carperbr 2023): self-attention, and attention to the maps of the encoder's transformer of
 * the same level, whose scores a gate mixes with those of the decoder's level before.
 */
import { dropout, gelu, Module, type Reach, squaredRelu, wholeReach } from '../../nn/index.ts'
import { add, concat, type Tensor } from '../../tensor/index.ts'
import { type FrameConv, sameFrameConv } from './frame-conv.ts'
import { HeadGate, PairGate, type ScoreGate } from './gate.ts'
import { MultichannelAttention } from './multichannel-attention.ts'
import { MultichannelLinear } from './multichannel-linear.ts'
import { MultichannelLayerNorm } from './norms.ts'
import { blockOptions, embedding, type FrameBlockOptions } from './options.ts'
import type { PlaneConv } from './plane-conv.ts'
import type { Scores } from './scores.ts'

export interface FrameDecoderBlockOptions extends FrameBlockOptions {
  /** Whether a decoder level comes before, whose scores are mixed in by `gate1`; true by default. */
  readonly hasPrevious?: boolean
  /** How scores are mixed: 'pairs' by default, a weight for each pair of frames as in the original, or 'heads'. */
  readonly gate?: 'pairs' | 'heads'
}

/** Scores of self-attention and of attention to the encoder: (b, m, heads, t, t). */
export interface DecoderScores {
  readonly self: Scores
  readonly cross: Scores
}

/** What the encoder's transformer of the same level gave. */
export interface EncoderSide {
  /** (b, m, t, f) */
  readonly maps: Tensor
  /** (b, m, heads, t, t) */
  readonly scores: Scores
}

export interface DecodedFrames {
  /** The input and the maps after it: (b, c + m, t, f). */
  readonly joined: Tensor
  readonly scores: DecoderScores
}

/** A transformer of a decoder level: (b, c, t, f), what the encoder gave, and the scores of the level before. */
export abstract class FrameDecoderBlock extends Module {
  abstract override forward(x: Tensor, encoder: EncoderSide, previous?: Partial<DecoderScores>): DecodedFrames

  override reach(): Reach {
    return wholeReach
  }
}

function gateOf(kind: 'pairs' | 'heads', maps: number, heads: number, activation = squaredRelu): ScoreGate {
  return kind === 'pairs' ? new PairGate(maps, activation) : new HeadGate(maps, heads)
}

/** The encoder's scores, mixed with those of the layer before where there is a gate. */
function mixed(gate: ScoreGate | undefined, previous: Scores | undefined, encoder: Scores, scoreBytes: number): Scores {
  if (!gate) return encoder
  if (!previous)
    throw new RangeError('FrameDecoderBlock: previous has no cross; a block with hasPrevious needs the scores of the decoder level before')
  return gate.mix(previous, encoder, scoreBytes)
}

/** Both attentions side by side, branched convolutions, both attentions after each other, feed-forward. */
export class EvolvedDecoderBlock extends FrameDecoderBlock {
  readonly gate1: ScoreGate | undefined
  readonly gate2: ScoreGate
  readonly embed: PlaneConv | undefined
  readonly norm1: MultichannelLayerNorm
  readonly attn1a: MultichannelAttention
  readonly attn1b: MultichannelAttention
  readonly norm2: MultichannelLayerNorm
  readonly conv1a: FrameConv
  readonly conv1b: FrameConv
  readonly norm3: MultichannelLayerNorm
  readonly conv2: FrameConv
  readonly norm4: MultichannelLayerNorm
  readonly attn2: MultichannelAttention
  readonly norm5: MultichannelLayerNorm
  readonly attn3: MultichannelAttention
  readonly norm6: MultichannelLayerNorm
  readonly conv3: MultichannelLinear
  readonly conv4: MultichannelLinear
  readonly #dropout: number
  readonly #scoreBytes: number

  /** @throws RangeError for sizes that are no whole numbers ≥ 1, and heads that do not divide the bins */
  constructor(channels: number, bins: number, { hasPrevious = true, gate = 'pairs', ...options }: FrameDecoderBlockOptions = {}) {
    super()
    const { maps, heads, expansion, projection, eps, dropout, scoreBytes } = blockOptions(options)
    const norm = () => new MultichannelLayerNorm(maps, bins, { eps })
    const attention = () => new MultichannelAttention(maps, heads, bins, { projection, scoreBytes })
    this.gate1 = hasPrevious ? gateOf(gate, maps, heads) : undefined
    this.gate2 = gateOf(gate, maps, heads)
    this.embed = embedding(channels, maps)
    this.norm1 = norm()
    this.attn1a = attention()
    this.attn1b = attention()
    this.norm2 = norm()
    this.conv1a = sameFrameConv(maps, bins, 11)
    this.conv1b = sameFrameConv(maps, bins, 7)
    this.norm3 = norm()
    this.conv2 = sameFrameConv(maps, bins, 7)
    this.norm4 = norm()
    this.attn2 = attention()
    this.norm5 = norm()
    this.attn3 = attention()
    this.norm6 = norm()
    this.conv3 = new MultichannelLinear({ inputs: maps, outputs: maps, inputBins: bins, outputBins: expansion })
    this.conv4 = new MultichannelLinear({ inputs: maps, outputs: maps, inputBins: expansion, outputBins: bins })
    this.#dropout = dropout
    this.#scoreBytes = scoreBytes
  }

  /** @throws ShapeError for other shapes, RangeError where scores of the level before are missing */
  override forward(x: Tensor, encoder: EncoderSide, previous: Partial<DecoderScores> = {}): DecodedFrames {
    const plus = (h: Tensor, z: Tensor) => add(h, dropout(z, this.#dropout))
    const memory = encoder.maps
    const embedded = this.embed ? this.embed.forward(x) : x
    const first = this.norm1.forward(embedded)
    const self1 = this.attn1a.forward(first, { previous: previous.self })
    const cross1 = this.attn1b.forward(first, { memory, previous: mixed(this.gate1, previous.cross, encoder.scores, this.#scoreBytes) })
    let h = plus(plus(embedded, self1.output), cross1.output)
    const z = this.norm2.forward(h)
    // One of the branches has no activation, in the original's code.
    const branches = add(squaredRelu(this.conv1a.forward(z)), this.conv1b.forward(z))
    h = plus(h, this.conv2.forward(this.norm3.forward(branches)))
    const self2 = this.attn2.forward(this.norm4.forward(h), { previous: self1.scores })
    h = plus(h, self2.output)
    const before = mixed(this.gate2, cross1.scores, encoder.scores, this.#scoreBytes)
    const cross2 = this.attn3.forward(this.norm5.forward(h), { memory, previous: before })
    h = plus(h, cross2.output)
    const maps = plus(h, this.conv4.forward(squaredRelu(this.conv3.forward(this.norm6.forward(h)))))
    return { joined: concat([x, maps], 1), scores: { self: self2.scores, cross: cross2.scores } }
  }
}

/** Both attentions side by side, and a feed-forward layer with GELU. */
export class PlainDecoderBlock extends FrameDecoderBlock {
  readonly gate1: ScoreGate | undefined
  readonly embed: PlaneConv | undefined
  readonly norm1: MultichannelLayerNorm
  readonly attn1: MultichannelAttention
  readonly norm2: MultichannelLayerNorm
  readonly attn2: MultichannelAttention
  readonly norm3: MultichannelLayerNorm
  readonly conv1: MultichannelLinear
  readonly conv2: MultichannelLinear
  readonly #dropout: number
  readonly #scoreBytes: number

  /** @throws RangeError for sizes that are no whole numbers ≥ 1, and heads that do not divide the bins */
  constructor(channels: number, bins: number, { hasPrevious = true, gate = 'pairs', ...options }: FrameDecoderBlockOptions = {}) {
    super()
    const { maps, heads, expansion, projection, eps, dropout, scoreBytes } = blockOptions(options)
    this.gate1 = hasPrevious ? gateOf(gate, maps, heads, gelu) : undefined
    this.embed = embedding(channels, maps)
    this.norm1 = new MultichannelLayerNorm(maps, bins, { eps })
    this.attn1 = new MultichannelAttention(maps, heads, bins, { projection, scoreBytes })
    this.norm2 = new MultichannelLayerNorm(maps, bins, { eps })
    this.attn2 = new MultichannelAttention(maps, heads, bins, { projection, scoreBytes })
    this.norm3 = new MultichannelLayerNorm(maps, bins, { eps })
    this.conv1 = new MultichannelLinear({ inputs: maps, outputs: maps, inputBins: bins, outputBins: expansion }, { depthwise: true })
    this.conv2 = new MultichannelLinear({ inputs: maps, outputs: maps, inputBins: expansion, outputBins: bins })
    this.#dropout = dropout
    this.#scoreBytes = scoreBytes
  }

  /** @throws ShapeError for other shapes, RangeError where scores of the level before are missing */
  override forward(x: Tensor, encoder: EncoderSide, previous: Partial<DecoderScores> = {}): DecodedFrames {
    const plus = (h: Tensor, z: Tensor) => add(h, dropout(z, this.#dropout))
    const embedded = this.embed ? this.embed.forward(x) : x
    const z = this.norm1.forward(embedded)
    const self = this.attn1.forward(z, { previous: previous.self })
    // Of what is normalised already, as in the original.
    const cross = this.attn2.forward(this.norm2.forward(z), {
      memory: encoder.maps,
      previous: mixed(this.gate1, previous.cross, encoder.scores, this.#scoreBytes),
    })
    const h = plus(plus(embedded, self.output), cross.output)
    const maps = plus(h, this.conv2.forward(gelu(this.conv1.forward(this.norm3.forward(h)))))
    return { joined: concat([x, maps], 1), scores: { self: self.scores, cross: cross.scores } }
  }
}
