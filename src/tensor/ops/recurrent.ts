/**
 * Recurrent layers over whole sequences with PyTorch's weights and gate order: plain (Elman 1990), LSTM (Hochreiter & Schmidhuber 1997; forget
 * gate of Gers et al. 2000) and GRU (Cho et al. 2014, arXiv 1406.1078, with the reset gate after the product, as cuDNN and PyTorch have it).
 * Each is a `scan` for training, and ONNX Runtime's fused operator where no derivative is taken.
 *
 * The inputs' products for all steps are one matrix product before the loop; inside it only the state is multiplied.
 */
import { formatShape } from '../shape.ts'
import { checkDtypes, constant, type Emitter, type OnnxAttribute, ShapeError, type Tensor } from '../tensor.ts'
import { add, mul, relu, sigmoid, sub, tanh } from './elementwise.ts'
import { matmul } from './matmul.ts'
import { expand, transpose } from './movement.ts'
import { scan } from './scan.ts'
import type { FusedScan } from './scan-step.ts'
import { split } from './split.ts'

/** Weights of one layer and direction, named and laid out as in PyTorch; `gates` is 1 (plain), 4 (LSTM: i, f, g, o) or 3 (GRU: r, z, n). */
export interface RecurrentWeights {
  /** (gates · hidden, inputs) */
  readonly weightIh: Tensor
  /** (gates · hidden, hidden) */
  readonly weightHh: Tensor
  /** (gates · hidden) */
  readonly biasIh?: Tensor | undefined
  /** (gates · hidden) */
  readonly biasHh?: Tensor | undefined
}

export interface RecurrentOptions {
  /** State before the first step, (batch, hidden); zeros by default. */
  readonly h0?: Tensor
  /** From the last step to the first. */
  readonly reverse?: boolean
}

interface Sizes {
  readonly steps: number
  readonly batch: number
  readonly hidden: number
}

function sizesOf(
  who: string,
  x: Tensor,
  weights: RecurrentWeights,
  gates: number,
  states: Readonly<Record<string, Tensor | undefined>>,
): Sizes {
  const { weightIh, weightHh, biasIh, biasHh } = weights
  const [steps, batch, inputs] = x.shape
  const hidden = weightHh.shape[1]!
  const expected = {
    weightIh: [weightIh, [gates * hidden, inputs]],
    weightHh: [weightHh, [gates * hidden, hidden]],
    biasIh: [biasIh, [gates * hidden]],
    biasHh: [biasHh, [gates * hidden]],
    ...Object.fromEntries(Object.entries(states).map(([name, state]) => [name, [state, [batch, hidden]]])),
  } as Record<string, [Tensor | undefined, number[]]>
  if (x.shape.length !== 3) throw new ShapeError(who, `input ${formatShape(x.shape)}: needs (steps, batch, inputs)`)
  for (const [name, [tensor, shape]] of Object.entries(expected)) {
    if (!tensor) continue
    if (tensor.shape.join() !== shape.join()) {
      throw new ShapeError(who, `${name} ${formatShape(tensor.shape)} beside input ${formatShape(x.shape)}: needs ${formatShape(shape)}`)
    }
    checkDtypes(who, [tensor])
  }
  return { steps: steps!, batch: batch!, hidden }
}

function zeroState({ batch, hidden }: Sizes): Tensor {
  return expand(constant(0), [batch, hidden])
}

/** x · Wᵀ + b for all steps at once. */
function project(x: Tensor, weight: Tensor, biases: readonly (Tensor | undefined)[]): Tensor {
  const product = matmul(x, transpose(weight, [1, 0]))
  return biases.reduce<Tensor>((sum, bias) => (bias ? add(sum, bias) : sum), product)
}

