/**
 * Primitives that give the same numbers another shape: reshape, transpose, expand and its adjoint sum. Adjoint pairs live in one file
 * because each is the other's derivative.
 */
import { broadcastStrides, dot, forEachIndex, gatherArray, ndarray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { broadcastShapes, formatShape, isExtent, type Shape, sameShape, sizeOf, stridesOf } from '../shape.ts'
import { checkDtypes, type Emitter, normalizeAxis, type OperationNode, ShapeError, type Tensor } from '../tensor.ts'
import { lowerTransposition } from './transpose-lowering.ts'

const reshapePrimitive = definePrimitive<{ shape: Shape }>('reshape', {
  infer: ([x], { shape }) => {
    if (sizeOf(x!.shape) !== sizeOf(shape)) {
      throw new ShapeError(
        'reshape',
        `${formatShape(x!.shape)} has ${sizeOf(x!.shape)} elements, ${formatShape(shape)} has ${sizeOf(shape)}`,
      )
    }
    return [{ shape, dtype: x!.dtype }]
  },
  vjp: ({ inputs: [x], cotangents: [ct] }) => [reshape(ct!, x!.shape)],
  lower: (emitter, [x], { attributes }) => emitter.node('Reshape', [x!, emitter.ints(attributes.shape)]),
  evaluate: ([x], { shape }) => [ndarray(shape, x!.data)],
})

/**
 * The same numbers in another shape; one extent may be -1 and is then computed.
 *
 * @throws ShapeError where the extents are not whole numbers ≥ 1 with at most one -1, or hold another number of elements
 *
 * @example
 * reshape(constant([1, 2, 3, 4, 5, 6]), [2, -1]).shape // [2, 3]
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (shape.filter((extent) => extent === -1).length > 1 || shape.some((extent) => extent !== -1 && !isExtent(extent))) {
    throw new ShapeError('reshape', `${formatShape(x.shape)} to [${shape}]: extents are whole numbers ≥ 1, at most one is -1`)
  }
  const known = shape.reduce((product, extent) => (extent === -1 ? product : product * extent), 1)
  const full = shape.map((extent) => (extent === -1 ? sizeOf(x.shape) / known : extent))
  if (!full.every(isExtent)) {
    throw new ShapeError('reshape', `${formatShape(x.shape)} has ${sizeOf(x.shape)} elements, which [${shape}] does not divide`)
  }
  return sameShape(full, x.shape) ? x : reshapePrimitive([x], { shape: full })[0]!
}

const transposePrimitive = definePrimitive<{ permutation: readonly number[] }>('transpose', {
  infer: ([x], { permutation }) => {
    const sorted = [...permutation].sort((a, b) => a - b)
    if (sorted.length !== x!.shape.length || sorted.some((axis, i) => axis !== i)) {
      throw new ShapeError('transpose', `[${permutation}] is no permutation of the ${x!.shape.length} axes of ${formatShape(x!.shape)}`)
    }
    return [{ shape: permutation.map((axis) => x!.shape[axis]!), dtype: x!.dtype }]
  },
  vjp: ({ attributes: { permutation }, cotangents: [ct] }) => {
    const inverse = new Array<number>(permutation.length)
    permutation.forEach((from, to) => {
      inverse[from] = to
    })
    return [transpose(ct!, inverse)]
  },
  lower: (emitter, [x], { attributes, inputs: [spec] }) => lowerTransposition(emitter, x!, spec!.shape, attributes.permutation),
  evaluate: ([x], { permutation }, [out]) => {
    const strides = stridesOf(x!.shape)
    const order = permutation.map((axis) => strides[axis]!)
    return [gatherArray(x!, out!.shape, (index) => dot(index, order))]
  },
})

/**
 * Reorders axes: output axis i is input axis permutation[i]. Of what is transposed itself, both orders make one.
 *
 * @throws ShapeError where the list is no permutation of the axes
 *
 * @example
 * const [y] = await evaluate(() => [transpose(constant([1, 2, 3, 4], [2, 2]), [1, 0])]) // [1, 3, 2, 4]
 */
export function transpose(x: Tensor, permutation: readonly number[]): Tensor {
  const isIdentity = (order: readonly number[]) => order.every((from, to) => from === to)
  if (isIdentity(permutation) && permutation.length === x.shape.length) return x
  const transposed = transposePrimitive([x], { permutation })[0]!
  const before = permutationOf(x)
  if (!before) return transposed
  const both = permutation.map((axis) => before[axis]!)
  const [source] = (x.node as OperationNode).inputs as [Tensor]
  return isIdentity(both) ? source : transposePrimitive([source], { permutation: both })[0]!
}

/** The order of axes, where a tensor is another one transposed. */
export function permutationOf({ node }: Tensor): readonly number[] | undefined {
  if (node.kind !== 'operation' || node.operation.name !== 'transpose') return undefined
  return (JSON.parse(node.operation.key) as { readonly permutation: readonly number[] }).permutation
}

const expandPrimitive = definePrimitive<{ shape: Shape }>('expand', {
  infer: ([x], { shape }) => {
    const both = broadcastShapes(x!.shape, shape)
    if (!both || !sameShape(both, shape) || !shape.every(isExtent)) {
      throw new ShapeError('expand', `${formatShape(x!.shape)} does not broadcast to ${formatShape(shape)}`)
    }
    return [{ shape, dtype: x!.dtype }]
  },
  vjp: ({ inputs: [x], cotangents: [ct] }) => [sumTo(ct!, x!.shape)],
  lower: (emitter, [x], { attributes }) => emitter.node('Expand', [x!, emitter.ints(attributes.shape)]),
  evaluate: ([x], { shape }) => {
    const strides = broadcastStrides(x!.shape, shape)
    return [gatherArray(x!, shape, (index) => dot(index, strides))]
  },
})

/** Repeats axes of extent 1 (and new leading ones) up to the shape. */
export function expand(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : expandPrimitive([x], { shape })[0]!
}

/**
 * Long sums in two stages, rows and then their sums: ONNX Runtime adds up in float32 with few running sums, and 2·10⁶ squares come out 4·10⁻⁵
 * off, in two stages 10⁻⁷ (and in a third of the time: 3.4 ms and 1.3 ms, ONNX Runtime 1.30). Rows are some thousand numbers long.
 */
function lowerSumOfAll(emitter: Emitter, x: string, shape: Shape): string {
  const size = sizeOf(shape)
  let row = 4096
  while (size % row !== 0) row--
  const rows = emitter.node('Reshape', [x, emitter.ints([size / row, row])])[0]!
  const partial = emitter.node('ReduceSum', [rows, emitter.ints([1])], { keepdims: 0 })[0]!
  const total = emitter.node('ReduceSum', [partial, emitter.ints([0])], { keepdims: 0 })[0]!
  return emitter.node('Reshape', [total, emitter.ints(shape.map(() => 1))])[0]!
}

const sumPrimitive = definePrimitive<{ axes: readonly number[] }>('sum', {
  infer: ([x], { axes }) => {
    checkDtypes('sum', [x!], ['float32', 'int32', 'int64'])
    return [{ shape: x!.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent)), dtype: x!.dtype }]
  },
  vjp: ({ inputs: [x], cotangents: [ct] }) => [expand(ct!, x!.shape)],
  lower: (emitter, [x], { attributes: { axes }, inputs: [spec] }) => {
    if (axes.length === spec!.shape.length && sizeOf(spec!.shape) > 1 << 15) return [lowerSumOfAll(emitter, x!, spec!.shape)]
    return emitter.node('ReduceSum', [x!, emitter.ints(axes)], { keepdims: 1 })
  },
  evaluate: ([x], _, [out]) => {
    const result = ndarray(out!.shape)
    const strides = broadcastStrides(out!.shape, x!.shape)
    forEachIndex(x!.shape, (flat, index) => {
      result.data[dot(index, strides)]! += x!.data[flat]!
    })
    return [result]
  },
})

