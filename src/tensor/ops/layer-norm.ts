/**
 * Normalisation of rows by their own mean and deviation: layer normalisation (Ba et al. 2016), one pass of one kernel, and
 * root-mean-square normalisation (Zhang & Sennrich 2019).
 */
import { ndarray } from '../ndarray.ts'
import { definePrimitive } from '../primitive.ts'
import { formatShape, type Shape, sameShape, sizeOf } from '../shape.ts'
import { checkDtypes, type Emitter, ShapeError, type Tensor, type TensorSpec } from '../tensor.ts'
import { add, div, mul, sqrt, square, sub } from './elementwise.ts'
import { matmul } from './matmul.ts'
import { expand, reshape, sum } from './movement.ts'
import { mean } from './reduce.ts'

interface Attributes {
  /** How many trailing axes are one row. */
  readonly axes: number
  readonly eps: number
}

function trailing(shape: Shape, axes: number): Shape {
  return shape.slice(shape.length - axes)
}

/** Extent 1 along the trailing axes: the shape of a row's statistics. */
function reducedShape(shape: Shape, axes: number): Shape {
  return shape.map((extent, axis) => (axis < shape.length - axes ? extent : 1))
}

function trailingAxes(axes: number): number[] {
  return Array.from({ length: axes }, (_, i) => i - axes)
}

function checkRows(who: string, x: TensorSpec, { axes, eps }: Attributes): void {
  checkDtypes(who, [x])
  if (!Number.isInteger(axes) || axes < 1 || axes > x.shape.length) {
    throw new ShapeError(who, `${axes} trailing axes of ${formatShape(x.shape)}; allowed are whole numbers in 1…${x.shape.length}`)
  }
  if (!(eps >= 0)) throw new ShapeError(who, `eps ${eps}; allowed are numbers ≥ 0`)
}

/** Rows of `size` numbers, standardised, in float64. */
export function evaluateRows(x: Float64Array, size: number, eps: number) {
  const rows = x.length / size
  const [y, mean, inverse] = [new Float64Array(x.length), new Float64Array(rows), new Float64Array(rows)]
  for (let row = 0; row < rows; row++) {
    const values = x.subarray(row * size, (row + 1) * size)
    const centre = values.reduce((total, value) => total + value, 0) / size
    const variance = values.reduce((total, value) => total + (value - centre) ** 2, 0) / size
    mean[row] = centre
    inverse[row] = 1 / Math.sqrt(variance + eps)
    for (let i = 0; i < size; i++) y[row * size + i] = (values[i]! - centre) * inverse[row]!
  }
  return { y, mean, inverse }
}

/** What a row's mean and inverse deviation contribute where somebody differentiates through them, as gradients of gradients do. */
function throughStatistics(
  y: Tensor,
  inverse: Tensor,
  [ctMean, ctInverse]: readonly [Tensor | undefined, Tensor | undefined],
  size: number,
): Tensor[] {
  return [...(ctMean ? [mul(ctMean, 1 / size)] : []), ...(ctInverse ? [mul(y, mul(mul(ctInverse, square(inverse)), -1 / size))] : [])]
}

function addAll(parts: readonly Tensor[]): Tensor {
  return parts.reduce((a, b) => add(a, b))
}

/**
 * The gain that the kernel wants where rows have none, for `axes` trailing axes of x. With one number for all, the processors' kernel takes sums in float64; with one
 * for each element of a row it takes mean x² − (mean x)² in float32, of which little is left where a row hardly varies: with eps 1e-8, two bins and rows of
 * 0.3 ± 0.001 results were wrong by 5e-5 of their size and are now by 1e-7 (ONNX Runtime 1.30), in the same time. CUDA's would read beyond the one number, without
 * an error (onnxruntime#28971). Of x's rank, because a sum before a norm with a gain of one axis becomes SkipLayerNormalization, which wants a gain for each element.
 */
export function unitGain(emitter: Emitter, shape: Shape, axes: number): string {
  const one = shape.map(() => 1)
  if (emitter.target === 'cpu') return emitter.floats([1], one)
  return emitter.node('Expand', [emitter.floats([1], []), emitter.ints(trailing(shape, axes))])[0]!
}

const standardizePrimitive = definePrimitive<Attributes>('standardize', {
  infer: ([x], attributes) => {
    checkRows('standardize', x!, attributes)
    const statistics = { shape: reducedShape(x!.shape, attributes.axes), dtype: 'float32' } as const
    return [{ shape: x!.shape, dtype: 'float32' }, statistics, statistics]
  },
  vjp: ({ inputs: [x], outputs: [y, , inverse], cotangents: [ct, ctMean, ctInverse], attributes: { axes } }) => {
    const size = sizeOf(trailing(x!.shape, axes))
    const parts = throughStatistics(y!, inverse!, [ctMean, ctInverse], size)
    if (ct) {
      const options = { axes: trailingAxes(axes), keepDims: true }
      parts.push(mul(sub(ct, add(mul(y!, mean(mul(ct, y!), options)), mean(ct, options))), inverse!))
    }
    return [expand(addAll(parts), x!.shape)]
  },
  lower: (emitter, [x], { inputs: [spec], attributes: { axes, eps } }) =>
    emitter.node('LayerNormalization', [x!, unitGain(emitter, spec!.shape, axes)], { axis: -axes, epsilon: { float: eps } }, 3),
  evaluate: ([x], { axes, eps }) => {
    const { y, mean, inverse } = evaluateRows(x!.data, sizeOf(trailing(x!.shape, axes)), eps)
    const statistics = reducedShape(x!.shape, axes)
    return [ndarray(x!.shape, y), ndarray(statistics, mean), ndarray(statistics, inverse)]
  },
})

