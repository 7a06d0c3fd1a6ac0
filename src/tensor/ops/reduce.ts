/** Reductions beyond the sum: mean and variance, extremes, product, any and all, log Σ exp. */
import { broadcastStrides, dot, forEachIndex, ndarray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { formatShape, sizeOf } from '../shape.ts'
import { checkDtypes, ShapeError, type Tensor } from '../tensor.ts'
import { add, cast, div, equal, exp, log, mul, sqrt, square, sub } from './elementwise.ts'
import { numbers } from './elementwise-rules.ts'
import { expand, type ReduceOptions, reduction, reshape, sum } from './movement.ts'
import { concat, narrow } from './slicing.ts'

/** How many elements each result is made of. */
function countOf(x: Tensor, axes: readonly number[]): number {
  return axes.reduce((count, axis) => count * x.shape[axis]!, 1)
}

/**
 * Arithmetic mean over axes.
 *
 * @throws RangeError for an axis that the tensor does not have; ShapeError for other dtypes than float32
 *
 * @example
 * const [y] = await evaluate(() => [mean(constant([1, 2, 6]))]) // [3]
 */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  checkDtypes('mean', [x])
  const { axes } = reduction(x, options, 'mean')
  return mul(sum(x, options), 1 / countOf(x, axes))
}

export interface VarianceOptions extends ReduceOptions {
  /** The sum of squares is divided by the count less this: 1, as in PyTorch, unless told otherwise; 0 is the population's variance. */
  readonly correction?: number
}

/**
 * Variance over axes, from the differences to the mean.
 *
 * @throws ShapeError where the count does not exceed the correction, and for other dtypes than float32; RangeError for an axis that the
 * tensor does not have
 *
 * @example
 * const [y, all] = await evaluate(() => [variance(constant([1, 2, 6])), variance(constant([1, 2, 6]), { correction: 0 })])
 * y // [7]
 * all // [4.666667]
 */
export function variance(x: Tensor, { correction = 1, ...options }: VarianceOptions = {}): Tensor {
  checkDtypes('variance', [x])
  const { axes } = reduction(x, options, 'variance')
  const count = countOf(x, axes)
  if (!(count > correction)) {
    throw new ShapeError(
      'variance',
      `${count} element(s) per result of ${formatShape(x.shape)}, correction ${correction}; needs more elements`,
    )
  }
  return mul(sum(square(sub(x, mean(x, { axes, keepDims: true }))), options), 1 / (count - correction))
}

/** Standard deviation over axes, the root of `variance`; where that is 0, the gradient is not a number. */
export function std(x: Tensor, options: VarianceOptions = {}): Tensor {
  return sqrt(variance(x, options))
}

/** max or min: equal extremes share the gradient. */
function extreme(name: string, opType: string, better: (a: number, b: number) => number, worst: number) {
  const apply = definePrimitive<{ axes: readonly number[] }>(name, {
    infer: ([x], { axes }) => {
      checkDtypes(name, [x!], numbers)
      return [{ shape: x!.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent)), dtype: x!.dtype }]
    },
    vjp: ({ inputs: [x], outputs: [y], attributes: { axes }, cotangents: [ct] }) => {
      const ties = cast(equal(x!, expand(y!, x!.shape)), 'float32')
      return [mul(ties, div(ct!, sum(ties, { axes, keepDims: true })))]
    },
    lower: (emitter, [x], { attributes }) => emitter.node(opType, [x!, emitter.ints(attributes.axes)], { keepdims: 1 }),
    evaluate: ([x], _, [out]) => {
      const result = ndarray(out!.shape, new Float64Array(sizeOf(out!.shape)).fill(worst))
      const strides = broadcastStrides(out!.shape, x!.shape)
      forEachIndex(x!.shape, (flat, index) => {
        const at = dot(index, strides)
        result.data[at] = better(result.data[at]!, x!.data[flat]!)
      })
      return [result]
    },
  })
  return (x: Tensor, options: ReduceOptions = {}): Tensor => {
    const { axes, shape } = reduction(x, options, name)
    // ONNX takes an empty list of axes for all of them.
    return reshape(axes.length === 0 ? x : apply([x], { axes })[0]!, shape)
  }
}

/** Largest value over axes; equal largest values share the gradient. */
export const max = extreme('max', 'ReduceMax', Math.max, -Infinity)
/** Smallest value over axes; equal smallest values share the gradient. */
export const min = extreme('min', 'ReduceMin', Math.min, Infinity)

/**
 * Product over axes. Multiplies halves with halves, so that the gradient is right where factors are 0.
 *
 * @throws RangeError for an axis that the tensor does not have; ShapeError for bool and float16
 *
 * @example
 * const x = constant([2, 0, 4])
 * const [y, dx] = await evaluate(() => [prod(x), ...grad(prod(x), [x])])
 * y // [0]
 * dx // [0, 8, 0]
 */
export function prod(x: Tensor, options: ReduceOptions = {}): Tensor {
  const { axes, shape } = reduction(x, options, 'prod')
  checkDtypes('prod', [x], numbers)
  let y = x
  for (const axis of axes) {
    for (let extent = x.shape[axis]!; extent > 1; extent = Math.ceil(extent / 2)) {
      const half = Math.floor(extent / 2)
      const pairs = mul(narrow(y, axis, 0, half), narrow(y, axis, half, 2 * half))
      y = extent % 2 === 0 ? pairs : concat([pairs, narrow(y, axis, extent - 1, extent)], axis)
    }
  }
  return reshape(y, shape)
}

/**
 * Whether any element is true.
 *
 * @throws ShapeError for other dtypes than bool; RangeError for an axis that the tensor does not have
 *
 * @example
 * const [y] = await evaluate(() => [any(greater(constant([1, 2, 3, 4], [2, 2]), 3), { axes: [1] })]) // [0, 1]
 */
export function any(x: Tensor, options: ReduceOptions = {}): Tensor {
  checkDtypes('any', [x], ['bool'])
  return cast(max(cast(x, 'int32'), options), 'bool')
}

/** Whether all elements are true; see `any`. */
export function all(x: Tensor, options: ReduceOptions = {}): Tensor {
  checkDtypes('all', [x], ['bool'])
  return cast(min(cast(x, 'int32'), options), 'bool')
}

/** log Σ exp(x), without overflow. */
export function logSumExp(x: Tensor, options: ReduceOptions = {}): Tensor {
  const { axes, shape } = reduction(x, options, 'logSumExp')
  checkDtypes('logSumExp', [x])
  const top = max(x, { axes, keepDims: true })
  return reshape(add(log(sum(exp(sub(x, top)), { axes, keepDims: true })), top), shape)
}
