/** Reductions beyond the sum: mean, max, and what is built on them. */
import { broadcastStrides, dot, forEachIndex, ndarray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { sizeOf } from '../shape.ts'
import { checkDtypes, type Tensor } from '../tensor.ts'
import { add, cast, div, equal, exp, log, mul, sub } from './elementwise.ts'
import { expand, type ReduceOptions, reduction, reshape, sum } from './movement.ts'

/**
 * Arithmetic mean over axes.
 *
 * @example
 * const [y] = await evaluate(() => [mean(constant([1, 2, 6]))]) // [3]
 */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  checkDtypes('mean', [x])
  const { axes } = reduction(x, options, 'mean')
  return mul(sum(x, options), 1 / axes.reduce((count, axis) => count * x.shape[axis]!, 1))
}

const maxPrimitive = definePrimitive<{ axes: readonly number[] }>('max', {
  infer: ([x], { axes }) => {
    checkDtypes('max', [x!], ['float32', 'int32', 'int64'])
    return [{ shape: x!.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent)), dtype: x!.dtype }]
  },
  vjp: ({ inputs: [x], outputs: [y], attributes: { axes }, cotangents: [ct] }) => {
    const ties = cast(equal(x!, expand(y!, x!.shape)), 'float32')
    return [mul(ties, div(ct!, sum(ties, { axes, keepDims: true })))]
  },
  lower: (emitter, [x], { attributes }) => emitter.node('ReduceMax', [x!, emitter.ints(attributes.axes)], { keepdims: 1 }),
  evaluate: ([x], _, [out]) => {
    const result = ndarray(out!.shape, new Float64Array(sizeOf(out!.shape)).fill(-Infinity))
    const strides = broadcastStrides(out!.shape, x!.shape)
    forEachIndex(x!.shape, (flat, index) => {
      const at = dot(index, strides)
      result.data[at] = Math.max(result.data[at]!, x!.data[flat]!)
    })
    return [result]
  },
})

/** Largest value over axes; equal largest values share the gradient. */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  const { axes, shape } = reduction(x, options, 'max')
  // ONNX takes an empty list of axes for all of them.
  return reshape(axes.length === 0 ? x : maxPrimitive([x], { axes })[0]!, shape)
}

/** log Σ exp(x), without overflow. */
export function logSumExp(x: Tensor, options: ReduceOptions = {}): Tensor {
  const { axes, shape } = reduction(x, options, 'logSumExp')
  checkDtypes('logSumExp', [x])
  const top = max(x, { axes, keepDims: true })
  return reshape(add(log(sum(exp(sub(x, top)), { axes, keepDims: true })), top), shape)
}