/** Blocks of rows of a weight in another order, as ONNX wants the gates. */
function reorder(emitter: Emitter, weight: string, order: readonly number[]): string {
  if (order.length === 1) return weight
  const blocks = emitter.node('Split', [weight], { axis: 0, num_outputs: order.length }, order.length)
  return emitter.node(
    'Concat',
    order.map((gate) => blocks[gate]!),
    { axis: 0 },
  )[0]!
}

/** ONNX's RNN, LSTM or GRU operator: one direction of one layer. */
function fusedOperator(
  opType: string,
  x: Tensor,
  weights: RecurrentWeights,
  states: readonly Tensor[],
  { order, reverse, attributes }: { order: readonly number[]; reverse: boolean; attributes?: Record<string, OnnxAttribute> },
): FusedScan {
  const { weightIh, weightHh, biasIh, biasHh } = weights
  const biases = [biasIh, biasHh].filter((bias) => bias !== undefined)
  const [batch, hidden] = states[0]!.shape as [number, number]
  return {
    inputs: [x, weightIh, weightHh, ...states, ...biases],
    lower: (emitter, [xName, ih, hh, ...rest], { used }) => {
      const shaped = (name: string, shape: readonly number[]) => emitter.node('Reshape', [name, emitter.ints(shape)])[0]!
      const rows = order.length * hidden
      const bias = (present: boolean, name: string | undefined) =>
        present ? reorder(emitter, name!, order) : emitter.floats(new Float32Array(rows), [rows])
      const names = rest.slice(states.length)
      const parts = [bias(biasIh !== undefined, names[0]), bias(biasHh !== undefined, names.at(-1))]
      const results = emitter.node(
        opType,
        [
          xName!,
          shaped(reorder(emitter, ih!, order), [1, rows, weightIh.shape[1]!]),
          shaped(reorder(emitter, hh!, order), [1, rows, hidden]),
          biases.length > 0 ? shaped(emitter.node('Concat', parts, { axis: 0 })[0]!, [1, 2 * rows]) : '',
          '',
          ...rest.slice(0, states.length).map((name) => shaped(name, [1, batch, hidden])),
        ],
        { hidden_size: hidden, direction: reverse ? 'reverse' : 'forward', ...attributes },
        1 + states.length,
      )
      const [all, ...last] = results
      const stacked = used[states.length] ? [shaped(all!, [x.shape[0]!, batch, hidden])] : ['']
      return [...last.map((name) => shaped(name, [batch, hidden])), ...stacked]
    },
  }
}

/**
 * Plain recurrence: h' = tanh(x Wᵢₕᵀ + bᵢₕ + h Wₕₕᵀ + bₕₕ), or relu of it.
 *
 * @param x (steps, batch, inputs)
 * @returns all states (steps, batch, hidden), and the last one (batch, hidden)
 * @throws ShapeError where a weight, bias or state has not the shape that the others ask for
 */
export function rnn(
  x: Tensor,
  weights: RecurrentWeights,
  { h0, reverse = false, nonlinearity = 'tanh' }: RecurrentOptions & { readonly nonlinearity?: 'tanh' | 'relu' } = {},
): { outputs: Tensor; h: Tensor } {
  const sizes = sizesOf('rnn', x, weights, 1, { h0 })
  const start = h0 ?? zeroState(sizes)
  const recurrent = transpose(weights.weightHh, [1, 0])
  const activate = nonlinearity === 'tanh' ? tanh : relu
  const attributes = { activations: { strings: [nonlinearity === 'tanh' ? 'Tanh' : 'Relu'] } }
  const { carry, outputs } = scan(
    ([h], [projected]) => {
      const next = activate(add(projected!, matmul(h!, recurrent)))
      return { carry: [next], outputs: [next] }
    },
    {
      carry: [start],
      sequences: [project(x, weights.weightIh, [weights.biasIh, weights.biasHh])],
      reverse,
      fused: fusedOperator('RNN', x, weights, [start], { order: [0], reverse, attributes }),
    },
  )
  return { outputs: outputs[0]!, h: carry[0]! }
}

