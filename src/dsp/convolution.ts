/**
 * Convolution and cross-correlation as signal processing defines them: (f ⋆ g)[n] = Σₘ f[n − m]·g[m], and the same without the flip,
 * Σₘ f[n + m]·g[m], which is what convolutional layers compute. In one to three dimensions.
 */
import { conv1d, conv2d, conv3d, flip, formatShape, reshape, ShapeError, type Tensor } from '../tensor/index.ts'

export interface SlideOptions {
  /**
   * `full` (the default): wherever signal and kernel overlap, n + k − 1 values. `same`: the n in the middle of them. `valid`: where the kernel
   * lies inside the signal, n − k + 1.
   */
  readonly mode?: 'full' | 'same' | 'valid'
}

const convolutions = [conv1d, conv2d, conv3d]

function slide(who: string, x: Tensor, kernel: Tensor, mode: SlideOptions['mode'] = 'full'): Tensor {
  const taps = kernel.shape
  const extents = x.shape.slice(-taps.length)
  if (taps.length < 1 || taps.length > 3 || extents.length < taps.length) {
    throw new ShapeError(
      who,
      `signal ${formatShape(x.shape)}, kernel ${formatShape(taps)}: needs (…, n), (k), or two or three axes of both`,
    )
  }
  if (!['full', 'same', 'valid'].includes(mode)) throw new ShapeError(`${who} mode`, `'${mode}'; allowed are full, same and valid`)
  if (mode === 'valid' && taps.some((k, axis) => k > extents[axis]!)) {
    throw new ShapeError(
      who,
      `the kernel ${formatShape(taps)} does not lie inside the signal ${formatShape(x.shape)}; use mode full or same`,
    )
  }
  const padding = taps.map((k) => {
    if (mode === 'full') return k - 1
    return mode === 'same' ? ([Math.ceil((k - 1) / 2), Math.floor((k - 1) / 2)] as const) : 0
  })
  const y = convolutions[taps.length - 1]!(reshape(x, [-1, 1, ...extents]), reshape(kernel, [1, 1, ...taps]), { padding })
  return reshape(y, [...x.shape.slice(0, -taps.length), ...y.shape.slice(2)])
}

/**
 * Discrete convolution over the last axes of x, as many as the kernel has: x (…, n), kernel (k) → (…, n + k − 1). Leading axes are signals of
 * their own. Values and modes are those of scipy.signal.convolve.
 *
 * @throws ShapeError for a kernel of no or more than three axes, or of more than x, a kernel larger than x in mode valid, and another mode
 *
 * @example
 * const [f, g] = [constant([1, 2, 3]), constant([0, 1, 10])]
 * const [full, same] = await evaluate(() => [convolve(f, g), convolve(f, g, { mode: 'same' })])
 * full // [0, 1, 12, 23, 30]
 * same // [1, 12, 23]
 */
export function convolve(x: Tensor, kernel: Tensor, { mode }: SlideOptions = {}): Tensor {
  const axes = kernel.shape.map((_, axis) => axis)
  return slide('convolve', x, axes.length > 0 ? flip(kernel, axes) : kernel, mode)
}

/**
 * Cross-correlation over the last axes of x: `convolve` with the kernel flipped. In mode full the first value is where the kernel's last tap
 * lies on the first element.
 *
 * @throws ShapeError as convolve
 *
 * @example
 * const [y] = await evaluate(() => [crossCorrelate(constant([1, 2, 3]), constant([0, 1, 10]), { mode: 'valid' })]) // [32]
 */
export function crossCorrelate(x: Tensor, kernel: Tensor, { mode }: SlideOptions = {}): Tensor {
  return slide('crossCorrelate', x, kernel, mode)
}
