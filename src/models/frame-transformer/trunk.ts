/**
 * What FrameTransformer's generator and discriminator have in common (carperbr 2023): the positional channel, the encoder's levels with a transformer each,
 * whose scores go from level to level, and the bridge over the coarsest one.
 */
import { Module, type Reach, wholeReach } from '../../nn/index.ts'
import { concat, formatShape, reshape, ShapeError, type Tensor, transpose } from '../../tensor/index.ts'
import { type BodyConfig, binsAt, foldOf } from './body-config.ts'
import { type BridgeBlock, type BridgeBlockOptions, EvolvedBridgeBlock, PlainBridgeBlock } from './bridge-block.ts'
import { ConvolutionalEmbedding } from './convolutional-embedding.ts'
import { type EncodedFrames, EvolvedEncoderBlock, type FrameEncoderBlock, PlainEncoderBlock } from './encoder-block.ts'
import { FrameEncoder } from './levels.ts'
import { nameFields } from './name-fields.ts'
import type { FrameBlockOptions } from './options.ts'
import { defaultScoreBytes, isProduct, partsOf, productScores, type Scores } from './scores.ts'

/** What the blocks of all levels are told. */
export function frameBlockOptions(config: BodyConfig): FrameBlockOptions {
  const { variant, maps, heads, expansion, dropout, eps, scoreBytes } = config
  return { maps, heads, expansion, dropout, eps, scoreBytes, projection: variant === 'snap' ? 'linear-conv' : 'conv-linear' }
}

/** Layers of a bridge over so many channels. */
export function bridgeLayers(config: BodyConfig, channels: number, options: Pick<BridgeBlockOptions, 'kernel' | 'padding'>): BridgeBlock[] {
  const { variant, heads, dropout, bridgeExpansion: expansion, bridgeResidual: residual, scoreBytes } = config
  const create = () =>
    variant === 'plain'
      ? new PlainBridgeBlock(channels, { heads, dropout, expansion, scoreBytes, ...options })
      : new EvolvedBridgeBlock(channels, { heads, dropout, expansion, residual, scoreBytes, ...options })
  return Array.from({ length: config.bridgeLayers }, create)
}

/** Layers after each other, each with the scores of the one before. */
export function throughBridge(layers: readonly BridgeBlock[], x: Tensor, before?: Scores): { output: Tensor; scores: Scores | undefined } {
  let [output, scores] = [x, before]
  for (const layer of layers) ({ output, scores } = layer.forward(output, scores))
  return { output, scores }
}

/** What the encoder leaves behind. */
export interface Encoded {
  /** Of the levels that have a transformer, the finest first. */
  readonly levels: readonly EncodedFrames[]
  /** What comes out of the bridge: (b, c, t, f). */
  readonly bottom: Tensor
  /** Scores of the bridge's last layer; none where it has no layers. */
  readonly scores: Scores | undefined
}

/** The tensors that scores are kept as. */
function scoreTensors(scores: Scores): readonly Tensor[] {
  if (!('inParts' in scores)) return [scores]
  if (!isProduct(scores)) throw new Error('FrameTransformer: an encoder has scores of a gate') // there are no gates in it
  return [scores.product.queries, scores.product.keys]
}

/** All tensors of what the encoder leaves behind, for `withTensors`. */
export function tensorsOf({ levels, bottom, scores }: Encoded): Tensor[] {
  return [
    bottom,
    ...(scores ? scoreTensors(scores) : []),
    ...levels.flatMap((level) => [level.joined, level.maps, ...scoreTensors(level.scores)]),
  ]
}

/** The same of other tensors, in the order in which `tensorsOf` gives them. */
export function withTensors({ levels, scores }: Encoded, tensors: readonly Tensor[]): Encoded {
  const rest = [...tensors]
  const take = () => rest.shift()!
  const takeScores = (like: Scores): Scores => ('inParts' in like ? productScores(take(), take()) : take())
  return {
    bottom: take(),
    scores: scores && takeScores(scores),
    levels: levels.map((level) => ({ joined: take(), maps: take(), scores: takeScores(level.scores) })),
  }
}

