/**
 * What the recurrent layers have in common: PyTorch's parameters (`weight_ih_l0`, `weight_hh_l0_reverse`, …), stacking, both directions,
 * dropout between layers, states and lengths. recurrent-layers.ts has the layers.
 */
import {
  concat,
  formatShape,
  narrow,
  type RecurrentOptions,
  type RecurrentWeights,
  reshape,
  ShapeError,
  type Tensor,
  transpose,
} from '../tensor/index.ts'
import { checkExtent, checkProbability } from './check.ts'
import { dropout } from './dropout.ts'
import { uniformInit } from './init.ts'
import { type Lengths, lengthsTensor } from './masking.ts'
import { type Init, Module, type Parameter, parameter } from './module.ts'
import { causalReach, type Reach, wholeReach } from './reach.ts'

export interface RecurrentLayerOptions {
  /** Layers on each other, each reading the outputs of the one below; 1 by default. */
  readonly numLayers?: number
  /** True by default. */
  readonly bias?: boolean
  /** True (our default, not PyTorch's): x and outputs are (b, t, d); false: (t, b, d). */
  readonly batchFirst?: boolean
  /** Probability of dropout on the outputs of all layers but the last; 0 by default. */
  readonly dropout?: number
  /** A second layer beside each one that begins at the end; outputs are forward ‖ backward, (b, t, 2 · hidden). False by default. */
  readonly bidirectional?: boolean
}

/** What a call of a recurrent layer may be given beside its input. */
export interface RecurrentCall {
  /** State before the first step, (numLayers · directions, b, hidden) as in PyTorch; zeros by default. */
  readonly h0?: Tensor | undefined
  /**
   * How many steps each example has, 0…t; all by default. Outputs after an example's end are 0, its last state is that after its own last
   * step, and the backward direction begins there: each example gives what it gives alone.
   */
  readonly lengths?: Lengths | undefined
}

export interface LstmCall extends RecurrentCall {
  /** Cell before the first step, shaped as h0; zeros by default. */
  readonly c0?: Tensor | undefined
}

export interface RecurrentResult {
  /** State of the top layer after every step, (b, t, directions · hidden), or (t, b, …) where `batchFirst` is false. */
  readonly outputs: Tensor
  /** State of every layer and direction after its last step, (numLayers · directions, b, hidden). */
  readonly h: Tensor
}

export interface LstmResult extends RecurrentResult {
  /** Cell of every layer and direction after its last step, shaped as h. */
  readonly c: Tensor
}

/** One layer and direction over a sequence (t, b, d). */
type OneDirection<T> = (x: Tensor, weights: RecurrentWeights, options: RecurrentOptions & { readonly c0?: Tensor | undefined }) => T

/** Base of RNN, LSTM and GRU. */
export abstract class RecurrentLayer extends Module {
  readonly [weight: `weight_${string}`]: Parameter
  readonly [bias: `bias_${string}`]: Parameter
  readonly inputSize: number
  readonly hiddenSize: number
  readonly numLayers: number
  readonly bidirectional: boolean
  readonly batchFirst: boolean
  readonly #dropout: number
  readonly #hasCell: boolean

  /**
   * @param gates blocks of rows of every weight
   * @param biasInit of bias_ih, where it is not as all others
   */
  constructor(
    who: string,
    inputSize: number,
    hiddenSize: number,
    gates: number,
    { numLayers = 1, bias = true, batchFirst = true, dropout = 0, bidirectional = false }: RecurrentLayerOptions,
    biasInit?: Init,
  ) {
    super()
    checkExtent(who, { inputSize, hiddenSize, numLayers })
    checkProbability(who, { dropout })
    if (dropout > 0 && numLayers === 1) {
      throw new RangeError(
        `${who}: dropout ${dropout} with numLayers 1; it lies between layers: give numLayers ≥ 2, or Dropout after this one`,
      )
    }
    this.inputSize = inputSize
    this.hiddenSize = hiddenSize
    this.numLayers = numLayers
    this.bidirectional = bidirectional
    this.batchFirst = batchFirst
    this.#dropout = dropout
    this.#hasCell = gates === 4
    const init = uniformInit(1 / Math.sqrt(hiddenSize))
    const parameters: Record<string, Parameter> = {}
    for (let layer = 0; layer < numLayers; layer++) {
      for (const suffix of this.#suffixes(layer)) {
        const inputs = layer === 0 ? inputSize : this.outputSize
        parameters[`weight_ih_${suffix}`] = parameter([gates * hiddenSize, inputs], init)
        parameters[`weight_hh_${suffix}`] = parameter([gates * hiddenSize, hiddenSize], init)
        if (bias) {
          parameters[`bias_ih_${suffix}`] = parameter([gates * hiddenSize], biasInit ?? init)
          parameters[`bias_hh_${suffix}`] = parameter([gates * hiddenSize], init)
        }
      }
    }
    Object.assign(this, parameters)
  }

  abstract override forward(x: Tensor, call?: LstmCall): RecurrentResult & { readonly c?: Tensor }

