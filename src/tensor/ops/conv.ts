/** Convolution and transposed convolution in one, two and three dimensions, with PyTorch's names and options. */
import { formatShape } from '../shape.ts'
import { checkDtypes, ShapeError, type Tensor } from '../tensor.ts'
import { convInputGradient, convolve } from './conv-primitives.ts'
import { convolveUpsampled } from './conv-upsampled.ts'
import { type Extent, type Geometry, show, spread, stepsOf, type WindowOptions } from './window.ts'

export type { Extent, WindowOptions }

export interface ConvOptions extends WindowOptions {
  /** Channels are cut into this many independent groups, 1 by default. */
  readonly groups?: number
}

function geometryOf(options: ConvOptions, rank: number, who: string): Geometry {
  const groups = options.groups ?? 1
  if (!Number.isInteger(groups) || groups < 1) throw new ShapeError(`${who} groups`, `needs a whole number ≥ 1, got ${groups}`)
  return { ...stepsOf(options, rank, who), groups }
}

/**
 * (b, c, n) ⋆ (o, c/groups, k) → (b, o, n'), n' = ⌊(n + 2p − d(k−1) − 1)/s⌋ + 1.
 *
 * @throws ShapeError where shapes, groups and options do not fit each other or a dtype is not float32
 *
 * @example
 * const kernel = constant([1, 10], [1, 1, 2])
 * const causal = { padding: [[1, 0]] } as const
 * const [y] = await evaluate(() => [conv1d(constant([1, 2, 3], [1, 1, 3]), kernel, causal)]) // [10, 21, 32]
 */
export function conv1d(x: Tensor, weight: Tensor, options: ConvOptions = {}): Tensor {
  return convolve(x, weight, geometryOf(options, 1, 'conv1d'))
}

/**
 * (b, c, h, w) ⋆ (o, c/groups, kh, kw) → (b, o, h', w').
 *
 * @throws ShapeError where shapes, groups and options do not fit each other or a dtype is not float32
 *
 * @example
 * const image = constant([1, 2, 3, 4], [1, 1, 2, 2])
 * const [y] = await evaluate(() => [conv2d(image, constant([1, 0, 0, 10], [1, 1, 2, 2]))]) // [41]
 */
export function conv2d(x: Tensor, weight: Tensor, options: ConvOptions = {}): Tensor {
  const geometry = geometryOf(options, 2, 'conv2d')
  const plain = convolve(x, weight, geometry)
  return convolveUpsampled(plain, x, weight, geometry) ?? plain
}

/**
 * (b, c, d, h, w) ⋆ (o, c/groups, kd, kh, kw) → (b, o, d', h', w').
 *
 * @throws ShapeError where shapes, groups and options do not fit each other or a dtype is not float32
 *
 * @example
 * const volume = constant([1, 2, 3, 4], [1, 1, 2, 1, 2])
 * const [y] = await evaluate(() => [conv3d(volume, constant([1, 10], [1, 1, 2, 1, 1]))]) // [31, 42]
 */
export function conv3d(x: Tensor, weight: Tensor, options: ConvOptions = {}): Tensor {
  return convolve(x, weight, geometryOf(options, 3, 'conv3d'))
}

export interface ConvTransposeOptions extends ConvOptions {
  /** What to add at the end of each spatial axis, below the stride, 0 by default: several lengths come from one, this tells which. */
  readonly outputPadding?: Extent
}

function transposed(x: Tensor, weight: Tensor, options: ConvTransposeOptions, rank: number): Tensor {
  const who = `convTranspose${rank}d`
  const geometry = geometryOf(options, rank, who)
  const { groups } = geometry
  if (x.shape.length !== rank + 2 || weight.shape.length !== rank + 2 || x.shape[1] !== weight.shape[0] || x.shape[1]! % groups !== 0) {
    throw new ShapeError(
      who,
      `input ${formatShape(x.shape)}, weight ${formatShape(weight.shape)}, groups ${groups}: needs (b, o, …) and (o, c/groups, …) with o divisible by groups`,
    )
  }
  checkDtypes(who, [x, weight])
  const extra = spread(options.outputPadding ?? 0, rank)
  if (extra.length !== rank || extra.some((n, axis) => !Number.isInteger(n) || n < 0 || n >= geometry.stride[axis]!)) {
    throw new ShapeError(
      `${who} outputPadding`,
      `needs whole numbers ≥ 0 below the stride [${geometry.stride}], got ${show(options.outputPadding)}`,
    )
  }
  const output = geometry.stride.map((stride, axis) => {
    const [before, after] = geometry.padding[axis]!
    return (x.shape[axis + 2]! - 1) * stride - before - after + geometry.dilation[axis]! * (weight.shape[axis + 2]! - 1) + 1 + extra[axis]!
  })
  if (output.some((extent) => extent < 1)) throw new ShapeError(who, `padding leaves nothing of the output: ${formatShape(output)}`)
  return convInputGradient(x, weight, geometry, output)
}

/**
 * (b, o, n) with weight (o, c/groups, k) → (b, c, n'), n' = (n−1)s − 2p + d(k−1) + outputPadding + 1: the adjoint of conv1d.
 *
 * @throws ShapeError where shapes, groups and options do not fit each other, a dtype is not float32, or outputPadding is not below the stride
 *
 * @example
 * const kernel = constant([1, 10], [1, 1, 2])
 * const [y] = await evaluate(() => [convTranspose1d(constant([1, 2], [1, 1, 2]), kernel, { stride: 2 })]) // [1, 10, 2, 20]
 */
export function convTranspose1d(x: Tensor, weight: Tensor, options: ConvTransposeOptions = {}): Tensor {
  return transposed(x, weight, options, 1)
}

/**
 * (b, o, h, w) with weight (o, c/groups, kh, kw) → (b, c, h', w'), h' = (h−1)s − 2p + d(k−1) + outputPadding + 1: the adjoint of conv2d.
 *
 * @throws ShapeError where shapes, groups and options do not fit each other, a dtype is not float32, or outputPadding is not below the stride
 *
 * @example
 * const kernel = constant([1, 2, 3, 4], [1, 1, 2, 2])
 * const [y] = await evaluate(() => [convTranspose2d(constant([5], [1, 1, 1, 1]), kernel)]) // [5, 10, 15, 20]
 */
export function convTranspose2d(x: Tensor, weight: Tensor, options: ConvTransposeOptions = {}): Tensor {
  return transposed(x, weight, options, 2)
}

/**
 * (b, o, d, h, w) with weight (o, c/groups, kd, kh, kw) → (b, c, d', h', w'): the adjoint of conv3d.
 *
 * @throws ShapeError where shapes, groups and options do not fit each other, a dtype is not float32, or outputPadding is not below the stride
 *
 * @example
 * const kernel = constant([1, 10], [1, 1, 2, 1, 1])
 * const [y] = await evaluate(() => [convTranspose3d(constant([1, 2], [1, 1, 2, 1, 1]), kernel)]) // [1, 12, 20]
 */
export function convTranspose3d(x: Tensor, weight: Tensor, options: ConvTransposeOptions = {}): Tensor {
  return transposed(x, weight, options, 3)
}
