/**
 * RNN, LSTM and GRU as in PyTorch: over sequences, stacked, in one or both directions, from one step to any number of them with the same
 * weights. The hidden size is the number of units per direction and has nothing to do with the length of the sequence.
 */
import {
  type GruGates,
  gru,
  gruGates,
  type LstmGates,
  lstm,
  lstmGates,
  type Nonlinearity,
  rnn,
  stack,
  type Tensor,
} from '../tensor/index.ts'
import { chronoInit } from './chrono-init.ts'
import {
  type LstmCall,
  type LstmResult,
  type RecurrentCall,
  RecurrentLayer,
  type RecurrentLayerOptions,
  type RecurrentResult,
} from './recurrent.ts'

export interface RnnOptions extends RecurrentLayerOptions {
  /** 'tanh' by default. */
  readonly nonlinearity?: Nonlinearity
}

export interface GatedOptions extends RecurrentLayerOptions {
  /**
   * How many steps the layer shall be able to remember when training begins: gates start so that what units hold lasts for times of 1 to
   * this (chrono-init.ts). By default all weights are drawn from ±1/√hidden, as in PyTorch: memories halve with every step.
   */
  readonly memorySteps?: number
}

/** All that gates, cells and states of one layer and direction were, in the layout of the layer's outputs. */
function inLayout<T extends object>(gates: T, swapped: (x: Tensor) => Tensor): T {
  return Object.fromEntries(Object.entries(gates).map(([name, x]) => [name, swapped(x as Tensor)])) as T
}

/**
 * Plain recurrent layer (Elman 1990): h' = tanh(x Wᵢₕᵀ + bᵢₕ + h Wₕₕᵀ + bₕₕ), or relu of it.
 *
 * @example
 * const layer = new RNN(2, 3)
 * layoutOf(layer).parameters.map(({ name }) => name) // ['weight_ih_l0', 'weight_hh_l0', 'bias_ih_l0', 'bias_hh_l0']
 * layoutOf(layer).parameterCount // 21
 */
export class RNN extends RecurrentLayer {
  readonly #nonlinearity: Nonlinearity

  /** @throws RangeError for sizes that are no whole numbers ≥ 1, and for a dropout outside 0…1 or of a single layer */
  constructor(inputSize: number, hiddenSize: number, { nonlinearity = 'tanh', ...options }: RnnOptions = {}) {
    super('RNN', inputSize, hiddenSize, 1, options)
    this.#nonlinearity = nonlinearity
  }

  /**
   * @param x (b, t, inputSize)
   * @throws ShapeError for inputs, states and lengths of other shapes, RangeError for lengths outside 0…t
   */
  override forward(x: Tensor, call: RecurrentCall = {}): RecurrentResult {
    const nonlinearity = this.#nonlinearity
    const { outputs, each } = this.run(x, call, (y, weights, options) => rnn(y, weights, { ...options, nonlinearity }))
    return { outputs, h: stackOf(each, 'h') }
  }
}

function stackOf<Name extends string>(each: readonly Readonly<Record<Name, Tensor>>[], name: Name): Tensor {
  return stack(
    each.map((one) => one[name]),
    0,
  )
}

/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997; Gers et al. 2000): i, f, o = σ(…), g = tanh(…), c' = f·c + i·g, h' = o·tanh(c').
 *
 * @example
 * const layer = new LSTM(513, 600, { bidirectional: true })
 * const { outputs, h, c } = layer.forward(input('x', [1, 100, 513]))
 * outputs.shape // [1, 100, 1200]
 * h.shape // [2, 1, 600]
 * layer.isCausal // false
 */
export class LSTM extends RecurrentLayer {
  /** @throws RangeError for sizes that are no whole numbers ≥ 1, and for a dropout outside 0…1 or of a single layer */
  constructor(inputSize: number, hiddenSize: number, { memorySteps, ...options }: GatedOptions = {}) {
    super('LSTM', inputSize, hiddenSize, 4, options, chronoInit('LSTM', memorySteps, hiddenSize, { keep: 1, write: 0 }, options))
  }

  /**
   * @param x (b, t, inputSize)
   * @throws ShapeError for inputs, states and lengths of other shapes, RangeError for lengths outside 0…t
   */
  override forward(x: Tensor, call: LstmCall = {}): LstmResult {
    const { outputs, each } = this.run(x, call, lstm)
    return { outputs, h: stackOf(each, 'h'), c: stackOf(each, 'c') }
  }

  /**
   * The layer to look into: what `forward` computes on the way, gates, cell and state after every step.
   *
   * @returns one entry per layer and direction in the order of the states, each tensor (b, t, hidden); 0 after an example's end
   *
   * @example
   * const [first] = new LSTM(2, 3).gates(input('x', [1, 5, 2]))
   * first!.f.shape // [1, 5, 3]
   */
  gates(x: Tensor, call: LstmCall = {}): LstmGates[] {
    const { each } = this.run(x, call, (y, weights, options) => {
      const gates = lstmGates(y, weights, options)
      return { gates, outputs: gates.h }
    })
    return each.map(({ gates }) => inLayout(gates, (y) => this.swapped(y)))
  }
}

/**
 * Gated recurrent unit (Cho et al. 2014, arXiv 1406.1078): r, z = σ(…), n = tanh(x Wₙᵀ + bᵢₙ + r·(h Uₙᵀ + bₕₙ)), h' = (1 − z)·n + z·h.
 *
 * @example
 * layoutOf(new GRU(2, 3)).parameterCount // 63
 */
export class GRU extends RecurrentLayer {
  /** @throws RangeError for sizes that are no whole numbers ≥ 1, and for a dropout outside 0…1 or of a single layer */
  constructor(inputSize: number, hiddenSize: number, { memorySteps, ...options }: GatedOptions = {}) {
    super('GRU', inputSize, hiddenSize, 3, options, chronoInit('GRU', memorySteps, hiddenSize, { keep: 1 }, options))
  }

  /**
   * @param x (b, t, inputSize)
   * @throws ShapeError for inputs, states and lengths of other shapes, RangeError for lengths outside 0…t
   */
  override forward(x: Tensor, call: RecurrentCall = {}): RecurrentResult {
    const { outputs, each } = this.run(x, call, gru)
    return { outputs, h: stackOf(each, 'h') }
  }

  /**
   * The layer to look into: what `forward` computes on the way, gates and state after every step.
   *
   * @returns one entry per layer and direction in the order of the states, each tensor (b, t, hidden); 0 after an example's end
   */
  gates(x: Tensor, call: RecurrentCall = {}): GruGates[] {
    const { each } = this.run(x, call, (y, weights, options) => {
      const gates = gruGates(y, weights, options)
      return { gates, outputs: gates.h }
    })
    return each.map(({ gates }) => inLayout(gates, (y) => this.swapped(y)))
  }
}