/** As `standardize`, with what the rows were divided by: 1 / √(variance + eps), of extent 1 along the row. */
export function standardizeWithStatistics(x: Tensor, axes: number, eps: number): { y: Tensor; inverse: Tensor } {
  const [y, , inverse] = standardizePrimitive([x], { axes, eps })
  return { y: y!, inverse: inverse! }
}

/**
 * Zero mean and unit (biased) variance over the last axes: layer normalisation without its affine map.
 *
 * @param axes how many trailing axes one row spans
 * @throws ShapeError for a number of axes that the tensor does not have, a negative eps, or a dtype that is not float32
 *
 * @example
 * const [y] = await evaluate(() => [standardize(constant([1, 3, 10, 30], [2, 2]), 1, 0)]) // [-1, 1, -1, 1]
 */
export function standardize(x: Tensor, axes = 1, eps = 1e-5): Tensor {
  return standardizeWithStatistics(x, axes, eps).y
}

const layerNormPrimitive = definePrimitive<Attributes>('layerNorm', {
  infer: ([x, weight, bias], attributes) => {
    const rows = trailing(x!.shape, weight!.shape.length)
    if (weight!.shape.length === 0 || !sameShape(rows, weight!.shape) || !sameShape(weight!.shape, bias!.shape)) {
      throw new ShapeError(
        'layerNorm',
        `input ${formatShape(x!.shape)}, weight ${formatShape(weight!.shape)}, bias ${formatShape(bias!.shape)}: weight and bias need the shape of the input's last axes`,
      )
    }
    checkRows('layerNorm', x!, attributes)
    checkDtypes('layerNorm', [x!, weight!, bias!])
    return [{ shape: x!.shape, dtype: 'float32' }]
  },
  // The normalised input is not kept from the forward pass (its memory would live until here); the kernel makes it again in one pass.
  vjp: ({ inputs: [x, weight], cotangents: [ct], attributes: { axes, eps }, needs }) => {
    const { y: normal, inverse } = standardizeWithStatistics(x!, axes, eps)
    const size = sizeOf(weight!.shape)
    const examples = Array.from({ length: x!.shape.length - axes }, (_, axis) => axis)
    const weighted = mul(ct!, normal)
    const rowDot = (rows: Tensor) => reshape(matmul(reshape(rows, [-1, size]), reshape(weight!, [size, 1])), inverse.shape)
    const dx = () => {
      const [slope, shift] = [mul(rowDot(weighted), 1 / size), mul(rowDot(ct!), 1 / size)]
      return mul(sub(mul(ct!, weight!), add(mul(normal, slope), shift)), inverse)
    }
    return [
      needs[0] ? dx() : undefined,
      needs[1] ? sum(weighted, { axes: examples }) : undefined,
      needs[2] ? sum(ct!, { axes: examples }) : undefined,
    ]
  },
  lower: (emitter, inputs, { attributes: { axes, eps } }) =>
    emitter.node('LayerNormalization', inputs, { axis: -axes, epsilon: { float: eps } }),
  evaluate: ([x, weight, bias], { eps }) => {
    const size = weight!.data.length
    const { y } = evaluateRows(x!.data, size, eps)
    return [
      ndarray(
        x!.shape,
        y.map((value, i) => value * weight!.data[i % size]! + bias!.data[i % size]!),
      ),
    ]
  },
})

/**
 * Layer normalisation over the axes that weight and bias have, which are the last ones of x: x (…, d…), weight (d…), bias (d…) → (…, d…).
 *
 * @throws ShapeError where weight and bias have not the shape of the last axes, for a negative eps, or a dtype that is not float32
 *
 * @example
 * const [weight, bias] = [constant([1, 2]), constant([0, 5])]
 * const [y] = await evaluate(() => [layerNorm(constant([1, 3, 10, 30], [2, 2]), weight, bias, 0)]) // [-1, 7, -1, 7]
 */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps = 1e-5): Tensor {
  return layerNormPrimitive([x, weight, bias], { axes: weight.shape.length, eps })[0]!
}

/**
 * x / √(mean x² + eps) · weight over the axes that the weight has, which are the last ones of x: x (…, d…), weight (d…) → (…, d…).
 *
 * @throws ShapeError where the weight has not the shape of the last axes, for a negative eps, or a dtype that is not float32
 *
 * @example
 * const [y] = await evaluate(() => [rmsNorm(constant([3, 3]), constant([5, 10]), 0)]) // [5, 10]
 */
export function rmsNorm(x: Tensor, weight: Tensor, eps = 1e-6): Tensor {
  const axes = weight.shape.length
  if (axes === 0 || !sameShape(trailing(x.shape, axes), weight.shape)) {
    throw new ShapeError(
      'rmsNorm',
      `input ${formatShape(x.shape)}, weight ${formatShape(weight.shape)}: the weight needs the shape of the input's last axes`,
    )
  }
  checkRows('rmsNorm', x, { axes, eps })
  const power = mean(square(x), { axes: trailingAxes(axes), keepDims: true })
  return mul(mul(x, div(1, sqrt(add(power, eps)))), weight)
}
