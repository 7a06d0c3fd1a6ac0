/**
 * FrameTransformer's gate between the scores of two layers (carperbr 2023): a weight for each pair of frames in each head, shared by all maps, from a
 * small network that sees both layers' scores of neighbouring heads and frames. (The original's README speaks of a weight per frequency; its code has this.)
 */
import { checkExtent } from '../../nn/check.ts'
import {
  Conv3d,
  Module,
  type Parameter,
  parameter,
  pointwiseReach,
  type Reach,
  squaredRelu,
  wholeReach,
  zerosInit,
} from '../../nn/index.ts'
import { add, concat, mul, sigmoid, sub, type Tensor } from '../../tensor/index.ts'

type Activation = (x: Tensor) => Tensor

/**
 * σ(conv₂(activation(conv₁([a, b])))), two 3×3×3 convolutions over heads, queries and keys: a and b (b, m, heads, t, t) → (b, 1, heads, t, t).
 *
 * @throws ShapeError where a and b differ or are not what the convolutions were made for
 */
function residualGate(a: Tensor, b: Tensor, first: Conv3d, second: Conv3d, activation: Activation): Tensor {
  return sigmoid(second.forward(activation(first.forward(concat([a, b], 1)))))
}

export interface Mixed {
  /** How much of a head's scores are the decoder's. */
  readonly gate: Tensor
  /** gate · decoder + (1 − gate) · encoder: (b, m, heads, t, t). */
  readonly mixed: Tensor
}

/** Scores of the decoder's layer before, and those of the encoder: both (b, m, heads, t, t). */
export abstract class ScoreGate extends Module {
  abstract override forward(decoder: Tensor, encoder: Tensor): Mixed
}

function mixedBy(gate: Tensor, decoder: Tensor, encoder: Tensor): Mixed {
  return { gate, mixed: add(mul(gate, sub(decoder, encoder)), encoder) }
}

/** A gate for each pair of frames, (b, 1, heads, t, t): the two convolutions are `0` and `2` in state dicts. */
export class PairGate extends ScoreGate {
  readonly 0: Conv3d
  readonly 2: Conv3d
  readonly #activation: Activation

  /** @param maps m, of a and of b */
  constructor(maps: number, activation: Activation = squaredRelu) {
    super()
    this[0] = new Conv3d(2 * maps, maps, 3, { padding: 1 })
    this[2] = new Conv3d(maps, 1, 3, { padding: 1 })
    this.#activation = activation
  }

  /** @throws ShapeError for other shapes */
  override forward(decoder: Tensor, encoder: Tensor): Mixed {
    return mixedBy(residualGate(decoder, encoder, this[0], this[2], this.#activation), decoder, encoder)
  }

  override reach(): Reach {
    return wholeReach
  }
}

/** A gate for each head of each map, whatever the frames: σ of `weight` (m, heads, 1, 1), which begins with the mean of both. */
export class HeadGate extends ScoreGate {
  readonly weight: Parameter

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

  override reach(): Reach {
    return pointwiseReach
  }
}