/** `positional_embedding`; `enc1`, `enc1_transformer`, …; the last one's transformer is the bridge, a list. */
export abstract class FrameTransformerTrunk extends Module {
  readonly config: BodyConfig
  readonly positional_embedding: ConvolutionalEmbedding | undefined
  readonly #encoders: readonly FrameEncoder[]
  readonly #transformers: readonly FrameEncoderBlock[]
  readonly #bridge: readonly BridgeBlock[]

  constructor(config: BodyConfig, bridge: Pick<BridgeBlockOptions, 'kernel' | 'padding'>) {
    super()
    const { inputs, width, multipliers, maps, eps, maxFrames, embeddingDepth: depth = multipliers.length } = config
    const channels = multipliers.map((multiplier) => multiplier * width)
    const last = channels.length - 1
    const Block = config.variant === 'plain' ? PlainEncoderBlock : EvolvedEncoderBlock
    this.config = config
    this.positional_embedding = depth > 0 ? new ConvolutionalEmbedding(inputs, binsAt(config, 1), { depth, maxFrames, eps }) : undefined
    this.#encoders = channels.map((outputs, i) => {
      const first = i === 0
      const before = first ? inputs + (depth > 0 ? 1 : 0) : channels[i - 1]! + maps
      return new FrameEncoder(before, outputs, binsAt(config, Math.max(1, i)), { downsample: !first, eps })
    })
    this.#transformers = channels.slice(0, last).map((outputs, i) => new Block(outputs, binsAt(config, i + 1), frameBlockOptions(config)))
    this.#bridge = bridgeLayers(config, channels[last]! * foldOf(config), bridge)
    nameFields(this, 'enc', this.#encoders)
    nameFields(this, 'enc', [...this.#transformers, this.#bridge], '_transformer')
  }

  /** @throws ShapeError for other than (b, inputs, t, nFft/2), t up to maxFrames */
  protected encode(x: Tensor): Encoded {
    const { inputs, maxFrames, nFft } = this.config
    if (x.shape.length !== 4 || x.shape[1] !== inputs || x.shape[3] !== nFft / 2 || x.shape[2]! > maxFrames)
      throw new ShapeError(
        this.type,
        `input ${formatShape(x.shape)}; needs (b, ${inputs}, t, ${nFft / 2}) with t in 1…${maxFrames} (maxFrames)`,
      )
    const levels: EncodedFrames[] = []
    let h = this.positional_embedding ? concat([x, this.positional_embedding.forward(x)], 1) : x
    for (const [i, transformer] of this.#transformers.entries()) {
      const level = transformer.forward(this.#encoders[i]!.forward(h), levels.at(-1)?.scores)
      levels.push(level)
      h = level.joined
    }
    const { output, scores } = throughBridge(this.#bridge, this.folded(this.#encoders.at(-1)!.forward(h)))
    return { levels, bottom: this.unfolded(output), scores }
  }

  /** Whether attention in the bridge, which has the most tokens, is computed in parts. */
  protected takesParts({ shape }: Tensor): boolean {
    const { config } = this
    const [b, , t] = shape as [number, number, number, number]
    const tokens = (t * binsAt(config, config.multipliers.length)) / foldOf(config)
    return partsOf([b, config.heads, tokens, tokens], config.scoreBytes ?? defaultScoreBytes).count > 1
  }

  /** (b, c, t, f) → (b, c·f, t, 1) where the bridge's tokens are frames: bins of a channel beside each other. */
  protected folded(x: Tensor): Tensor {
    const fold = foldOf(this.config)
    if (fold === 1) return x
    const [b, c, t, f] = x.shape as [number, number, number, number]
    return reshape(transpose(x, [0, 1, 3, 2]), [b, c * f, t, 1])
  }

  protected unfolded(x: Tensor): Tensor {
    const fold = foldOf(this.config)
    if (fold === 1) return x
    const [b, c, t] = x.shape as [number, number, number]
    return transpose(reshape(x, [b, c / fold, fold, t]), [0, 1, 3, 2])
  }

  override reach(): Reach {
    return wholeReach
  }
}
