/** Attention of a decoder's state to an encoder's sequence by a small network (Bahdanau, Cho & Bengio 2015, arXiv 1409.0473, A.1.2). */
import { formatShape, ShapeError, squeeze, type Tensor, unsqueeze } from '../tensor/index.ts'
import { type Attended, additiveScores, attend } from './attention.ts'
import { checkExtent } from './check.ts'
import { defaultInit } from './init.ts'
import { Linear } from './linear.ts'
import { Module, type Parameter, parameter } from './module.ts'
import { type Reach, wholeReach } from './reach.ts'

export interface BahdanauOptions {
  /** Features in which states and sequence are compared, those of the state by default. */
  readonly hidden?: number
}

export interface BahdanauCall {
  /** Bool (b, t), true at steps that are padding; see `paddingMask`. */
  readonly keyPaddingMask?: Tensor
}

/**
 * e = vᵀ tanh(W s + U a), its softmax over the steps of the sequence, and the sequence's mean with these weights:
 * state s (b, features), sequence a (b, t, features of it) → context (b, features of the sequence). `W.weight`, `U.weight`, `v`.
 */
export class BahdanauAttention extends Module {
  readonly W: Linear
  readonly U: Linear
  readonly v: Parameter

  /** @throws RangeError for sizes that are no whole numbers ≥ 1 */
  constructor(state: number, sequence: number, { hidden = state }: BahdanauOptions = {}) {
    super()
    checkExtent('BahdanauAttention', { state, sequence, hidden })
    this.W = new Linear(state, hidden, { bias: false })
    this.U = new Linear(sequence, hidden, { bias: false })
    this.v = parameter([hidden], defaultInit(hidden))
  }

  /**
   * @param state (b, features) of one decoder step, or (b, steps, features) of several, which gives (b, steps, features of the sequence)
   * @throws ShapeError where shapes do not fit each other or the layer
   */
  forward(state: Tensor, sequence: Tensor, call: BahdanauCall = {}): Tensor {
    return this.attend(state, sequence, call).output
  }

  /**
   * As `forward`, and where the decoder looks: weights (b, t), or (b, steps, t). A decoder that calls this in each step has the projected
   * sequence, U a, computed once: equal operations are.
   *
   * @throws ShapeError where shapes do not fit each other or the layer
   *
   * @example
   * const { output, weights } = new BahdanauAttention(4, 6).attend(input('s', [2, 4]), input('a', [2, 9, 6]))
   * output.shape // [2, 6]
   * weights.shape // [2, 9]
   */
  attend(state: Tensor, sequence: Tensor, { keyPaddingMask }: BahdanauCall = {}): Attended {
    const one = state.shape.length === 2
    const states = one ? unsqueeze(state, 1) : state
    if (states.shape.length !== 3 || sequence.shape.length !== 3 || states.shape[0] !== sequence.shape[0]) {
      const got = `state ${formatShape(state.shape)}, sequence ${formatShape(sequence.shape)}`
      throw new ShapeError('BahdanauAttention', `${got}; needs (b, features) or (b, steps, features), and (b, t, features)`)
    }
    const scores = additiveScores(this.W.forward(states), this.U.forward(sequence), this.v)
    const { output, weights } = attend(scores, sequence, { keyPaddingMask })
    return one ? { output: squeeze(output, [1]), weights: squeeze(weights, [1]) } : { output, weights }
  }

  /** Of the sequence, all steps. */
  override reach(): Reach {
    return wholeReach
  }
}
