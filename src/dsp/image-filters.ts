/** Filters of images, spectrograms among them: kernels that blur, find edges and sharpen, and how they are applied. */
import { concat, constant, flip, formatShape, narrow, ShapeError, type Tensor } from '../tensor/index.ts'
import { crossCorrelate } from './convolution.ts'

function square(rows: readonly (readonly number[])[]): Tensor {
  return constant(rows.flat(), [rows.length, rows.length])
}

/**
 * A bell that adds up to one: (2r + 1, 2r + 1), proportional to exp(−(x² + y²) / 2σ²).
 *
 * @param sigma width in elements
 * @param radius of what is kept of it, 3σ rounded up by default
 * @throws RangeError for a width that is not above 0, a radius that is no whole number ≥ 0
 *
 * @example
 * const [kernel] = await evaluate(() => [gaussianKernel(1, 1)])
 * kernel // [0.0751, 0.1238, 0.0751, 0.1238, 0.2042, 0.1238, 0.0751, 0.1238, 0.0751]
 */
export function gaussianKernel(sigma: number, radius = Math.ceil(3 * sigma)): Tensor {
  if (!(sigma > 0 && Number.isFinite(sigma))) throw new RangeError(`gaussianKernel: sigma ${sigma}; allowed are numbers > 0`)
  if (!Number.isInteger(radius) || radius < 0) throw new RangeError(`gaussianKernel: radius ${radius}; allowed are whole numbers ≥ 0`)
  const bell = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)))
  const total = bell.reduce((a, b) => a + b)
  return square(bell.map((a) => bell.map((b) => (a * b) / total ** 2)))
}

/** Sum of second differences: 0 on constants and ramps, large at edges and points in any direction. */
export function laplacianKernel(): Tensor {
  return square([
    [0, 1, 0],
    [1, -4, 1],
    [0, 1, 0],
  ])
}

/** Slopes by Sobel's kernels: along the second last axis (down) and the last (right), each smoothed across. */
export function sobelKernels(): { down: Tensor; right: Tensor } {
  const down = [
    [-1, -2, -1],
    [0, 0, 0],
    [1, 2, 1],
  ]
  return { down: square(down), right: square(down.map((_, i) => down.map((row) => row[i]!))) }
}

/**
 * The image less `amount` of its Laplacian: differences between neighbours grow, constants stay.
 *
 * @throws RangeError for an amount that is not finite
 */
export function sharpenKernel(amount = 1): Tensor {
  if (!Number.isFinite(amount)) throw new RangeError(`sharpenKernel: amount ${amount}; allowed are finite numbers`)
  return square([
    [0, -amount, 0],
    [-amount, 1 + 4 * amount, -amount],
    [0, -amount, 0],
  ])
}

/** `radius` mirror images on both sides of an axis, the outermost element among them. */
function mirrored(x: Tensor, axis: number, radius: number): Tensor {
  if (radius === 0) return x
  const extent = x.shape[axis]!
  return concat([flip(narrow(x, axis, 0, radius), [axis]), x, flip(narrow(x, axis, extent - radius, extent), [axis])], axis)
}

/**
 * A kernel over the last two axes, as it is drawn (not flipped), between mirrored borders: (…, h, w) → (…, h, w). With such borders a symmetric
 * kernel that adds up to one keeps the mean of the image exactly, and one that adds up to nothing leaves nothing of a constant.
 *
 * @param kernel (kh, kw), odd extents of at most twice that of the image
 * @throws ShapeError for other kernels, and images with fewer than two axes
 *
 * @example
 * const image = constant([0, 0, 8, 8], [1, 4])
 * const [edges] = await evaluate(() => [filterImage(image, sobelKernels().right)]) // [0, 32, 32, 0]
 */
export function filterImage(x: Tensor, kernel: Tensor): Tensor {
  const rank = x.shape.length
  const radii = kernel.shape.map((extent) => (extent - 1) / 2)
  if (rank < 2 || radii.length !== 2 || radii.some((radius, i) => !Number.isInteger(radius) || radius > x.shape[rank - 2 + i]!)) {
    throw new ShapeError(
      'filterImage',
      `image ${formatShape(x.shape)}, kernel ${formatShape(kernel.shape)}: needs (…, h, w) and odd (kh, kw) with halves of at most h and w`,
    )
  }
  const bordered = mirrored(mirrored(x, rank - 2, radii[0]!), rank - 1, radii[1]!)
  return crossCorrelate(bordered, kernel, { mode: 'valid' })
}