/**
 * Long short-term memory: i, f, o = σ(…), g = tanh(…), c' = f·c + i·g, h' = o·tanh(c').
 *
 * @param x (steps, batch, inputs)
 * @returns all states h (steps, batch, hidden), the last h and the last c (batch, hidden)
 * @throws ShapeError where a weight, bias or state has not the shape that the others ask for
 *
 * @example
 * const weights = { weightIh: constant([1, 1, 1, 1], [4, 1]), weightHh: constant([0, 0, 0, 0], [4, 1]) }
 * const [y] = await evaluate(() => [lstm(constant([0.5], [1, 1, 1]), weights).outputs]) // [0.174]
 */
export function lstm(
  x: Tensor,
  weights: RecurrentWeights,
  { h0, c0, reverse = false }: RecurrentOptions & { readonly c0?: Tensor } = {},
): { outputs: Tensor; h: Tensor; c: Tensor } {
  const sizes = sizesOf('lstm', x, weights, 4, { h0, c0 })
  const start = [h0 ?? zeroState(sizes), c0 ?? zeroState(sizes)]
  const recurrent = transpose(weights.weightHh, [1, 0])
  const { carry, outputs } = scan(
    ([h, c], [projected]) => {
      const z = add(projected!, matmul(h!, recurrent)) // (batch, 4 · hidden)
      const [i, f, g, o] = split(z, 4, 1) as [Tensor, Tensor, Tensor, Tensor]
      const cell = add(mul(sigmoid(f), c!), mul(sigmoid(i), tanh(g)))
      const next = mul(sigmoid(o), tanh(cell))
      return { carry: [next, cell], outputs: [next] }
    },
    {
      carry: start,
      sequences: [project(x, weights.weightIh, [weights.biasIh, weights.biasHh])],
      reverse,
      fused: fusedOperator('LSTM', x, weights, start, { order: [0, 3, 1, 2], reverse }),
    },
  )
  return { outputs: outputs[0]!, h: carry[0]!, c: carry[1]! }
}

/**
 * Gated recurrent unit: r, z = σ(…), n = tanh(x Wₙᵀ + bᵢₙ + r·(h Uₙᵀ + bₕₙ)), h' = (1 − z)·n + z·h.
 *
 * @param x (steps, batch, inputs)
 * @returns all states (steps, batch, hidden), and the last one (batch, hidden)
 * @throws ShapeError where a weight, bias or state has not the shape that the others ask for
 */
export function gru(x: Tensor, weights: RecurrentWeights, { h0, reverse = false }: RecurrentOptions = {}): { outputs: Tensor; h: Tensor } {
  const sizes = sizesOf('gru', x, weights, 3, { h0 })
  const start = h0 ?? zeroState(sizes)
  const recurrent = transpose(weights.weightHh, [1, 0])
  const { carry, outputs } = scan(
    ([h], [projected]) => {
      const own = weights.biasHh ? add(matmul(h!, recurrent), weights.biasHh) : matmul(h!, recurrent) // (batch, 3 · hidden)
      const [inR, inZ, inN] = split(projected!, 3, 1) as [Tensor, Tensor, Tensor]
      const [ownR, ownZ, ownN] = split(own, 3, 1) as [Tensor, Tensor, Tensor]
      const [r, z] = [sigmoid(add(inR, ownR)), sigmoid(add(inZ, ownZ))]
      const candidate = tanh(add(inN, mul(r, ownN)))
      const next = add(candidate, mul(z, sub(h!, candidate)))
      return { carry: [next], outputs: [next] }
    },
    {
      carry: [start],
      sequences: [project(x, weights.weightIh, [weights.biasIh])],
      reverse,
      fused: fusedOperator('GRU', x, weights, [start], { order: [1, 0, 2], reverse, attributes: { linear_before_reset: 1 } }),
    },
  )
  return { outputs: outputs[0]!, h: carry[0]! }
}
