/**
 * Single elements by a position of their own along one axis: takeAlongAxis, which reads them, and its adjoint addAlongAxis. Positions are
 * those of gather.
 */
import { forEachIndex, ndarray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { formatShape, normalizeAxis, type Shape, sameShape, stridesOf } from '../shape.ts'
import { checkDtypes, type NdArray, ShapeError, type Tensor, type TensorSpec } from '../tensor.ts'
import { zerosLike } from './arithmetic.ts'
import { numbers } from './elementwise-rules.ts'
import { checkIndices, positionOf } from './indices.ts'

function checkPositions(who: string, x: TensorSpec, indices: TensorSpec, axis: number): void {
  checkIndices(who, indices)
  if (indices.shape.length === x.shape.length && indices.shape.every((extent, i) => i === axis || extent === x.shape[i])) return
  const needed = x.shape.map((extent, i) => (i === axis ? 'any' : extent)).join(', ')
  throw new ShapeError(who, `indices ${formatShape(indices.shape)} along axis ${axis} of ${formatShape(x.shape)}; needs (${needed})`)
}

/** Calls visit(whole, part) for every index and the element that it points to. */
function forEachPair(who: string, shape: Shape, indices: NdArray, axis: number, visit: (whole: number, part: number) => void): void {
  const strides = stridesOf(shape)
  forEachIndex(indices.shape, (part, index) => {
    const at = positionOf(who, indices.data[part]!, shape[axis]!)
    visit(
      strides.reduce((sum, stride, i) => sum + (i === axis ? at : index[i]!) * stride, 0),
      part,
    )
  })
}

const takePrimitive = definePrimitive<{ axis: number }>('takeAlongAxis', {
  infer: ([x, indices], { axis }) => {
    checkPositions('takeAlongAxis', x!, indices!, axis)
    return [{ shape: indices!.shape, dtype: x!.dtype }]
  },
  vjp: ({ inputs: [x, indices], attributes: { axis }, cotangents: [ct] }) => [addAlongAxis(zerosLike(x!), indices!, ct!, axis), undefined],
  lower: (emitter, inputs, { attributes: { axis } }) => emitter.node('GatherElements', inputs, { axis }),
  evaluate: ([x, indices], { axis }) => {
    const y = ndarray(indices!.shape)
    forEachPair('takeAlongAxis', x!.shape, indices!, axis, (from, to) => {
      y.data[to] = x!.data[from]!
    })
    return [y]
  },
})

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
  return takePrimitive([x, indices], { axis: normalizeAxis(axis, x.shape.length, 'takeAlongAxis') })[0]!
}

const addPrimitive = definePrimitive<{ axis: number }>('addAlongAxis', {
  infer: ([x, indices, updates], { axis }) => {
    checkPositions('addAlongAxis', x!, indices!, axis)
    if (!sameShape(updates!.shape, indices!.shape) || x!.dtype !== updates!.dtype) {
      throw new ShapeError(
        'addAlongAxis',
        `updates ${formatShape(updates!.shape)} ${updates!.dtype} for ${formatShape(x!.shape)} ${x!.dtype} at indices ` +
          `${formatShape(indices!.shape)}; needs ${formatShape(indices!.shape)} ${x!.dtype}`,
      )
    }
    checkDtypes('addAlongAxis', [x!, updates!], numbers)
    return [{ shape: x!.shape, dtype: x!.dtype }]
  },
  vjp: ({ inputs: [, indices], attributes: { axis }, cotangents: [ct], needs }) => [
    ct,
    undefined,
    needs[2] ? takeAlongAxis(ct!, indices!, axis) : undefined,
  ],
  // One thread, 3.5 ns an element; a flat array of positions is no faster (ONNX Runtime 1.30).
  lower: (emitter, inputs, { attributes: { axis } }) => emitter.node('ScatterElements', inputs, { axis, reduction: 'add' }),
  evaluate: ([x, indices, updates], { axis }) => {
    const y = ndarray(x!.shape, x!.data.slice())
    forEachPair('addAlongAxis', x!.shape, indices!, axis, (to, from) => {
      y.data[to]! += updates!.data[from]!
    })
    return [y]
  },
})

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
  return addPrimitive([x, indices, updates], { axis: normalizeAxis(axis, x.shape.length, 'addAlongAxis') })[0]!
}
