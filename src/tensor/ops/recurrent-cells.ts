/**
 * One step of the recurrent layers, with all that is computed on the way: plain (Elman 1990), LSTM (Hochreiter & Schmidhuber 1997; forget
 * gate of Gers et al. 2000) and GRU (Cho et al. 2014, arXiv 1406.1078, with the reset gate after the product, as cuDNN and PyTorch have it).
 */
import type { Tensor } from '../tensor.ts'
import { add, mul, relu, sigmoid, sub, tanh } from './elementwise.ts'
import { checkNonlinearity, checkRecurrent, type Nonlinearity, project, type RecurrentWeights, zeroState } from './recurrent-weights.ts'
import { split } from './split.ts'

/** The four gates of an LSTM and what it makes of them, each (batch, hidden) of one step or (steps, batch, hidden) of all. */
export interface LstmGates {
  /** Input gate: how much of the candidate is written. */
  readonly i: Tensor
  /** Forget gate: how much of the cell stays. */
  readonly f: Tensor
  /** Candidate, in -1…1. */
  readonly g: Tensor
  /** Output gate: how much of the cell is shown. */
  readonly o: Tensor
  /** Cell, f·c + i·g. */
  readonly c: Tensor
  /** State, o·tanh(c). */
  readonly h: Tensor
}

/** The gates of a GRU and what it makes of them, each (batch, hidden) of one step or (steps, batch, hidden) of all. */
export interface GruGates {
  /** Reset gate: how much of the state the candidate sees. */
  readonly r: Tensor
  /** Update gate: how much of the state stays. */
  readonly z: Tensor
  /** Candidate, in -1…1. */
  readonly n: Tensor
  /** State, (1 − z)·n + z·h. */
  readonly h: Tensor
}

/** From what input and state contribute, (batch, hidden) each. */
export function rnnStep(ofInput: Tensor, ofState: Tensor, nonlinearity: Nonlinearity): Tensor {
  return (nonlinearity === 'tanh' ? tanh : relu)(add(ofInput, ofState))
}

/** From what input and state contribute, (batch, 4 · hidden) each in the order i, f, g, o, and the cell before. */
export function lstmStep(ofInput: Tensor, ofState: Tensor, before: Tensor): LstmGates {
  const [forI, forF, forG, forO] = split(add(ofInput, ofState), 4, 1) as [Tensor, Tensor, Tensor, Tensor]
  const [i, f, g, o] = [sigmoid(forI), sigmoid(forF), tanh(forG), sigmoid(forO)]
  const c = add(mul(f, before), mul(i, g))
  return { i, f, g, o, c, h: mul(o, tanh(c)) }
}

/** From what input and state contribute, (batch, 3 · hidden) each in the order r, z, n, and the state before. */
export function gruStep(ofInput: Tensor, ofState: Tensor, before: Tensor): GruGates {
  const [inR, inZ, inN] = split(ofInput, 3, 1) as [Tensor, Tensor, Tensor]
  const [ownR, ownZ, ownN] = split(ofState, 3, 1) as [Tensor, Tensor, Tensor]
  const [r, z] = [sigmoid(add(inR, ownR)), sigmoid(add(inZ, ownZ))]
  const n = tanh(add(inN, mul(r, ownN)))
  return { r, z, n, h: add(n, mul(z, sub(before, n))) }
}

const axes = ['batch', 'inputs']

/**
 * One step of the plain recurrence: tanh(x Wᵢₕᵀ + bᵢₕ + h Wₕₕᵀ + bₕₕ), or relu of it.
 *
 * @param x (batch, inputs)
 * @param h state before, (batch, hidden); zeros by default
 * @returns the state after, (batch, hidden)
 * @throws ShapeError where a weight, bias or state has not the shape that the others ask for
 *
 * @example
 * const weights = { weightIh: constant([1], [1, 1]), weightHh: constant([1], [1, 1]) }
 * const [h] = await evaluate(() => [rnnCell(constant([0.5], [1, 1]), undefined, weights)]) // [0.4621]
 */
export function rnnCell(
  x: Tensor,
  h: Tensor | undefined,
  weights: RecurrentWeights,
  { nonlinearity = 'tanh' }: { readonly nonlinearity?: Nonlinearity } = {},
): Tensor {
  checkNonlinearity('rnnCell', nonlinearity)
  const hidden = checkRecurrent('rnnCell', x, weights, 1, { h }, axes)
  const own = project(h ?? zeroState(x.shape[0]!, hidden), weights.weightHh)
  return rnnStep(project(x, weights.weightIh, weights.biasIh, weights.biasHh), own, nonlinearity)
}

/**
 * One step of an LSTM: i, f, o = σ(…), g = tanh(…), c' = f·c + i·g, h' = o·tanh(c').
 *
 * @param x (batch, inputs)
 * @param before state and cell before, (batch, hidden); zeros by default
 * @returns gates, cell and state, (batch, hidden)
 * @throws ShapeError where a weight, bias or state has not the shape that the others ask for
 *
 * @example
 * const weights = { weightIh: constant([1, 1, 1, 1], [4, 1]), weightHh: constant([0, 0, 0, 0], [4, 1]) }
 * const { f, c } = lstmCell(constant([0.5], [1, 1]), {}, weights)
 * const [forget, cell] = await evaluate(() => [f, c])
 * forget // [0.6225]
 * cell // [0.2876]
 */
export function lstmCell(
  x: Tensor,
  before: { readonly h?: Tensor | undefined; readonly c?: Tensor | undefined },
  weights: RecurrentWeights,
): LstmGates {
  const hidden = checkRecurrent('lstmCell', x, weights, 4, before, axes)
  const zeros = zeroState(x.shape[0]!, hidden)
  const own = project(before.h ?? zeros, weights.weightHh)
  return lstmStep(project(x, weights.weightIh, weights.biasIh, weights.biasHh), own, before.c ?? zeros)
}

/**
 * One step of a GRU: r, z = σ(…), n = tanh(x Wₙᵀ + bᵢₙ + r·(h Uₙᵀ + bₕₙ)), h' = (1 − z)·n + z·h.
 *
 * @param x (batch, inputs)
 * @param h state before, (batch, hidden); zeros by default
 * @returns gates and state, (batch, hidden)
 * @throws ShapeError where a weight, bias or state has not the shape that the others ask for
 *
 * @example
 * const weights = { weightIh: constant([0, 0, 1], [3, 1]), weightHh: constant([0, 0, 0], [3, 1]) }
 * const [h] = await evaluate(() => [gruCell(constant([0.5], [1, 1]), constant([1], [1, 1]), weights).h]) // [0.7311]
 */
export function gruCell(x: Tensor, h: Tensor | undefined, weights: RecurrentWeights): GruGates {
  const hidden = checkRecurrent('gruCell', x, weights, 3, { h }, axes)
  const state = h ?? zeroState(x.shape[0]!, hidden)
  return gruStep(project(x, weights.weightIh, weights.biasIh), project(state, weights.weightHh, weights.biasHh), state)
}