  /** Extent of the last axis of the outputs: hidden units per direction, side by side. */
  get outputSize(): number {
    return this.hiddenSize * (this.bidirectional ? 2 : 1)
  }

  override reach(): Reach {
    return this.bidirectional ? wholeReach : causalReach
  }

  /** The weights of one layer and direction, `l0` or `l0_reverse`. */
  weightsOf(layer: number, reverse = false): RecurrentWeights {
    const suffix = `l${layer}${reverse ? '_reverse' : ''}` as const
    const weightIh = this[`weight_ih_${suffix}`]
    if (!weightIh) {
      const directions = this.bidirectional ? 'either direction' : 'reverse false'
      throw new RangeError(`${this.type}: no weights of ${suffix}; it has layers 0…${this.numLayers - 1}, ${directions}`)
    }
    return {
      weightIh,
      weightHh: this[`weight_hh_${suffix}`]!,
      biasIh: this[`bias_ih_${suffix}`],
      biasHh: this[`bias_hh_${suffix}`],
    }
  }

  /**
   * Examples and steps of an input.
   *
   * @throws ShapeError for one that it does not take
   */
  extentsOf(x: Tensor): { readonly batch: number; readonly steps: number } {
    if (x.shape.length !== 3 || x.shape[2] !== this.inputSize) {
      const axes = this.batchFirst ? '(b, t, d)' : '(t, b, d)'
      throw new ShapeError(this.type, `input ${formatShape(x.shape)}; needs ${axes} with d = ${this.inputSize}`)
    }
    const [first, second] = x.shape as [number, number]
    return this.batchFirst ? { batch: first, steps: second } : { batch: second, steps: first }
  }

  #suffixes(layer: number): readonly string[] {
    return this.bidirectional ? [`l${layer}`, `l${layer}_reverse`] : [`l${layer}`]
  }

  /**
   * Runs all layers and directions.
   *
   * @returns the outputs of the top layer, and what each layer and direction gave, in the order of PyTorch's states
   */
  protected run<T extends { readonly outputs: Tensor }>(
    x: Tensor,
    { lengths, ...states }: LstmCall,
    one: OneDirection<T>,
  ): { outputs: Tensor; each: readonly T[] } {
    const { batch, steps } = this.extentsOf(x)
    const counts = lengths && lengthsTensor(this.type, lengths, steps, batch)
    if (states.c0 && !this.#hasCell) throw new ShapeError(this.type, `c0 ${formatShape(states.c0.shape)}; it has no cell, give h0 alone`)
    const stateShape = [this.numLayers * (this.bidirectional ? 2 : 1), batch, this.hiddenSize]
    for (const [name, state] of Object.entries(states) as [string, Tensor | undefined][]) {
      if (state && state.shape.join() !== stateShape.join()) {
        const needed = `${formatShape(stateShape)}, (layers · directions, b, hidden)`
        throw new ShapeError(this.type, `${name} ${formatShape(state.shape)} beside input ${formatShape(x.shape)}; needs ${needed}`)
      }
    }
    const each: T[] = []
    let y = this.swapped(x)
    for (let layer = 0; layer < this.numLayers; layer++) {
      const inputs = layer === 0 ? y : dropout(y, this.#dropout)
      const results = this.#suffixes(layer).map((_, direction) => {
        const place = each.length + direction
        const at = (state: Tensor | undefined) => state && reshape(narrow(state, 0, place, place + 1), [batch, this.hiddenSize])
        const options = { h0: at(states.h0), c0: at(states.c0), lengths: counts, reverse: direction === 1 }
        return one(inputs, this.weightsOf(layer, direction === 1), options)
      })
      each.push(...results)
      y = concat(
        results.map(({ outputs }) => outputs),
        2,
      )
    }
    return { outputs: this.swapped(y), each }
  }

  /** From the layout of the caller to (t, b, d) and back. */
  protected swapped(x: Tensor): Tensor {
    return this.batchFirst ? transpose(x, [1, 0, 2]) : x
  }
}

/**
 * The state of the top layer after every example's last step, forward ‖ backward: (b, directions · hidden). What many-to-one networks go on
 * with.
 *
 * @param h of a recurrent layer's result, (numLayers · directions, b, hidden)
 * @throws ShapeError for another rank, and for one state where the layer has two directions
 *
 * @example
 * const layer = new LSTM(3, 4, { numLayers: 2, bidirectional: true })
 * const { h } = layer.forward(input('x', [5, 7, 3]))
 * topState(h, layer).shape // [5, 8]
 */
export function topState(h: Tensor, { bidirectional }: Pick<RecurrentLayer, 'bidirectional'>): Tensor {
  const [all, batch, hidden] = h.shape as [number, number, number]
  const directions = bidirectional ? 2 : 1
  if (h.shape.length !== 3 || all % directions !== 0) {
    throw new ShapeError('topState', `h ${formatShape(h.shape)}; needs (layers · ${directions}, b, hidden)`)
  }
  return reshape(transpose(narrow(h, 0, all - directions, all), [1, 0, 2]), [batch, directions * hidden])
}
