/** Maximum and average pooling in one, two and three dimensions, with PyTorch's names and options. */
import { ndarray } from '../ndarray.ts'
import { type Apply, definePrimitive } from '../primitive.ts'
import { formatShape, type Shape, sizeOf } from '../shape.ts'
import { checkDtypes, constant, type Emitter, type NdArray, ShapeError, type Tensor, type TensorSpec } from '../tensor.ts'
import { convInputGradient } from './conv-primitives.ts'
import { mul } from './elementwise.ts'
import { reshape } from './movement.ts'
import { upsampleNearest } from './resize.ts'
import { type Extent, forEachTap, type Window, type WindowOptions, windowCounts, windowOf } from './window.ts'
import { addTaps, cutTaps, stackTaps, windowAttributes } from './window-lowering.ts'

interface PoolAttributes extends Window {
  readonly counts: Shape
}

function pooled(x: TensorSpec, counts: Shape): TensorSpec {
  return { shape: [...x.shape.slice(0, 2), ...counts], dtype: 'float32' }
}

/** Calls visit(window, at) with the flat positions of every window's value and of its largest element, the first of equal ones. */
function forEachMaximum(x: NdArray, { counts, ...window }: PoolAttributes, visit: (window: number, at: number) => void): void {
  const extents = x.shape.slice(2)
  const best = new Int32Array(sizeOf(counts))
  for (let image = 0; image < x.shape[0]! * x.shape[1]!; image++) {
    best.fill(-1)
    forEachTap(window, extents, counts, (position, _, offset) => {
      const at = image * sizeOf(extents) + offset
      if (best[position] === -1 || x.data[at]! > x.data[best[position]!]!) best[position] = at
    })
    for (const [position, at] of best.entries()) visit(image * best.length + position, at)
  }
}

const maxPoolPrimitive: Apply<PoolAttributes> = definePrimitive<PoolAttributes>('maxPool', {
  infer: ([x], { counts }) => [pooled(x!, counts)],
  vjp: ({ inputs: [x], outputs: [y], cotangents: [ct], attributes }) => spreadPrimitive([ct!, x!, y!], attributes),
  lower: (emitter, [x], { attributes }) =>
    emitter.node('MaxPool', [x!], { ...windowAttributes(attributes), kernel_shape: attributes.kernel }),
  evaluate: ([x], attributes, [out]) => {
    const y = ndarray(out!.shape)
    forEachMaximum(x!, attributes, (window, at) => {
      y.data[window] = x!.data[at]!
    })
    return [y]
  },
})

/** For each tap: `rest` where it is its window's first maximum, else 0. */
function takeMaxima(emitter: Emitter, x: string, y: string, shape: Shape, { counts, ...window }: PoolAttributes, rest: string): string[] {
  const float = 1
  let left = rest
  const taps = cutTaps(emitter, x, shape, window, counts, Number.NEGATIVE_INFINITY)
  return taps.map((tap, i) => {
    const equal = emitter.node('Cast', [emitter.node('Equal', [tap, y])[0]!], { to: float })[0]!
    const taken = emitter.node('Mul', [equal, left])[0]!
    // What the first of equal elements takes is gone for the others.
    if (i < taps.length - 1) left = emitter.node('Sub', [left, taken])[0]!
    return taken
  })
}

/**
 * Adds to the first maximum of each window what stands at the window: the derivative of maxPool. Written without indices: those of ONNX Runtime's
 * MaxPool take 7–17 times the time of its maxima, and scattering as much again. Maxima and derivative, 32 channels of 256 × 128, batch 2, two
 * threads: kernel 2, 9.3 ms (with indices 20, PyTorch 9.3); kernel 3 with stride 2, 17.7 ms (with indices 21, PyTorch 12.3).
 * Linear in the first operand alone.
 */
const spreadPrimitive: Apply<PoolAttributes> = definePrimitive<PoolAttributes>('maxPoolSpread', {
  infer: ([, x]) => [{ shape: x!.shape, dtype: 'float32' }],
  vjp: ({ inputs: [, x, y], cotangents: [ct], attributes }) => pickPrimitive([ct!, x!, y!], attributes),
  lower: (emitter, [ct, x, y], { attributes, outputs: [out] }) => {
    const taken = takeMaxima(emitter, x!, y!, out!.shape, attributes, ct!)
    const columns = stackTaps(emitter, taken, out!.shape, attributes.counts)
    return [addTaps(emitter, columns, out!.shape, attributes, attributes.counts, out!.shape.slice(2))]
  },
  evaluate: ([ct, x], attributes, [out]) => {
    const result = ndarray(out!.shape)
    forEachMaximum(x!, attributes, (window, at) => {
      result.data[at]! += ct!.data[window]!
    })
    return [result]
  },
})

