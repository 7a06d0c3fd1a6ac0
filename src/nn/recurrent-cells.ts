/** One step of the recurrent layers as modules, with PyTorch's names: what decoders and loops of one's own are made of. */
import { gruCell, type LstmGates, lstmCell, type Nonlinearity, type RecurrentWeights, rnnCell, type Tensor } from '../tensor/index.ts'
import { checkExtent } from './check.ts'
import { uniformInit } from './init.ts'
import { Module, type Parameter, parameter } from './module.ts'
import { causalReach, type Reach } from './reach.ts'

export interface CellOptions {
  /** True by default. */
  readonly bias?: boolean
}

/** Base of the cells: `weight_ih` (gates · hidden, inputs), `weight_hh` (gates · hidden, hidden), `bias_ih` and `bias_hh` (gates · hidden). */
abstract class Cell extends Module {
  readonly weight_ih: Parameter
  readonly weight_hh: Parameter
  readonly bias_ih: Parameter | undefined
  readonly bias_hh: Parameter | undefined

  constructor(who: string, inputSize: number, hiddenSize: number, gates: number, { bias = true }: CellOptions) {
    super()
    checkExtent(who, { inputSize, hiddenSize })
    const init = uniformInit(1 / Math.sqrt(hiddenSize))
    const rows = gates * hiddenSize
    this.weight_ih = parameter([rows, inputSize], init)
    this.weight_hh = parameter([rows, hiddenSize], init)
    this.bias_ih = bias ? parameter([rows], init) : undefined
    this.bias_hh = bias ? parameter([rows], init) : undefined
  }

  /** As functions of tensors take them. */
  get weights(): RecurrentWeights {
    return { weightIh: this.weight_ih, weightHh: this.weight_hh, biasIh: this.bias_ih, biasHh: this.bias_hh }
  }

  /** Through the state it depends on all that came before. */
  override reach(): Reach {
    return causalReach
  }
}

/**
 * One step of RNN: x (b, inputSize) and state before (b, hiddenSize), zeros by default, to the state after.
 *
 * @example
 * const cell = new RNNCell(2, 3)
 * const first = cell.forward(input('x', [4, 2]))
 * cell.forward(input('x', [4, 2]), first).shape // [4, 3]
 */
export class RNNCell extends Cell {
  readonly #nonlinearity: Nonlinearity

  /** @throws RangeError for sizes that are no whole numbers ≥ 1 */
  constructor(
    inputSize: number,
    hiddenSize: number,
    { nonlinearity = 'tanh', ...options }: CellOptions & { readonly nonlinearity?: Nonlinearity } = {},
  ) {
    super('RNNCell', inputSize, hiddenSize, 1, options)
    this.#nonlinearity = nonlinearity
  }

  /** @throws ShapeError for inputs and states of other shapes */
  override forward(x: Tensor, h?: Tensor): Tensor {
    return rnnCell(x, h, this.weights, { nonlinearity: this.#nonlinearity })
  }
}

/** One step of LSTM: x (b, inputSize), state and cell before (b, hiddenSize), zeros by default, to those after and the gates. */
export class LSTMCell extends Cell {
  /** @throws RangeError for sizes that are no whole numbers ≥ 1 */
  constructor(inputSize: number, hiddenSize: number, options: CellOptions = {}) {
    super('LSTMCell', inputSize, hiddenSize, 4, options)
  }

  /** @throws ShapeError for inputs and states of other shapes */
  override forward(x: Tensor, before: Partial<Pick<LstmGates, 'h' | 'c'>> = {}): LstmGates {
    return lstmCell(x, before, this.weights)
  }
}

/** One step of GRU: x (b, inputSize) and state before (b, hiddenSize), zeros by default, to the state after. */
export class GRUCell extends Cell {
  /** @throws RangeError for sizes that are no whole numbers ≥ 1 */
  constructor(inputSize: number, hiddenSize: number, options: CellOptions = {}) {
    super('GRUCell', inputSize, hiddenSize, 3, options)
  }

  /** @throws ShapeError for inputs and states of other shapes */
  override forward(x: Tensor, h?: Tensor): Tensor {
    return gruCell(x, h, this.weights).h
  }
}