export interface ReduceOptions {
  /** Axes to reduce, all by default; negative ones count from the back. */
  readonly axes?: readonly number[]
  /** Keep reduced axes with extent 1. */
  readonly keepDims?: boolean
}

/** Axes of a reduction in ascending order, and the shape that is left. */
export function reduction(x: Tensor, options: ReduceOptions, who: string): { axes: number[]; shape: Shape } {
  const axes = [...new Set((options.axes ?? x.shape.map((_, axis) => axis)).map((axis) => normalizeAxis(axis, x.shape.length, who)))]
  axes.sort((a, b) => a - b)
  const shape = options.keepDims
    ? x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
    : x.shape.filter((_, axis) => !axes.includes(axis))
  return { axes, shape }
}

/**
 * Sum over axes.
 *
 * @throws RangeError for an axis that the tensor does not have
 * @throws ShapeError for bool
 *
 * @example
 * const rows = constant([1, 2, 3, 4, 5, 6], [2, 3])
 * const [y] = await evaluate(() => [sum(rows, { axes: [-1] })]) // [6, 15]
 */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  const { axes, shape } = reduction(x, options, 'sum')
  return reshape(axes.length === 0 ? x : sumPrimitive([x], { axes })[0]!, shape)
}

/** Sums what broadcasting repeated: the adjoint of expand. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x
  const lead = x.shape.length - shape.length
  const axes = x.shape.flatMap((extent, axis) => (axis < lead || (shape[axis - lead] === 1 && extent !== 1) ? [axis] : []))
  return reshape(axes.length === 0 ? x : sumPrimitive([x], { axes })[0]!, shape)
}
