/**
 * Elman's network (1990, "Finding structure in time"): h_t = f_h(U x_t + W h_{t−1}), y_t = f_out(V h_t). Unfolded in time it is a
 * feed-forward network with as many layers as there are steps, all of them with the same three matrices; `step` is one of its layers.
 */
import { formatShape, type Nonlinearity, rnn, rnnCell, ShapeError, sigmoid, softmax, type Tensor, transpose } from '../tensor/index.ts'
import { identity } from './activations.ts'
import { checkExtent, checkWord } from './check.ts'
import { defaultInit, uniformInit } from './init.ts'
import { linear } from './linear.ts'
import { Module, type Parameter, parameter } from './module.ts'
import { causalReach, type Reach } from './reach.ts'

export interface ElmanOptions {
  /** f_h, 'tanh' by default. */
  readonly hiddenActivation?: Nonlinearity
  /** f_out, along the features; 'linear' by default. */
  readonly outputActivation?: 'linear' | 'sigmoid' | 'softmax'
  /** Adds `b_h` to the state's sum and `b_y` to the output's; false by default. */
  readonly bias?: boolean
}

const outputFunctions = { linear: identity, sigmoid, softmax: (y: Tensor) => softmax(y, -1) } as const

/**
 * The network with its matrices `U` (hidden, inputs), `W` (hidden, hidden) and `V` (outputs, hidden).
 *
 * @example
 * const network = new Elman(2, 3, 4, { outputActivation: 'softmax' })
 * const { y, h } = network.forward(input('x', [1, 5, 2]))
 * y.shape // [1, 5, 4]
 * h.shape // [1, 3]
 */
export class Elman extends Module {
  readonly U: Parameter
  readonly W: Parameter
  readonly V: Parameter
  readonly b_h: Parameter | undefined
  readonly b_y: Parameter | undefined
  readonly #hiddenActivation: Nonlinearity
  readonly #output: (y: Tensor) => Tensor

  /** @throws RangeError for sizes that are no whole numbers ≥ 1, and an output activation that is none of those */
  constructor(
    inputSize: number,
    hiddenSize: number,
    outputSize: number,
    { hiddenActivation = 'tanh', outputActivation = 'linear', bias = false }: ElmanOptions = {},
  ) {
    super()
    checkExtent('Elman', { inputSize, hiddenSize, outputSize })
    checkWord('Elman', { outputActivation }, Object.keys(outputFunctions))
    const ofHidden = uniformInit(1 / Math.sqrt(hiddenSize))
    this.U = parameter([hiddenSize, inputSize], ofHidden)
    this.W = parameter([hiddenSize, hiddenSize], ofHidden)
    this.V = parameter([outputSize, hiddenSize], defaultInit(hiddenSize))
    this.b_h = bias ? parameter([hiddenSize], ofHidden) : undefined
    this.b_y = bias ? parameter([outputSize], defaultInit(hiddenSize)) : undefined
    this.#hiddenActivation = hiddenActivation
    this.#output = outputFunctions[outputActivation]
  }

  /**
   * All steps, as a loop.
   *
   * @param x (b, t, inputs)
   * @param h0 state before the first step, (b, hidden); zeros by default
   * @returns outputs (b, t, outputs), and the last state (b, hidden)
   * @throws ShapeError for inputs and states of other shapes
   */
  forward(x: Tensor, h0?: Tensor): { readonly y: Tensor; readonly h: Tensor } {
    if (x.shape.length !== 3) throw new ShapeError('Elman', `input ${formatShape(x.shape)}; needs (b, t, inputs)`)
    const { outputs, h } = rnn(transpose(x, [1, 0, 2]), this.#weights, { h0, nonlinearity: this.#hiddenActivation })
    return { y: this.#out(transpose(outputs, [1, 0, 2])), h }
  }

  /**
   * One step: one layer of the unfolded network.
   *
   * @param x (b, inputs)
   * @param h state before it, (b, hidden); zeros by default
   * @returns output (b, outputs) and state after it (b, hidden)
   * @throws ShapeError for inputs and states of other shapes
   */
  step(x: Tensor, h?: Tensor): { readonly y: Tensor; readonly h: Tensor } {
    const next = rnnCell(x, h, this.#weights, { nonlinearity: this.#hiddenActivation })
    return { y: this.#out(next), h: next }
  }

  override reach(): Reach {
    return causalReach
  }

  get #weights() {
    return { weightIh: this.U, weightHh: this.W, biasIh: this.b_h }
  }

  #out(h: Tensor): Tensor {
    return this.#output(linear(h, this.V, this.b_y))
  }
}
