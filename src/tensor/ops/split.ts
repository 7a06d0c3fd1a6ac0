/** One tensor cut into several along an axis, in one node; and tensors that gain or lose an axis. */
import { gatherArray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { formatShape, sameShape, stridesOf } from '../shape.ts'
import { normalizeAxis, ShapeError, type Tensor } from '../tensor.ts'
import { zerosLike } from './arithmetic.ts'
import { reshape } from './movement.ts'
import { concat } from './slicing.ts'

const splitPrimitive = definePrimitive<{ sizes: readonly number[]; axis: number }>('split', {
  infer: ([x], { sizes, axis }) => {
    const total = sizes.reduce((sum, size) => sum + size, 0)
    if (!sizes.every((size) => Number.isInteger(size) && size >= 1) || total !== x!.shape[axis]) {
      throw new ShapeError(
        'split',
        `sizes [${sizes}] on axis ${axis} of ${formatShape(x!.shape)}; needs whole numbers ≥ 1 that add up to ${x!.shape[axis]}`,
      )
    }
    return sizes.map((size) => ({ shape: x!.shape.map((extent, i) => (i === axis ? size : extent)), dtype: x!.dtype }))
  },
  vjp: ({ outputs, attributes: { axis }, cotangents }) => [
    concat(
      outputs.map((y, i) => cotangents[i] ?? zerosLike(y)),
      axis,
    ),
  ],
  lower: (emitter, [x], { attributes: { sizes, axis } }) => emitter.node('Split', [x!, emitter.ints(sizes)], { axis }, sizes.length),
  evaluate: ([x], { sizes, axis }, outputs) => {
    const strides = stridesOf(x!.shape)
    let start = 0
    return outputs.map(({ shape }, i) => {
      const from = start
      start += sizes[i]!
      return gatherArray(x!, shape, (index) => index.reduce((at, k, j) => at + (j === axis ? k + from : k) * strides[j]!, 0))
    })
  },
})

/**
 * Cuts a tensor along an axis.
 *
 * @param sizes extents of the parts, or the number of equal parts (as in NumPy; PyTorch's `split` takes the size instead)
 * @throws ShapeError where the sizes are not whole numbers ≥ 1 that add up to the extent, or the number does not divide it; RangeError for
 * an axis that is none
 *
 * @example
 * const [a, b] = await evaluate(() => split(constant([1, 2, 3, 4]), [1, 3], 0))
 * a // [1]
 * b // [2, 3, 4]
 */
export function split(x: Tensor, sizes: number | readonly number[], axis: number): Tensor[] {
  const along = normalizeAxis(axis, x.shape.length, 'split')
  if (typeof sizes !== 'number')
    return sizes.length === 1 && sizes[0] === x.shape[along] ? [x] : splitPrimitive([x], { sizes, axis: along })
  const extent = x.shape[along]!
  if (!Number.isInteger(sizes) || sizes < 1 || extent % sizes !== 0) {
    throw new ShapeError('split', `${sizes} equal parts of axis ${along} of ${formatShape(x.shape)}; allowed are divisors of ${extent}`)
  }
  return split(x, new Array<number>(sizes).fill(extent / sizes), along)
}

/**
 * Leaves out axes of extent 1: those listed, or all.
 *
 * @throws ShapeError for an axis of another extent; RangeError for one that the tensor does not have
 *
 * @example
 * squeeze(input('x', [1, 3, 1]), [0]).shape // [3, 1]
 */
export function squeeze(x: Tensor, axes?: readonly number[]): Tensor {
  const listed = axes?.map((axis) => normalizeAxis(axis, x.shape.length, 'squeeze'))
  const wide = listed?.find((axis) => x.shape[axis] !== 1)
  if (wide !== undefined)
    throw new ShapeError('squeeze', `axis ${wide} of ${formatShape(x.shape)} has the extent ${x.shape[wide]}, needs 1`)
  return reshape(
    x,
    x.shape.filter((extent, axis) => (listed ? !listed.includes(axis) : extent !== 1)),
  )
}

/**
 * Puts in an axis of extent 1, which becomes axis `axis` of the result.
 *
 * @throws RangeError for an axis that the result does not have
 *
 * @example
 * unsqueeze(input('x', [2, 3]), -1).shape // [2, 3, 1]
 */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  const at = normalizeAxis(axis, x.shape.length + 1, 'unsqueeze')
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)])
}

/**
 * Joins tensors of one shape along a new axis.
 *
 * @throws ShapeError for an empty list and for shapes or dtypes that differ; RangeError for an axis that the result does not have
 *
 * @example
 * const [y] = await evaluate(() => [stack([constant([1, 2]), constant([3, 4])], 1)]) // [1, 3, 2, 4]
 */
export function stack(tensors: readonly Tensor[], axis: number): Tensor {
  const first = tensors[0]
  if (!first) throw new ShapeError('stack', 'an empty list has no shape')
  const other = tensors.find(({ shape, dtype }) => dtype !== first.dtype || !sameShape(shape, first.shape))
  if (other) {
    throw new ShapeError('stack', `${formatShape(first.shape)} ${first.dtype} and ${formatShape(other.shape)} ${other.dtype} differ`)
  }
  const at = normalizeAxis(axis, first.shape.length + 1, 'stack')
  return concat(
    tensors.map((x) => unsqueeze(x, at)),
    at,
  )
}

/**
 * The slices along an axis, which they no longer have: the inverse of stack.
 *
 * @throws RangeError for an axis that the tensor does not have
 *
 * @example
 * const [, second] = await evaluate(() => unstack(constant([1, 2, 3, 4], [2, 2]), 0))
 * second // [3, 4]
 */
export function unstack(x: Tensor, axis: number): Tensor[] {
  const at = normalizeAxis(axis, x.shape.length, 'unstack')
  return split(x, x.shape[at]!, at).map((part) => squeeze(part, [at]))
}
