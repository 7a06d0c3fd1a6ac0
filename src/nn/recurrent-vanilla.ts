/**
 * The recurrent network of exercises, one call per step: h = tanh(W_hh h + W_xh x + B_h), y = W_hy h + B_y. The network has no memory of its
 * own; what it remembers is in a state that the caller owns, hands in, and sets back.
 */
import { concat, expand, formatShape, reshape, rnn, rnnCell, ShapeError, type Tensor, transpose, zerosLike } from '../tensor/index.ts'
import { checkExtent } from './check.ts'
import { defaultInit, uniformInit } from './init.ts'
import { linear } from './linear.ts'
import { Module, type Parameter, parameter } from './module.ts'
import { causalReach, type Reach } from './reach.ts'

/** What a recurrent network remembers from call to call within one trace. createLive (recurrent-live.ts) remembers from run to run. */
export class RecurrentState {
  #h: Tensor | undefined

  /** State after the last call, (b, hidden); undefined before the first one. */
  get h(): Tensor | undefined {
    return this.#h
  }

  /** Replaces it. */
  set(h: Tensor): void {
    this.#h = h
  }

  /** Forgets: the next call is the first one. */
  reset(): void {
    this.#h = undefined
  }
}

/**
 * The network, with `W_xh` (hidden, inputs), `W_hh` (hidden, hidden), `B_h` (hidden), `W_hy` (outputs, hidden) and `B_y` (outputs).
 *
 * @example
 * const network = new VanillaRNN(4, 10, 5)
 * const state = new RecurrentState()
 * network.forward(input('x', [16, 4]), state).shape // [16, 5]
 * state.h!.shape // [16, 10]
 */
export class VanillaRNN extends Module {
  readonly W_xh: Parameter
  readonly W_hh: Parameter
  readonly B_h: Parameter
  readonly W_hy: Parameter
  readonly B_y: Parameter

  /** @throws RangeError for sizes that are no whole numbers ≥ 1 */
  constructor(inputSize: number, hiddenSize: number, outputSize: number) {
    super()
    checkExtent('VanillaRNN', { inputSize, hiddenSize, outputSize })
    const init = uniformInit(1 / Math.sqrt(hiddenSize))
    this.W_xh = parameter([hiddenSize, inputSize], init)
    this.W_hh = parameter([hiddenSize, hiddenSize], init)
    this.B_h = parameter([hiddenSize], init)
    this.W_hy = parameter([outputSize, hiddenSize], defaultInit(hiddenSize))
    this.B_y = parameter([outputSize], defaultInit(hiddenSize))
  }

  /**
   * One step: reads the state and replaces it. The first one has no state to multiply: h = tanh(W_xh x + B_h).
   *
   * @param x (b, inputs)
   * @returns (b, outputs)
   * @throws ShapeError for inputs and states of other shapes
   */
  forward(x: Tensor, state: RecurrentState = new RecurrentState()): Tensor {
    const h = rnnCell(x, state.h, this.#weights)
    state.set(h)
    return linear(h, this.W_hy, this.B_y)
  }

  /**
   * One to many: the input is there at the first step only, then the network goes on by itself.
   *
   * @param x (b, inputs)
   * @returns (b, steps, outputs)
   * @throws ShapeError for inputs of other shapes, RangeError for steps that are no whole number ≥ 1
   */
  unroll(x: Tensor, steps: number): Tensor {
    checkExtent('VanillaRNN', { steps })
    if (x.shape.length !== 2) throw new ShapeError('VanillaRNN', `input ${formatShape(x.shape)}; needs (b, inputs)`)
    const first = reshape(x, [1, ...x.shape])
    const nothing = expand(zerosLike(first), [Math.max(1, steps - 1), ...x.shape])
    const { outputs } = rnn(steps === 1 ? first : concat([first, nothing], 0), this.#weights)
    return linear(transpose(outputs, [1, 0, 2]), this.W_hy, this.B_y)
  }

  override reach(): Reach {
    return causalReach
  }

  get #weights() {
    return { weightIh: this.W_xh, weightHh: this.W_hh, biasIh: this.B_h }
  }
}
