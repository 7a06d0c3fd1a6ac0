/**
 * FrameTransformer's generator (carperbr 2023): a U-Net over the bins of a spectrogram, whose levels keep all frames and have a transformer over them.
 * Scores of attention go from level to level (He et al. 2021, "RealFormer", arXiv 2012.11747): down the encoder, and up the decoder, mixed there with
 * the encoder's.
 */
import { isTraining } from '../../nn/mode.ts'
import { isWatched } from '../../nn/module.ts'
import { apart, concat, type Tensor } from '../../tensor/index.ts'
import { type BodyConfig, binsAt } from './body-config.ts'
import type { BridgeBlock } from './bridge-block.ts'
import { type DecoderScores, EvolvedDecoderBlock, type FrameDecoderBlock, PlainDecoderBlock } from './decoder-block.ts'
import { FrameDecoder } from './levels.ts'
import { nameFields } from './name-fields.ts'
import { ChannelNorm } from './norms.ts'
import { PlaneConv } from './plane-conv.ts'
import { bridgeLayers, type Encoded, FrameTransformerTrunk, frameBlockOptions, tensorsOf, throughBridge, withTensors } from './trunk.ts'

/** Of the generator's bridge: attention sees no neighbours. (The original's README says that it does.) */
const single = { kernel: 1, padding: 0 }

export interface Generated {
  /** (b, outputs, t, nFft/2), before any sigmoid. */
  readonly logits: Tensor
  /** Of 'et+v': where vocals are, (b, outputs, t, bins of the bridge), before the sigmoid. */
  readonly presence?: Tensor
}

/** (b, inputs, t, nFft/2) → logits (b, outputs, t, nFft/2): the trunk, `dec1`, `dec1_transformer`, …, `out`. */
export class FrameTransformer extends FrameTransformerTrunk {
  readonly vout_norm: ChannelNorm | undefined
  readonly vout_transform: readonly BridgeBlock[] | undefined
  readonly vout_conv: PlaneConv | undefined
  readonly out: PlaneConv
  readonly #decoders: readonly FrameDecoder[]
  readonly #transformers: readonly FrameDecoderBlock[]

  constructor(config: BodyConfig) {
    super(config, single)
    const { variant, outputs, width, multipliers, maps, eps, decoderDropout, decoderDropoutFrom } = config
    const dropoutMode = config.decoderDropoutMode ?? (variant === 'snap' ? 'elements' : 'channels')
    const channels = multipliers.map((multiplier) => multiplier * width)
    const bottom = channels.at(-1)!
    const vocal = variant === 'et+v'
    const Block = variant === 'plain' ? PlainDecoderBlock : EvolvedDecoderBlock
    this.vout_norm = vocal ? new ChannelNorm(bottom) : undefined
    this.vout_transform = vocal ? bridgeLayers(config, bottom, single) : undefined
    this.vout_conv = vocal ? new PlaneConv(bottom, outputs, 1) : undefined
    const finer = channels.slice(0, -1)
    this.#decoders = finer.map((own, i) => {
      const deepest = i === finer.length - 1
      const below = deepest ? bottom * (vocal ? 2 : 1) : channels[i + 1]! + maps
      const dropout = i + 1 >= decoderDropoutFrom ? decoderDropout : 0
      return new FrameDecoder(below + own + maps, own, binsAt(config, i + 1), { dropout, dropoutMode, eps })
    })
    this.#transformers = finer.map((own, i) => {
      const hasPrevious = i < finer.length - 1
      return new Block(own, binsAt(config, i + 1), { ...frameBlockOptions(config), hasPrevious, gate: config.gate })
    })
    nameFields(this, 'dec', this.#decoders)
    nameFields(this, 'dec', this.#transformers, '_transformer')
    this.out = new PlaneConv(width * multipliers[0]! + maps, outputs, 1)
  }

  /**
   * Logits.
   *
   * @param hear gets what 'et+v' says beside them
   * @throws ShapeError for other than (b, inputs, t, nFft/2), t up to maxFrames
   */
  forward(x: Tensor, hear: (presence: Tensor) => void = () => {}): Tensor {
    const encoded = this.#encodeFor(x)
    const { bottom, presence } = this.#hear(encoded)
    if (presence) hear(presence)
    let h = bottom
    let previous: Partial<DecoderScores> = {}
    for (let i = this.#decoders.length - 1; i >= 0; i--) {
      const level = encoded.levels[i]!
      const { joined, scores } = this.#transformers[i]!.forward(this.#decoders[i]!.forward(h, level.joined), level, previous)
      h = joined
      previous = scores
    }
    return this.out.forward(h)
  }

  /**
   * Logits, and of 'et+v' where vocals are.
   *
   * @throws ShapeError for other than (b, inputs, t, nFft/2), t up to maxFrames
   */
  generate(x: Tensor): Generated {
    let presence: Tensor | undefined
    const logits = this.forward(x, (heard) => {
      presence = heard
    })
    return { logits, ...(presence && { presence }) }
  }

  /**
   * `encode`; of long windows apart from the decoder, which has the same shapes: 2048 frames of the snapshot take 2.8 GB so, and 3.9 in one piece. Training keeps
   * the encoder's values for the derivative anyhow, and who watches the modules wants their tensors.
   */
  #encodeFor(x: Tensor): Encoded {
    if (isTraining() || isWatched() || !this.takesParts(x)) return this.encode(x)
    let whole: Encoded | undefined
    const tensors = apart(
      (part) => {
        whole = this.encode(part)
        return tensorsOf(whole)
      },
      [x],
    )
    return withTensors(whole!, tensors)
  }

  /** Further layers of the bridge, which look for vocals: what they find goes on beside the rest. */
  #hear({ bottom, scores }: Encoded): { bottom: Tensor; presence?: Tensor } {
    const { vout_norm: norm, vout_transform: layers, vout_conv: head } = this
    if (!norm || !layers || !head) return { bottom }
    const { output } = throughBridge(layers, norm.forward(bottom), scores)
    return { bottom: concat([bottom, output], 1), presence: head.forward(output) }
  }
}
