/** Which is largest, and in what order: argmax and argmin, topK, sort. Among equal values the one with the lower index comes first. */
import { forEachIndex, ndarray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { formatShape, type Shape, stridesOf } from '../shape.ts'
import { checkDtypes, type NdArray, normalizeAxis, ShapeError, type Tensor } from '../tensor.ts'
import { addAlongAxis } from './along-axis.ts'
import { zerosLike } from './arithmetic.ts'
import { numbers } from './elementwise-rules.ts'
import { reshape } from './movement.ts'

/** Calls visit(positions, base) for every line along an axis with the line's indices from the first in order to the last. */
function forEachLine(
  { shape, data }: NdArray,
  axis: number,
  largest: boolean,
  visit: (order: number[], base: readonly number[]) => void,
): void {
  const strides = stridesOf(shape)
  forEachIndex(
    shape.map((extent, i) => (i === axis ? 1 : extent)),
    (_, base) => {
      const start = strides.reduce((sum, stride, i) => sum + base[i]! * stride, 0)
      const value = (k: number) => data[start + k * strides[axis]!]!
      const order = Array.from({ length: shape[axis]! }, (_, k) => k)
      // Array.prototype.sort is stable.
      order.sort((a, b) => (largest ? value(b) - value(a) : value(a) - value(b)))
      visit(order, base)
    },
  )
}

export interface ArgOptions {
  /** The axis to search along; without one, the index is that of the flattened tensor. */
  readonly axis?: number
  /** Keep the axis with extent 1. */
  readonly keepDims?: boolean
}

function argExtreme(name: string, opType: string, largest: boolean) {
  const apply = definePrimitive<{ axis: number }>(name, {
    infer: ([x], { axis }) => {
      checkDtypes(name, [x!], numbers)
      return [{ shape: x!.shape.map((extent, i) => (i === axis ? 1 : extent)), dtype: 'int64' }]
    },
    vjp: () => [undefined],
    lower: (emitter, [x], { attributes: { axis } }) => emitter.node(opType, [x!], { axis, keepdims: 1 }),
    evaluate: ([x], { axis }, [out]) => {
      const y = ndarray(out!.shape)
      let line = 0
      forEachLine(x!, axis, largest, ([first]) => {
        y.data[line++] = first!
      })
      return [y]
    },
  })
  return (x: Tensor, { axis, keepDims = false }: ArgOptions = {}): Tensor => {
    if (axis === undefined) {
      const index = apply([reshape(x, [-1])], { axis: 0 })[0]!
      return reshape(index, keepDims ? x.shape.map(() => 1) : [])
    }
    const along = normalizeAxis(axis, x.shape.length, name)
    const index = apply([x], { axis: along })[0]!
    const left: Shape = keepDims ? index.shape : index.shape.filter((_, i) => i !== along)
    return reshape(index, left)
  }
}

/**
 * Index of the largest value along an axis, or of the flattened tensor: int64, the first among equal ones. Has no derivative.
 *
 * @throws ShapeError for bool and float16; RangeError for an axis that is none
 *
 * @example
 * const [y] = await evaluate(() => [argmax(constant([1, 5, 5, 7, 0, 2], [2, 3]), { axis: 1 })]) // [1, 0]
 */
export const argmax = argExtreme('argmax', 'ArgMax', true)
/** Index of the smallest value; see `argmax`. */
export const argmin = argExtreme('argmin', 'ArgMin', false)

const topKPrimitive = definePrimitive<{ k: number; axis: number; largest: boolean }>('topK', {
  infer: ([x], { k, axis }) => {
    checkDtypes('topK', [x!], numbers)
    if (!Number.isInteger(k) || k < 1 || k > x!.shape[axis]!) {
      throw new ShapeError('topK', `${k} of axis ${axis} of ${formatShape(x!.shape)}; allowed are whole numbers in 1…${x!.shape[axis]}`)
    }
    const shape = x!.shape.map((extent, i) => (i === axis ? k : extent))
    return [
      { shape, dtype: x!.dtype },
      { shape, dtype: 'int64' },
    ]
  },
  vjp: ({ inputs: [x], outputs: [, indices], attributes: { axis }, cotangents: [ct] }) => [
    ct ? addAlongAxis(zerosLike(x!), indices!, ct, axis) : undefined,
  ],
  lower: (emitter, [x], { attributes: { k, axis, largest } }) =>
    emitter.node('TopK', [x!, emitter.ints([k])], { axis, largest: Number(largest), sorted: 1 }, 2),
  evaluate: ([x], { k, axis, largest }, [out]) => {
    const [values, indices] = [ndarray(out!.shape), ndarray(out!.shape)]
    const [from, to] = [stridesOf(x!.shape), stridesOf(out!.shape)]
    const at = (base: readonly number[], place: number, strides: readonly number[]) =>
      strides.reduce((sum, stride, i) => sum + (i === axis ? place : base[i]!) * stride, 0)
    forEachLine(x!, axis, largest, (order, base) => {
      for (let rank = 0; rank < k; rank++) {
        values.data[at(base, rank, to)] = x!.data[at(base, order[rank]!, from)]!
        indices.data[at(base, rank, to)] = order[rank]!
      }
    })
    return [values, indices]
  },
})

export interface TopKOptions {
  /** The last axis by default. */
  readonly axis?: number
  /** The smallest values where false. */
  readonly largest?: boolean
}

/** Values in order and where they were. */
export interface Ordered {
  readonly values: Tensor
  /** int64, along the axis. */
  readonly indices: Tensor
}

/**
 * The k largest (or smallest) values along an axis, best first, and their indices. The gradient of the values goes to where they were.
 *
 * @throws ShapeError for a k outside 1…extent, bool and float16; RangeError for an axis that is none
 *
 * @example
 * const [values, indices] = await evaluate(() => {
 *   const { values, indices } = topK(constant([3, 9, 9, 1]), 3)
 *   return [values, indices]
 * })
 * values // [9, 9, 3]
 * indices // [1, 2, 0]
 */
export function topK(x: Tensor, k: number, { axis = -1, largest = true }: TopKOptions = {}): Ordered {
  const [values, indices] = topKPrimitive([x], { k, axis: normalizeAxis(axis, x.shape.length, 'topK'), largest })
  return { values: values!, indices: indices! }
}

export interface SortOptions {
  /** The last axis by default. */
  readonly axis?: number
  /** Largest first. */
  readonly descending?: boolean
}

/**
 * All values along an axis in order, and where they were; equal ones keep their order.
 *
 * @throws ShapeError for bool and float16; RangeError for an axis that is none
 *
 * @example
 * const [y] = await evaluate(() => [sort(constant([3, 9, 1])).values]) // [1, 3, 9]
 */
export function sort(x: Tensor, { axis = -1, descending = false }: SortOptions = {}): Ordered {
  const along = normalizeAxis(axis, x.shape.length, 'sort')
  return topK(x, x.shape[along]!, { axis: along, largest: descending })
}

/** The indices that sort: `takeAlongAxis(x, argsort(x, { axis }), axis)` is in order. */
export function argsort(x: Tensor, options: SortOptions = {}): Tensor {
  return sort(x, options).indices
}
