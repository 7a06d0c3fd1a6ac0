/**
 * Recurrent layers over whole sequences with PyTorch's weights and gate order (recurrent-cells.ts has the formulas of one step). Each is a
 * `scan` for training, and ONNX Runtime's fused operator where no derivative is taken.
 *
 * The inputs' products for all steps are one matrix product before the loop; inside it only the state is multiplied.
 */
import type { Tensor } from '../tensor.ts'
import { less, where } from './elementwise.ts'
import { arange } from './indices.ts'
import { matmul } from './matmul.ts'
import { reshape, transpose } from './movement.ts'
import { type GruGates, gruStep, type LstmGates, lstmStep, rnnStep } from './recurrent-cells.ts'
import { type FusedOptions, fusedOperator } from './recurrent-fused.ts'
import {
  checkLengths,
  checkNonlinearity,
  checkRecurrent,
  type Nonlinearity,
  project,
  type RecurrentWeights,
  zeroState,
} from './recurrent-weights.ts'
import { type ScanStep, scan } from './scan.ts'
import type { FusedScan } from './scan-step.ts'

export interface RecurrentOptions {
  /** State before the first step, (batch, hidden); zeros by default. */
  readonly h0?: Tensor | undefined
  /** From the last step to the first. */
  readonly reverse?: boolean
  /**
   * How many steps each example has, int32 or int64 (batch), 0…steps: the others do not exist. Outputs are 0 there, the last state is that
   * after the example's own last step, and with `reverse` its own last step is the first one taken.
   */
  readonly lengths?: Tensor | undefined
}

export interface LstmOptions extends RecurrentOptions {
  /** Cell before the first step, (batch, hidden); zeros by default. */
  readonly c0?: Tensor | undefined
}

const axes = ['steps', 'batch', 'inputs']

/** The steps that an example does not have: its state stays, its outputs are 0. */
function hold(there: Tensor | undefined, before: readonly Tensor[], { carry, outputs = [] }: ScanStep): ScanStep {
  if (!there) return { carry, outputs }
  return { carry: carry.map((x, i) => where(there, x, before[i]!)), outputs: outputs.map((x) => where(there, x, 0)) }
}

/** The loop of all three layers; `step` gets the state and what the input contributes. */
function loop(
  ofInput: Tensor,
  start: readonly Tensor[],
  step: (state: readonly Tensor[], ofInput: Tensor) => ScanStep,
  { reverse = false, lengths, fused }: RecurrentOptions & { readonly fused?: FusedScan },
): { readonly carry: Tensor[]; readonly outputs: Tensor[] } {
  const [steps, batch] = ofInput.shape as [number, number]
  const there = lengths && less(reshape(arange(0, steps, 1, lengths.dtype), [steps, 1, 1]), reshape(lengths, [1, batch, 1]))
  return scan((state, [now, mask]) => hold(mask, state, step(state, now!)), {
    carry: start,
    sequences: there ? [ofInput, there] : [ofInput],
    reverse,
    ...(fused && { fused }),
  })
}

function startOf(
  who: string,
  x: Tensor,
  weights: RecurrentWeights,
  gates: number,
  states: Readonly<Record<string, Tensor | undefined>>,
  lengths: Tensor | undefined,
): Tensor[] {
  const hidden = checkRecurrent(who, x, weights, gates, states, axes)
  if (lengths) checkLengths(who, lengths, x.shape[1]!)
  return Object.values(states).map((state) => state ?? zeroState(x.shape[1]!, hidden))
}

function fusedOptions(order: readonly number[], { reverse = false, lengths }: RecurrentOptions): FusedOptions {
  return { order, reverse, lengths }
}

function named<Name extends string>(names: readonly Name[], tensors: readonly Tensor[]): Record<Name, Tensor> {
  return Object.fromEntries(names.map((name, k) => [name, tensors[k]!])) as Record<Name, Tensor>
}

/**
 * Plain recurrence: h' = tanh(x Wᵢₕᵀ + bᵢₕ + h Wₕₕᵀ + bₕₕ), or relu of it.
 *
 * @param x (steps, batch, inputs)
 * @returns all states (steps, batch, hidden), and the last one (batch, hidden)
 * @throws ShapeError where a weight, bias, state or lengths have not the shape that the others ask for
 */
export function rnn(
  x: Tensor,
  weights: RecurrentWeights,
  { nonlinearity = 'tanh', ...options }: RecurrentOptions & { readonly nonlinearity?: Nonlinearity | undefined } = {},
): { outputs: Tensor; h: Tensor } {
  checkNonlinearity('rnn', nonlinearity)
  const start = startOf('rnn', x, weights, 1, { h0: options.h0 }, options.lengths)
  const recurrent = transpose(weights.weightHh, [1, 0])
  const attributes = { activations: { strings: [nonlinearity === 'tanh' ? 'Tanh' : 'Relu'] } }
  const { carry, outputs } = loop(
    project(x, weights.weightIh, weights.biasIh, weights.biasHh),
    start,
    ([h], ofInput) => {
      const next = rnnStep(ofInput, matmul(h!, recurrent), nonlinearity)
      return { carry: [next], outputs: [next] }
    },
    { ...options, fused: fusedOperator('RNN', x, weights, start, { ...fusedOptions([0], options), attributes }) },
  )
  return { outputs: outputs[0]!, h: carry[0]! }
}

