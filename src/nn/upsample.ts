/**
 * Up-sampling by interpolation. With a convolution of stride 1 behind it, it takes the place of a transposed convolution, whose overlapping
 * windows leave a checkerboard (Odena, Dumoulin & Olah 2016, doi 10.23915/distill.00003).
 */
import { type InterpolateOptions, interpolate, type Tensor } from '../tensor/index.ts'
import { Module } from './module.ts'
import { type Reach, wholeReach } from './reach.ts'

/**
 * (b, c, …) → (b, c, …) of another size, by nearest neighbours or linearly: `interpolate` as a layer.
 *
 * @example
 * new Upsample({ scale: [1, 2], mode: 'bilinear' }).forward(input('x', [1, 4, 10, 16])).shape // [1, 4, 10, 32]
 */
export class Upsample extends Module {
  readonly #options: InterpolateOptions

  /** @param options either `size` or `scale`, for all spatial axes or one for each; `mode` is 'nearest' by default */
  constructor(options: InterpolateOptions) {
    super()
    this.#options = options
  }

  forward(x: Tensor): Tensor {
    return interpolate(x, this.#options)
  }

  /** Of a size, and between aligned corners, the ratio of steps depends on the length: said to read all. */
  override reach(): Reach {
    const { scale, mode = 'nearest', alignCorners = false } = this.#options
    const factor = typeof scale === 'object' ? scale[0] : scale
    if (factor === undefined || alignCorners) return wholeReach
    const stride = 1 / factor
    // Nearest: ⌊t/s⌋. Its distance to t/s is a multiple of 1/s below 1, or anything below 1 where s is no whole number.
    if (mode === 'nearest') return { stride, first: Number.isInteger(factor) ? stride - 1 : -1, last: 0 }
    if (factor === 1) return { stride, first: 0, last: 0 }
    // Linear: both neighbours of (t + ½)/s − ½, less than 1 away; for whole s by a multiple of 1/s, for even s by an odd one of 1/2s.
    const centre = stride / 2 - 0.5
    const within = Number.isInteger(factor) ? 1 - (factor % 2 === 0 ? stride / 2 : stride) : 1
    return { stride, first: centre - within, last: centre + within }
  }
}