/** What `values` has where x has its windows' first maxima: the adjoint of maxPoolSpread. */
const pickPrimitive: Apply<PoolAttributes> = definePrimitive<PoolAttributes>('maxPoolPick', {
  infer: ([values], { counts }) => [pooled(values!, counts)],
  vjp: ({ inputs: [, x, y], cotangents: [ct], attributes }) => spreadPrimitive([ct!, x!, y!], attributes),
  lower: (emitter, [values, x, y], { attributes: { counts, ...window }, inputs: [spec] }) => {
    const chosen = takeMaxima(emitter, x!, y!, spec!.shape, { counts, ...window }, emitter.floats([1], []))
    const taps = cutTaps(emitter, values!, spec!.shape, window, counts)
    const parts = chosen.map((mask, i) => emitter.node('Mul', [mask, taps[i]!])[0]!)
    return parts.length === 1 ? parts : emitter.node('Sum', parts)
  },
  evaluate: ([values, x], attributes, [out]) => {
    const result = ndarray(out!.shape)
    forEachMaximum(x!, attributes, (window, at) => {
      result.data[window] = values!.data[at]!
    })
    return [result]
  },
})

const averagePrimitive: Apply<PoolAttributes> = definePrimitive<PoolAttributes>('avgPool', {
  infer: ([x], { counts }) => [pooled(x!, counts)],
  vjp: ({ inputs: [x], cotangents: [ct], attributes }) => [spreadEvenly(ct!, x!.shape, attributes)],
  lower: (emitter, [x], { attributes: { kernel, stride, padding, dilation } }) => {
    const { strides, pads } = windowAttributes({ stride, padding, dilation })
    return emitter.node('AveragePool', [x!], { kernel_shape: kernel, strides, pads, count_include_pad: 1 })
  },
  evaluate: ([x], { counts, ...window }, [out]) => {
    const y = ndarray(out!.shape)
    const extents = x!.shape.slice(2)
    for (let image = 0; image < x!.shape[0]! * x!.shape[1]!; image++) {
      forEachTap(window, extents, counts, (position, _, at) => {
        y.data[image * sizeOf(counts) + position]! += x!.data[image * sizeOf(extents) + at]! / sizeOf(window.kernel)
      })
    }
    return [y]
  },
})

/** The adjoint of the average: repeated blocks where windows tile the input, else a transposed convolution with equal weights. */
function spreadEvenly(ct: Tensor, shape: Shape, { kernel, stride, padding, dilation, counts }: PoolAttributes): Tensor {
  const share = 1 / sizeOf(kernel)
  const tiles = kernel.every((taps, axis) => taps === stride[axis] && counts[axis]! * taps === shape[axis + 2])
  if (tiles && padding.every(([before, after]) => before === 0 && after === 0)) return upsampleNearest(mul(ct, share), [1, 1, ...kernel])
  const images = shape[0]! * shape[1]!
  const weight = constant(new Float64Array(sizeOf(kernel)).fill(share), [1, 1, ...kernel])
  const steps = { stride, padding, dilation, groups: 1 }
  return reshape(convInputGradient(reshape(ct, [images, 1, ...counts]), weight, steps, shape.slice(2)), shape)
}

function attributesOf(x: Tensor, kernel: Extent, options: WindowOptions, rank: number, who: string): PoolAttributes {
  checkDtypes(who, [x])
  if (x.shape.length !== rank + 2) {
    throw new ShapeError(who, `needs (b, c, …) with ${rank} spatial ${rank === 1 ? 'axis' : 'axes'}, got ${formatShape(x.shape)}`)
  }
  const window = windowOf(kernel, { ...options, stride: options.stride ?? kernel }, rank, who)
  if (window.padding.some((pair, axis) => pair.some((n) => 2 * n > window.kernel[axis]!))) {
    throw new ShapeError(
      `${who} padding`,
      `${JSON.stringify(window.padding)} is more than half of the kernel ${formatShape(window.kernel)}; pad the input to have more`,
    )
  }
  return { ...window, counts: windowCounts(window, x.shape.slice(2), who) }
}

/** How many taps of each window lie inside the input. */
function insideCounts(extents: Shape, { counts, ...window }: PoolAttributes): Float64Array {
  const inside = new Float64Array(sizeOf(counts))
  forEachTap(window, extents, counts, (position) => {
    inside[position]!++
  })
  return inside
}

function maxPool(x: Tensor, kernel: Extent, options: WindowOptions, rank: number): Tensor {
  const attributes = attributesOf(x, kernel, options, rank, `maxPool${rank}d`)
  if (insideCounts(x.shape.slice(2), attributes).includes(0)) {
    throw new ShapeError(`maxPool${rank}d`, `a window of ${JSON.stringify(attributes)} sees nothing but padding of ${formatShape(x.shape)}`)
  }
  return maxPoolPrimitive([x], attributes)[0]!
}

export interface AvgPoolOptions extends Omit<WindowOptions, 'dilation'> {
  /** Whether zeros of the padding count as elements, true by default; where they do not, windows divide by what they see of the input. */
  readonly countIncludePad?: boolean
}

