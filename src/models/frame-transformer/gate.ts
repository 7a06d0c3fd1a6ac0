/**
 * FrameTransformer's gate between the scores of two layers (carperbr 2023): a weight for each pair of frames in each head, shared by all maps, from a
 * small network that sees both layers' scores of neighbouring heads and frames. (The original's README speaks of a weight per frequency; its code has this.)
 */
import { Conv3d, Module, type Reach, squaredRelu, wholeReach } from '../../nn/index.ts'
import { add, concat, mul, sigmoid, sub, type Tensor } from '../../tensor/index.ts'

type Activation = (x: Tensor) => Tensor

/**
 * σ(conv₂(activation(conv₁([a, b])))), two 3×3×3 convolutions over heads, queries and keys: a and b (b, m, heads, t, t) → (b, 1, heads, t, t).
 *
 * @throws ShapeError where a and b differ or are not what the convolutions were made for
 */
export function residualGate(a: Tensor, b: Tensor, first: Conv3d, second: Conv3d, activation: Activation): Tensor {
  return sigmoid(second.forward(activation(first.forward(concat([a, b], 1)))))
}

/** The gate's two convolutions, `0` and `2` in state dicts. */
export class ResidualGate extends Module {
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

  /**
   * Scores of the decoder's layer before, and those of the encoder: both (b, m, heads, t, t) → gate (b, 1, heads, t, t), and gate · a + (1 − gate) · b.
   *
   * @throws ShapeError for other shapes
   */
  forward(decoder: Tensor, encoder: Tensor): { gate: Tensor; mixed: Tensor } {
    const gate = residualGate(decoder, encoder, this[0], this[2], this.#activation)
    return { gate, mixed: add(mul(gate, sub(decoder, encoder)), encoder) }
  }

  override reach(): Reach {
    return wholeReach
  }
}
