/** What the recurrent layers and their single steps take: PyTorch's weights, states and lengths, and what is wrong with them. */
import { formatShape, type Shape, sameShape } from '../shape.ts'
import { checkDtypes, constant, ShapeError, type Tensor } from '../tensor.ts'
import { add } from './elementwise.ts'
import { matmul } from './matmul.ts'
import { expand, transpose } from './movement.ts'

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

/** What the plain layer makes of its sum. */
export type Nonlinearity = 'tanh' | 'relu'

/** Refuses other words: each would be taken for one of the two. */
export function checkNonlinearity(who: string, nonlinearity: Nonlinearity): void {
  if (nonlinearity === 'tanh' || nonlinearity === 'relu') return
  throw new RangeError(`${who}: nonlinearity ${JSON.stringify(nonlinearity)}; allowed are tanh and relu`)
}

function checkShapes(who: string, x: Tensor, expected: Readonly<Record<string, readonly [Tensor | undefined, Shape]>>): void {
  for (const [name, [tensor, shape]] of Object.entries(expected)) {
    if (!tensor) continue
    if (!sameShape(tensor.shape, shape)) {
      throw new ShapeError(who, `${name} ${formatShape(tensor.shape)} beside input ${formatShape(x.shape)}: needs ${formatShape(shape)}`)
    }
    checkDtypes(who, [tensor])
  }
}

/**
 * Refuses weights and states that do not fit an input, (steps, batch, inputs) or, of one step, (batch, inputs).
 *
 * @returns the number of units
 */
export function checkRecurrent(
  who: string,
  x: Tensor,
  { weightIh, weightHh, biasIh, biasHh }: RecurrentWeights,
  gates: number,
  states: Readonly<Record<string, Tensor | undefined>>,
  axes: readonly string[],
): number {
  if (x.shape.length !== axes.length) throw new ShapeError(who, `input ${formatShape(x.shape)}: needs (${axes.join(', ')})`)
  checkDtypes(who, [x])
  const [batch, inputs] = x.shape.slice(-2) as [number, number]
  const hidden = weightHh.shape[1] ?? 0
  if (!sameShape(weightHh.shape, [gates * hidden, hidden])) {
    throw new ShapeError(who, `weightHh ${formatShape(weightHh.shape)}: needs (${gates === 1 ? '' : `${gates}·`}hidden, hidden)`)
  }
  checkShapes(who, x, {
    weightIh: [weightIh, [gates * hidden, inputs]],
    weightHh: [weightHh, [gates * hidden, hidden]],
    biasIh: [biasIh, [gates * hidden]],
    biasHh: [biasHh, [gates * hidden]],
    ...Object.fromEntries(Object.entries(states).map(([name, state]) => [name, [state, [batch, hidden]] as const])),
  })
  return hidden
}

/** Refuses lengths that are not one whole number per example. */
export function checkLengths(who: string, lengths: Tensor, batch: number): void {
  if (sameShape(lengths.shape, [batch]) && (lengths.dtype === 'int32' || lengths.dtype === 'int64')) return
  throw new ShapeError(
    who,
    `lengths ${formatShape(lengths.shape)} ${lengths.dtype}; needs one int32 or int64 per example, ${formatShape([batch])}`,
  )
}

/** (batch, hidden) of zeros. */
export function zeroState(batch: number, hidden: number): Tensor {
  return expand(constant(0), [batch, hidden])
}

/** x Wᵀ + b; of all steps at once where x has them. */
export function project(x: Tensor, weight: Tensor, ...biases: readonly (Tensor | undefined)[]): Tensor {
  const product = matmul(x, transpose(weight, [1, 0]))
  return biases.reduce<Tensor>((sum, bias) => (bias ? add(sum, bias) : sum), product)
}
