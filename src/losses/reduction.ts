/** What losses share: PyTorch's reductions, and the check that an estimate has its target's shape. */
import { formatShape, mean, ShapeError, sum, type Tensor, type TensorSpec } from '../tensor/index.ts'

/** What becomes of the values of a loss: their mean, their sum, or nothing ('none' gives all of them). */
export type Reduction = 'mean' | 'sum' | 'none'

export interface LossOptions {
  /** 'mean' by default. */
  readonly reduction?: Reduction | undefined
}

/**
 * One value per element or example, reduced.
 *
 * @throws RangeError for a reduction that is none
 */
export function reduceLoss(who: string, values: Tensor, reduction: Reduction = 'mean'): Tensor {
  if (reduction === 'none') return values
  if (reduction === 'sum') return sum(values)
  if (reduction === 'mean') return mean(values)
  throw new RangeError(`${who}: reduction "${String(reduction)}"; allowed are 'mean', 'sum' and 'none'`)
}

/**
 * Refuses operands of two shapes: (b, 1) against (b) would broadcast to (b, b), train, and mean nothing.
 *
 * @throws ShapeError with both shapes
 */
export function checkSameShape(who: string, operands: Readonly<Record<string, TensorSpec>>): void {
  const named = Object.entries(operands).map(([name, { shape }]) => [name, formatShape(shape)] as const)
  if (named.some(([, shape]) => shape !== named[0]![1])) {
    const given = named.map(([name, shape]) => `${name} ${shape}`).join(', ')
    throw new ShapeError(who, `${given}: shapes must be equal; reshape or expand one of them`)
  }
}