function avgPool(x: Tensor, kernel: Extent, { countIncludePad = true, ...options }: AvgPoolOptions, rank: number): Tensor {
  const attributes = attributesOf(x, kernel, options, rank, `avgPool${rank}d`)
  const y = averagePrimitive([x], attributes)[0]!
  const taps = sizeOf(attributes.kernel)
  const inside = insideCounts(x.shape.slice(2), attributes)
  if (countIncludePad || inside.every((count) => count === taps)) return y
  return mul(
    y,
    constant(
      inside.map((count) => taps / count),
      attributes.counts,
    ),
  )
}

/**
 * The largest element of each window: (b, c, n) → (b, c, ⌊(n + 2p − d(k−1) − 1)/s⌋ + 1). The gradient goes to the first of equal elements.
 *
 * @param kernel elements of a window
 * @param options `stride` is the kernel by default; padding never is the largest
 * @throws ShapeError where x is not (b, c, n) of float32, an option is no whole number in its range, padding is more than half of the kernel,
 * or no window fits
 *
 * @example
 * const [y] = await evaluate(() => [maxPool1d(constant([1, 5, 3, 2, 4], [1, 1, 5]), 3, { stride: 2 })]) // [5, 4]
 */
export function maxPool1d(x: Tensor, kernel: Extent, options: WindowOptions = {}): Tensor {
  return maxPool(x, kernel, options, 1)
}

/**
 * The largest element of each window: (b, c, h, w) → (b, c, h', w'). The gradient goes to the first of equal elements in row-major order.
 *
 * @param kernel elements of a window along each axis
 * @param options `stride` is the kernel by default; padding never is the largest
 * @throws ShapeError as maxPool1d
 *
 * @example
 * const [y] = await evaluate(() => [maxPool2d(constant([1, 2, 3, 4], [1, 1, 2, 2]), 2)]) // [4]
 */
export function maxPool2d(x: Tensor, kernel: Extent, options: WindowOptions = {}): Tensor {
  return maxPool(x, kernel, options, 2)
}

/**
 * The largest element of each window: (b, c, d, h, w) → (b, c, d', h', w'). The gradient goes to the first of equal elements in row-major order.
 *
 * @param kernel elements of a window along each axis
 * @param options `stride` is the kernel by default; padding never is the largest
 * @throws ShapeError as maxPool1d
 *
 * @example
 * const volume = constant([1, 2, 3, 4], [1, 1, 2, 1, 2])
 * const [y] = await evaluate(() => [maxPool3d(volume, [2, 1, 1])]) // [3, 4]
 */
export function maxPool3d(x: Tensor, kernel: Extent, options: WindowOptions = {}): Tensor {
  return maxPool(x, kernel, options, 3)
}

/**
 * The mean of each window: (b, c, n) → (b, c, ⌊(n + 2p − k)/s⌋ + 1).
 *
 * @param kernel elements of a window
 * @param options `stride` is the kernel by default
 * @throws ShapeError where x is not (b, c, n) of float32, an option is no whole number in its range, padding is more than half of the kernel,
 * or no window fits
 *
 * @example
 * const x = constant([3, 5, 7], [1, 1, 3])
 * const [y] = await evaluate(() => [avgPool1d(x, 2, { padding: 1 })]) // [1.5, 6]
 * const [z] = await evaluate(() => [avgPool1d(x, 2, { padding: 1, countIncludePad: false })]) // [3, 6]
 */
export function avgPool1d(x: Tensor, kernel: Extent, options: AvgPoolOptions = {}): Tensor {
  return avgPool(x, kernel, options, 1)
}

/**
 * The mean of each window: (b, c, h, w) → (b, c, h', w').
 *
 * @param kernel elements of a window along each axis
 * @param options `stride` is the kernel by default
 * @throws ShapeError as avgPool1d
 *
 * @example
 * const [y] = await evaluate(() => [avgPool2d(constant([1, 2, 3, 4], [1, 1, 2, 2]), 2)]) // [2.5]
 */
export function avgPool2d(x: Tensor, kernel: Extent, options: AvgPoolOptions = {}): Tensor {
  return avgPool(x, kernel, options, 2)
}

/**
 * The mean of each window: (b, c, d, h, w) → (b, c, d', h', w').
 *
 * @param kernel elements of a window along each axis
 * @param options `stride` is the kernel by default
 * @throws ShapeError as avgPool1d
 *
 * @example
 * const volume = constant([1, 2, 3, 4], [1, 1, 2, 1, 2])
 * const [y] = await evaluate(() => [avgPool3d(volume, [2, 1, 1])]) // [2, 3]
 */
export function avgPool3d(x: Tensor, kernel: Extent, options: AvgPoolOptions = {}): Tensor {
  return avgPool(x, kernel, options, 3)
}
