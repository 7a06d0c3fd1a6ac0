/**
 * FrameTransformer's gate between the scores of two layers (carperbr 2023): a weight for each pair of frames in each head, shared by all maps, from a
 * small network that sees both layers' scores of neighbouring heads and frames. (The original's README speaks of a weight per frequency; its code has this.)
 */
import { checkExtent } from '../../nn/check.ts'
import { Module, type Parameter, parameter, pointwiseReach, type Reach, squaredRelu, wholeReach, zerosInit } from '../../nn/index.ts'
import { add, concat, constant, formatShape, mul, ShapeError, sigmoid, sub, type Tensor } from '../../tensor/index.ts'
import { HeadConv, type QueryPadding } from './head-conv.ts'
import { byParts, defaultScoreBytes, type PartScores, type Parts, partsOf, type Scores, wholeScores, withoutHalo } from './scores.ts'

type Activation = (x: Tensor) => Tensor

const around: QueryPadding = [1, 1]
const none: QueryPadding = [0, 0]

export interface Mixed {
  /** How much of a head's scores are the decoder's. */
  readonly gate: Tensor
  /** gate · decoder + (1 − gate) · encoder: (b, m, heads, t, t). */
  readonly mixed: Tensor
}

/** Some of the queries' scores. */
interface PartOfScores {
  /** With those of the queries around them that a gate sees. */
  readonly seen: Tensor
  readonly own: Tensor
}

/** Scores of the decoder's layer before, and those of the encoder: both (b, m, heads, t, t). */
export abstract class ScoreGate extends Module {
  abstract override forward(decoder: Tensor, encoder: Tensor): Mixed

  /** Queries on either side that the gate of one depends on. */
  protected abstract readonly halo: number

  /** `mixed` of a part, from its own scores, and from those with the halo around them. */
  protected abstract mixPart(decoder: PartOfScores, encoder: PartOfScores, inside: Tensor): Tensor

  /**
   * `mixed`, computed in parts when these are asked for where one side takes more than `scoreBytes`, 32 MiB by default.
   *
   * @throws ShapeError where shapes are not equal
   */
  mix(decoder: Scores, encoder: Scores, scoreBytes: number = defaultScoreBytes): Scores {
    const { shape } = encoder
    if (partsOf(shape, scoreBytes).count === 1) return this.forward(wholeScores(decoder), wholeScores(encoder)).mixed
    if (decoder.shape.join() !== shape.join())
      throw new ShapeError(this.type, `decoder ${formatShape(decoder.shape)}, encoder ${formatShape(shape)}; needs equal shapes`)
    return {
      shape,
      inParts: (parts, beside) => {
        const [a, b] = [decoder, encoder].map((scores) => byParts(scores).inParts(parts, beside + this.halo)) as [PartScores, PartScores]
        const [ofA, ofB] = [a.slices.length, a.slices.length + b.slices.length]
        const partOf = (scores: PartScores, slices: readonly Tensor[]): PartOfScores => {
          const seen = scores.rows(slices)
          return { seen, own: beside === 0 ? scores.own(slices, seen) : withoutHalo(seen, this.halo) }
        }
        return {
          slices: [...a.slices, ...b.slices, insideOf(parts, beside + this.halo)],
          rows: (slices) => this.mixPart(partOf(a, slices.slice(0, ofA)), partOf(b, slices.slice(ofA, ofB)), slices[ofB]!),
          own: (_, rows) => withoutHalo(rows, beside),
        }
      },
    }
  }
}

/** 1 for each query that a part sees, 0 beyond the first and the last of all: (parts, size + 2 · halo, 1). */
function insideOf({ count, size, queries }: Parts, halo: number): Tensor {
  const width = size + 2 * halo
  const at = Array.from({ length: count * width }, (_, i) => Math.floor(i / width) * size + (i % width) - halo)
  return constant(
    Float64Array.from(at, (query) => Number(query >= 0 && query < queries)),
    [count, width, 1],
  )
}

function mixedBy(gate: Tensor, decoder: Tensor, encoder: Tensor): Mixed {
  return { gate, mixed: add(mul(gate, sub(decoder, encoder)), encoder) }
}

/** A gate for each pair of frames, (b, 1, heads, t, t): the two convolutions, over heads, queries and keys, are `0` and `2` in state dicts. */
export class PairGate extends ScoreGate {
  readonly 0: HeadConv
  readonly 2: HeadConv
  /** One for each convolution. */
  protected override readonly halo = 2
  readonly #activation: Activation

  /** @param maps m, of a and of b */
  constructor(maps: number, activation: Activation = squaredRelu) {
    super()
    this[0] = new HeadConv(2 * maps, maps)
    this[2] = new HeadConv(maps, 1)
    this.#activation = activation
  }

  /** @throws ShapeError for other shapes */
  override forward(decoder: Tensor, encoder: Tensor): Mixed {
    return mixedBy(this.#gate(decoder, encoder), decoder, encoder)
  }

  /** σ(conv₂(activation(conv₁([a, b])))); where it is told which queries are inside, of those alone that have their neighbours with them. */
  #gate(a: Tensor, b: Tensor, inside?: Tensor): Tensor {
    const padding = inside ? none : around
    const h = this.#activation(this[0].forward(concat([a, b], 1), padding))
    // The second convolution finds zeros beyond the ends, and not what the first one makes of what it finds there.
    return sigmoid(this[2].forward(inside ? mul(h, withoutHalo(inside, 1)) : h, padding))
  }

  protected override mixPart(decoder: PartOfScores, encoder: PartOfScores, inside: Tensor): Tensor {
    return mixedBy(this.#gate(decoder.seen, encoder.seen, inside), decoder.own, encoder.own).mixed
  }

  override reach(): Reach {
    return wholeReach
  }
}

/** A gate for each head of each map, whatever the frames: σ of `weight` (m, heads, 1, 1), which begins with the mean of both. */
export class HeadGate extends ScoreGate {
  readonly weight: Parameter
  protected override readonly halo = 0

  /** @throws RangeError for sizes that are no whole numbers ≥ 1 */
  constructor(maps: number, heads: number) {
    super()
    checkExtent('HeadGate', { maps, heads })
    this.weight = parameter([maps, heads, 1, 1], zerosInit)
  }

  /** @throws ShapeError for other shapes */
  override forward(decoder: Tensor, encoder: Tensor): Mixed {
    return mixedBy(sigmoid(this.weight), decoder, encoder)
  }

  protected override mixPart(decoder: PartOfScores, encoder: PartOfScores): Tensor {
    return this.forward(decoder.own, encoder.own).mixed
  }

  override reach(): Reach {
    return pointwiseReach
  }
}
