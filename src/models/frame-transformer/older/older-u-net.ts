/**
 * What FrameTransformer's older networks have in common (carperbr 2023): six levels down to a 32nd of the bins and five up again, a transformer after each
 * and one before all, each of which appends its maps to the channels, and a matrix over the channels at the end.
 */
import { z } from 'zod'
import { defaultInit, Module, type Parameter, parameter, type Reach, wholeReach } from '../../../nn/index.ts'
import { formatShape, matmul, reshape, ShapeError, type Tensor } from '../../../tensor/index.ts'
import { count } from '../../separation-config.ts'
import { nameFields } from '../name-fields.ts'
import type { Scores } from '../scores.ts'

/** Channels of the levels in multiples of the width. */
const multipliers = [1, 2, 4, 6, 8, 10]

export const olderFields = {
  /** Channels that come in and that go out. */
  inputs: count.default(2),
  outputs: count.default(2),
  /** Channels of the finest level. */
  width: count.default(8),
  /** Twice the number of bins that come in. */
  nFft: z
    .number()
    .int()
    .min(64)
    .refine((n) => Number.isInteger(Math.log2(n)), 'needs a power of two')
    .default(2048),
  heads: count.default(8),
  /** After each sublayer. */
  dropout: z.number().min(0).max(1).default(0.1),
}

interface OlderSizes {
  readonly inputs: number
  readonly outputs: number
  readonly width: number
  readonly nFft: number
  readonly heads: number
}

/** For `superRefine`: heads that do not divide the bins of all levels. */
export function checkOlderHeads({ heads, nFft }: Pick<OlderSizes, 'heads' | 'nFft'>, context: z.RefinementCtx): void {
  const fewest = nFft / 64
  if (fewest % heads !== 0)
    context.addIssue({
      code: 'custom',
      path: ['heads'],
      message: `${heads} do not divide the ${fewest} bins of level 6: needs a power of two ≤ ${fewest}, or a larger nFft`,
    })
}

/** What a transformer gives. */
export interface OlderBlock {
  /** The input and the maps after it: (b, c + m, t, f). */
  readonly joined: Tensor
  /** (b, m, t, f) */
  readonly maps: Tensor
  /** (b, m, heads, t, t), of those that hand scores on. */
  readonly scores?: Scores
}

/** (b, c, t, f) → (b, c', t, f or f/2) */
export interface OlderEncoder extends Module {
  forward(x: Tensor): Tensor
}

/** (b, c, t, f/2) and (b, s, t, f) → (b, c', t, f) */
export interface OlderDecoder extends Module {
  forward(x: Tensor, skip: Tensor): Tensor
}

/** Gets the scores of the transformer before. */
export interface OlderEncoderBlock extends Module {
  forward(x: Tensor, previous?: Scores): OlderBlock
}

/** Gets what the encoder's transformer of the same level gave beside them. */
export interface OlderDecoderBlock extends Module {
  forward(x: Tensor, encoder: OlderBlock, previous?: Scores): OlderBlock
}

/** A place in the network: 0 before all levels, then 1, the finest, to 6. */
export interface OlderPlace {
  readonly level: number
  /** Channels that come in, of both inputs together. */
  readonly inputs: number
  readonly outputs: number
  /** Bins before an encoder and after a decoder. */
  readonly bins: number
}

export interface OlderParts {
  /** Channels that come to the transformer before all levels. */
  readonly first: number
  /** Maps that the transformer of a level adds. */
  readonly mapsOf: (level: number) => number
  readonly encoder: (place: OlderPlace) => OlderEncoder
  readonly decoder: (place: OlderPlace) => OlderDecoder
  readonly encoderBlock: (level: number, channels: number, bins: number) => OlderEncoderBlock
  readonly decoderBlock: (level: number, channels: number, bins: number) => OlderDecoderBlock
}

/** `enc0_transformer`; `enc1`, `enc1_transformer`, … 6; `dec1`, `dec1_transformer`, … 5; `out` (outputs, channels), from ±1/√channels. */
export abstract class OlderUNet extends Module {
  readonly out: Parameter
  readonly #inputs: number
  readonly #bins: number
  readonly #encoders: readonly OlderEncoder[]
  readonly #encoderBlocks: readonly OlderEncoderBlock[]
  readonly #decoders: readonly OlderDecoder[]
  readonly #decoderBlocks: readonly OlderDecoderBlock[]

  constructor({ inputs, outputs, width, nFft }: OlderSizes, parts: OlderParts) {
    super()
    const { first, mapsOf, encoder, decoder, encoderBlock, decoderBlock } = parts
    const channels = [first, ...multipliers.map((multiplier) => multiplier * width)]
    const levels = [...multipliers.keys()].map((i) => i + 1)
    const binsAt = (level: number) => nFft / 2 ** Math.max(1, level)
    const joined = (level: number) => channels[level]! + mapsOf(level)
    this.#inputs = inputs
    this.#bins = nFft / 2
    this.#encoderBlocks = [0, ...levels].map((level) => encoderBlock(level, channels[level]!, binsAt(level)))
    this.#encoders = levels.map((level) =>
      encoder({ level, inputs: joined(level - 1), outputs: channels[level]!, bins: binsAt(level - 1) }),
    )
    const finer = levels.slice(0, -1)
    this.#decoders = finer.map((level) =>
      decoder({ level, inputs: joined(level + 1) + joined(level), outputs: channels[level]!, bins: binsAt(level) }),
    )
    this.#decoderBlocks = finer.map((level) => decoderBlock(level, channels[level]!, binsAt(level)))
    this.out = parameter([outputs, joined(1)], defaultInit(joined(1)))
    nameFields(this, 'enc', this.#encoderBlocks, '_transformer', 0)
    nameFields(this, 'enc', this.#encoders)
    nameFields(this, 'dec', this.#decoders)
    nameFields(this, 'dec', this.#decoderBlocks, '_transformer')
  }

  /** What comes to the transformer before all levels: the input, by default. */
  protected positioned(x: Tensor): Tensor {
    return x
  }

  /**
   * Logits of the mask, (b, outputs, t, nFft/2).
   *
   * @throws ShapeError for other than (b, inputs, t, nFft/2)
   */
  forward(x: Tensor): Tensor {
    if (x.shape.length !== 4 || x.shape[1] !== this.#inputs || x.shape[3] !== this.#bins)
      throw new ShapeError(this.type, `input ${formatShape(x.shape)}; needs (b, ${this.#inputs}, t, ${this.#bins})`)
    const levels = [this.#encoderBlocks[0]!.forward(this.positioned(x))]
    for (const [i, encoder] of this.#encoders.entries()) {
      const { joined, scores } = levels.at(-1)!
      levels.push(this.#encoderBlocks[i + 1]!.forward(encoder.forward(joined), scores))
    }
    let h = levels.at(-1)!
    for (let level = this.#decoders.length; level >= 1; level--) {
      const encoded = levels[level]!
      h = this.#decoderBlocks[level - 1]!.forward(this.#decoders[level - 1]!.forward(h.joined, encoded.joined), encoded, h.scores)
    }
    const [b, c, t, f] = h.joined.shape as [number, number, number, number]
    return reshape(matmul(this.out, reshape(h.joined, [b, c, t * f])), [b, this.out.shape[0]!, t, f])
  }

  override reach(): Reach {
    return wholeReach
  }
}
