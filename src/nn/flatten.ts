/** Several axes as one: between the grid of a convolution and the vector of a linear layer. */
import { formatShape, reshape, ShapeError, sizeOf, type Tensor } from '../tensor/index.ts'
import { Module } from './module.ts'
import { type Reach, wholeReach } from './reach.ts'

/**
 * Joins the axes from `start` to `end`, both included, in row-major order.
 *
 * @throws ShapeError for axes that the tensor does not have, and an end before the start
 *
 * @example
 * flatten(input('x', [4, 16, 5, 5])).shape // [4, 400]
 * flatten(input('x', [4, 16, 5, 5]), 2).shape // [4, 16, 25]
 */
export function flatten(x: Tensor, start = 1, end = -1): Tensor {
  const rank = x.shape.length
  const [first, last] = [start, end].map((axis) => (axis < 0 ? axis + rank : axis)) as [number, number]
  if (![first, last].every((axis) => Number.isInteger(axis) && axis >= 0 && axis < rank) || last < first) {
    throw new ShapeError(
      'flatten',
      `axes ${start} to ${end} of ${formatShape(x.shape)}; allowed are axes of it, the end not before the start`,
    )
  }
  return reshape(x, [...x.shape.slice(0, first), sizeOf(x.shape.slice(first, last + 1)), ...x.shape.slice(last + 1)])
}

/** `flatten` as a layer: (b, …) → (b, n) by default. Time is no axis of its own afterwards: all of it is read. */
export class Flatten extends Module {
  readonly #start: number
  readonly #end: number

  constructor(start = 1, end = -1) {
    super()
    this.#start = start
    this.#end = end
  }

  forward(x: Tensor): Tensor {
    return flatten(x, this.#start, this.#end)
  }

  override reach(): Reach {
    return wholeReach
  }
}
