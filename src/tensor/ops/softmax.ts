/** Softmax and its logarithm: exponentials that add up to one along an axis. */
import { broadcastStrides, dot, forEachIndex, ndarray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { checkDtypes, type NdArray, normalizeAxis, type Tensor } from '../tensor.ts'
import { exp, mul, sub } from './elementwise.ts'
import { sum } from './movement.ts'

/** x − max x and Σ exp(x − max x) along the axis, which both evaluations are made of. */
function shifted(x: NdArray, axis: number) {
  const reduced = x.shape.map((extent, i) => (i === axis ? 1 : extent))
  const strides = broadcastStrides(reduced, x.shape)
  const top = ndarray(reduced)
  top.data.fill(-Infinity)
  const total = ndarray(reduced)
  const y = ndarray(x.shape)
  const group = new Int32Array(x.data.length)
  forEachIndex(x.shape, (flat, index) => {
    const at = dot(index, strides)
    group[flat] = at
    top.data[at] = Math.max(top.data[at]!, x.data[flat]!)
  })
  for (const [flat, at] of group.entries()) {
    y.data[flat] = x.data[flat]! - top.data[at]!
    total.data[at]! += Math.exp(y.data[flat]!)
  }
  return { y, totalOf: (flat: number) => total.data[group[flat]!]! }
}

const softmaxPrimitive = definePrimitive<{ axis: number }>('softmax', {
  infer: ([x]) => {
    checkDtypes('softmax', [x!])
    return [{ shape: x!.shape, dtype: 'float32' }]
  },
  // Three passes that write. (ct − Σ)·y rather than ct·y − y·Σ: the same work, and no cancellation between products.
  vjp: ({ outputs: [y], cotangents: [ct], attributes: { axis } }) => [
    mul(sub(ct!, sum(mul(ct!, y!), { axes: [axis], keepDims: true })), y!),
  ],
  lower: (emitter, [x], { attributes }) => emitter.node('Softmax', [x!], { axis: attributes.axis }),
  evaluate: ([x], { axis }) => {
    const { y, totalOf } = shifted(x!, axis)
    return [
      ndarray(
        x!.shape,
        y.data.map((value, flat) => Math.exp(value) / totalOf(flat)),
      ),
    ]
  },
})

/**
 * exp(x) / Σ exp(x) along an axis.
 *
 * @throws RangeError for an axis that the tensor does not have; ShapeError for a dtype that is not float32
 *
 * @example
 * const [y] = await evaluate(() => [softmax(constant([0, Math.log(3)]))]) // [0.25, 0.75]
 */
export function softmax(x: Tensor, axis = -1): Tensor {
  return softmaxPrimitive([x], { axis: normalizeAxis(axis, x.shape.length, 'softmax') })[0]!
}

const logSoftmaxPrimitive = definePrimitive<{ axis: number }>('logSoftmax', {
  infer: ([x]) => {
    checkDtypes('logSoftmax', [x!])
    return [{ shape: x!.shape, dtype: 'float32' }]
  },
  vjp: ({ outputs: [y], cotangents: [ct], attributes: { axis } }) => [sub(ct!, mul(exp(y!), sum(ct!, { axes: [axis], keepDims: true })))],
  lower: (emitter, [x], { attributes }) => emitter.node('LogSoftmax', [x!], { axis: attributes.axis }),
  evaluate: ([x], { axis }) => {
    const { y, totalOf } = shifted(x!, axis)
    return [
      ndarray(
        x!.shape,
        y.data.map((value, flat) => value - Math.log(totalOf(flat))),
      ),
    ]
  },
})

/**
 * log(exp(x) / Σ exp(x)) along an axis, exact where the softmax itself underflows.
 *
 * @throws RangeError for an axis that the tensor does not have; ShapeError for a dtype that is not float32
 *
 * @example
 * const [y] = await evaluate(() => [logSoftmax(constant([0, 200]))]) // [-200, 0]
 */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return logSoftmaxPrimitive([x], { axis: normalizeAxis(axis, x.shape.length, 'logSoftmax') })[0]!
}
