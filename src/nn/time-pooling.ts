/**
 * Pooling over time behind one interface: (b, t, c) → (b, c'), whatever t, with padding left out. Here those without learned weights: mean,
 * maximum and the last step; those with weights for each step are in weighted-pooling.ts.
 *
 * What is padding does not reach the result or its gradient, not even as NaN; an example without any step gives zeros.
 */
import {
  add,
  arange,
  argmax,
  cast,
  div,
  equal,
  formatShape,
  logicalNot,
  matmul,
  max,
  maximum,
  mean,
  mul,
  narrow,
  reshape,
  ShapeError,
  squeeze,
  sum,
  type Tensor,
  takeAlongAxis,
  unsqueeze,
  where,
} from '../tensor/index.ts'
import { type Lengths, paddingMask } from './masking.ts'
import { Module } from './module.ts'
import { type Reach, wholeReach } from './reach.ts'

export interface TimePoolOptions {
  /** How many steps of each example are there; see `paddingMask`. */
  readonly lengths?: Lengths
  /** Bool (b, t), true at padding, in place of lengths. */
  readonly paddingMask?: Tensor
}

/** What is pooled, with zeros for padding, and where that is: (b, t, 1), true at padding. */
export interface Steps {
  readonly x: Tensor
  readonly padding: Tensor | undefined
}

/** Makes one vector of a sequence of them, of whatever length. */
export abstract class TimePool extends Module {
  /**
   * @param x (b, t, c)
   * @returns (b, c'), c' = c where nothing else is said
   * @throws ShapeError where x has not three axes or a mask not the shape (b, t); RangeError for lengths outside 0…t, or both
   */
  abstract override forward(x: Tensor, options?: TimePoolOptions): Tensor

  override reach(): Reach {
    return wholeReach
  }
}

/** Checks what a pool is given and puts zeros in the place of padding. */
export function stepsOf(pool: TimePool, x: Tensor, { lengths, paddingMask: given }: TimePoolOptions): Steps {
  const [b, t] = x.shape as [number, number]
  if (x.shape.length !== 3) throw new ShapeError(pool.type, `input ${formatShape(x.shape)}; needs (b, t, c)`)
  if (lengths && given) throw new RangeError(`${pool.type}: both lengths and paddingMask are given; allowed is one of them`)
  const mask = lengths ? paddingMask(lengths, t) : given
  if (!mask) return { x, padding: undefined }
  if (mask.dtype !== 'bool' || mask.shape.length !== 2 || mask.shape[0] !== b || mask.shape[1] !== t)
    throw new ShapeError(
      pool.type,
      `padding ${formatShape(mask.shape)} ${mask.dtype} of input ${formatShape(x.shape)}; needs (${b}, ${t}) bool`,
    )
  const padding = unsqueeze(mask, -1)
  return { x: where(padding, 0, x), padding }
}

/** Mean over the steps that are there: (b, t, c) → (b, c). */
export class MeanTimePool extends TimePool {
  forward(input: Tensor, options: TimePoolOptions = {}): Tensor {
    const { x, padding } = stepsOf(this, input, options)
    if (!padding) return mean(x, { axes: [1] })
    const count = sum(cast(logicalNot(padding), 'float32'), { axes: [1] })
    return div(sum(x, { axes: [1] }), maximum(count, 1))
  }
}

/** The lowest float32. */
const lowest = -((2 - 2 ** -23) * 2 ** 127)

/** Maximum over the steps that are there, of each channel: (b, t, c) → (b, c). The gradient goes to the first step that has it, alone. */
export class MaxTimePool extends TimePool {
  forward(input: Tensor, options: TimePoolOptions = {}): Tensor {
    const { x, padding } = stepsOf(this, input, options)
    const at = argmax(padding ? where(padding, lowest, x) : x, { axis: 1, keepDims: true })
    return squeeze(takeAlongAxis(x, at, 1), [1])
  }
}

/** The last step that is there: (b, t, c) → (b, c), the summary of a recurrent layer that runs forwards. */
export class LastTimePool extends TimePool {
  forward(input: Tensor, options: TimePoolOptions = {}): Tensor {
    const { x, padding } = stepsOf(this, input, options)
    const t = x.shape[1]!
    if (!padding) return squeeze(narrow(x, 1, t - 1, t), [1])
    // Steps count from 1, so that without any of them none is the last.
    const numbers = reshape(add(arange(0, t, 1, 'float32'), 1), [1, t])
    const last = max(mul(numbers, cast(logicalNot(squeeze(padding, [2])), 'float32')), { axes: [1], keepDims: true })
    return squeeze(matmul(unsqueeze(cast(equal(numbers, last), 'float32'), 1), x), [1])
  }
}