function lstmLoop(
  who: string,
  x: Tensor,
  weights: RecurrentWeights,
  options: LstmOptions,
  stacked: readonly (keyof LstmGates)[],
): ReturnType<typeof loop> {
  const start = startOf(who, x, weights, 4, { h0: options.h0, c0: options.c0 }, options.lengths)
  const recurrent = transpose(weights.weightHh, [1, 0])
  return loop(
    project(x, weights.weightIh, weights.biasIh, weights.biasHh),
    start,
    ([h, c], ofInput) => {
      const gates = lstmStep(ofInput, matmul(h!, recurrent), c!)
      return { carry: [gates.h, gates.c], outputs: stacked.map((name) => gates[name]) }
    },
    stacked.length === 1 ? { ...options, fused: fusedOperator('LSTM', x, weights, start, fusedOptions([0, 3, 1, 2], options)) } : options,
  )
}

/**
 * Long short-term memory: i, f, o = σ(…), g = tanh(…), c' = f·c + i·g, h' = o·tanh(c').
 *
 * @param x (steps, batch, inputs)
 * @returns all states h (steps, batch, hidden), the last h and the last c (batch, hidden)
 * @throws ShapeError where a weight, bias, state or lengths have not the shape that the others ask for
 *
 * @example
 * const weights = { weightIh: constant([1, 1, 1, 1], [4, 1]), weightHh: constant([0, 0, 0, 0], [4, 1]) }
 * const [y] = await evaluate(() => [lstm(constant([0.5], [1, 1, 1]), weights).outputs]) // [0.174]
 */
export function lstm(x: Tensor, weights: RecurrentWeights, options: LstmOptions = {}): { outputs: Tensor; h: Tensor; c: Tensor } {
  const { carry, outputs } = lstmLoop('lstm', x, weights, options, ['h'])
  return { outputs: outputs[0]!, h: carry[0]!, c: carry[1]! }
}

const lstmNames = ['i', 'f', 'g', 'o', 'c', 'h'] as const

/**
 * What an LSTM does at every step, to look at: gates, cell and state. `h` are the outputs of `lstm`.
 *
 * @param x (steps, batch, inputs)
 * @returns (steps, batch, hidden) each
 * @throws ShapeError where a weight, bias, state or lengths have not the shape that the others ask for
 *
 * @example
 * const weights = { weightIh: constant([0, 1, 0, 0], [4, 1]), weightHh: constant([0, 0, 0, 0], [4, 1]) }
 * const [forget] = await evaluate(() => [lstmGates(constant([-2, 2], [2, 1, 1]), weights).f]) // [0.1192, 0.8808]
 */
export function lstmGates(x: Tensor, weights: RecurrentWeights, options: LstmOptions = {}): LstmGates {
  const { outputs } = lstmLoop('lstmGates', x, weights, options, lstmNames)
  return named(lstmNames, outputs)
}

function gruLoop(
  who: string,
  x: Tensor,
  weights: RecurrentWeights,
  options: RecurrentOptions,
  stacked: readonly (keyof GruGates)[],
): ReturnType<typeof loop> {
  const start = startOf(who, x, weights, 3, { h0: options.h0 }, options.lengths)
  const attributes = { linear_before_reset: 1 }
  return loop(
    project(x, weights.weightIh, weights.biasIh),
    start,
    ([h], ofInput) => {
      const gates = gruStep(ofInput, project(h!, weights.weightHh, weights.biasHh), h!)
      return { carry: [gates.h], outputs: stacked.map((name) => gates[name]) }
    },
    stacked.length === 1
      ? { ...options, fused: fusedOperator('GRU', x, weights, start, { ...fusedOptions([1, 0, 2], options), attributes }) }
      : options,
  )
}

/**
 * Gated recurrent unit: r, z = σ(…), n = tanh(x Wₙᵀ + bᵢₙ + r·(h Uₙᵀ + bₕₙ)), h' = (1 − z)·n + z·h.
 *
 * @param x (steps, batch, inputs)
 * @returns all states (steps, batch, hidden), and the last one (batch, hidden)
 * @throws ShapeError where a weight, bias, state or lengths have not the shape that the others ask for
 */
export function gru(x: Tensor, weights: RecurrentWeights, options: RecurrentOptions = {}): { outputs: Tensor; h: Tensor } {
  const { carry, outputs } = gruLoop('gru', x, weights, options, ['h'])
  return { outputs: outputs[0]!, h: carry[0]! }
}

const gruNames = ['r', 'z', 'n', 'h'] as const

/**
 * What a GRU does at every step, to look at: gates and state. `h` are the outputs of `gru`.
 *
 * @param x (steps, batch, inputs)
 * @returns (steps, batch, hidden) each
 * @throws ShapeError where a weight, bias, state or lengths have not the shape that the others ask for
 *
 * @example
 * const weights = { weightIh: constant([0, 1, 0], [3, 1]), weightHh: constant([0, 0, 0], [3, 1]) }
 * const [update] = await evaluate(() => [gruGates(constant([-2, 2], [2, 1, 1]), weights).z]) // [0.1192, 0.8808]
 */
export function gruGates(x: Tensor, weights: RecurrentWeights, options: RecurrentOptions = {}): GruGates {
  const { outputs } = gruLoop('gruGates', x, weights, options, gruNames)
  return named(gruNames, outputs)
}
