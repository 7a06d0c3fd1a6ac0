/**
 * Masks: numbers per bin by which a mixture's spectrum is multiplied. Those of sources, made of their magnitudes or scores, lie along one axis
 * and sum to 1 in every bin, so that the sources sum to the mixture. Made of the true sources they are the ideal masks (oracles), made of
 * estimates the filters that separate (Wang & Chen 2018, "Supervised speech separation based on deep learning", arXiv 1708.07524, II.A).
 */
import {
  arange,
  argmax,
  type Complex,
  cast,
  complex,
  div,
  equal,
  greater,
  max,
  maximum,
  mul,
  pow,
  reshape,
  ShapeError,
  softmax,
  square,
  sub,
  sum,
  type Tensor,
  where,
} from '../tensor/index.ts'

export interface SourceAxis {
  /** The axis of sources, the last one by default. */
  readonly axis?: number
}

/** Magnitudes below it count as silence: the square is not a normal float32 any more. */
export const silentMagnitude = 1e-18

/**
 * 1 for the loudest source of each bin, 0 for the others: the binary mask, of true sources the ideal one (IBM). The first of equally loud
 * sources gets the bin.
 *
 * @param magnitudes ≥ 0, sources along `axis`
 * @throws ShapeError for an axis that is none
 *
 * @example
 * const [masks] = await evaluate(() => [binaryMask(constant([1, 3, 2, 2], [2, 2]))]) // [0, 1, 1, 0]
 */
export function binaryMask(magnitudes: Tensor, { axis = -1 }: SourceAxis = {}): Tensor {
  const along = axis < 0 ? axis + magnitudes.shape.length : axis
  const loudest = argmax(magnitudes, { axis, keepDims: true })
  const sources = magnitudes.shape[along]!
  return cast(
    equal(
      loudest,
      reshape(
        arange(0, sources),
        magnitudes.shape.map((_, i) => (i === along ? sources : 1)),
      ),
    ),
    'float32',
  )
}

/** xᵖ of x ≥ 0, with the derivative 0 at 0, where that of p < 1 is infinite and makes NaN of whatever 0 it meets. */
function powerOf(x: Tensor, p: number): Tensor {
  const heard = greater(x, 0)
  return where(heard, pow(where(heard, x, 1), p), 0)
}

export interface RatioMaskOptions extends SourceAxis {
  /** The exponent p of magnitudes: 1 by default; 2 is the Wiener filter of independent Gaussian sources. */
  readonly power?: number
}

/**
 * |Sₛ|ᵖ / Σ |S|ᵖ: the ratio mask, of true sources the ideal one (IRM); with another p the generalised Wiener filter (Liutkus & Badeau 2015).
 * Sources of which none sounds in a bin share it evenly.
 *
 * @param magnitudes ≥ 0, sources along `axis`; the gradient at 0 is 0 for p < 1, where it would be infinite
 * @throws ShapeError for a power that is not above 0 and an axis that is none
 *
 * @example
 * const magnitudes = constant([1, 3, 0, 0], [2, 2])
 * const [ratio, wiener] = await evaluate(() => [ratioMask(magnitudes), ratioMask(magnitudes, { power: 2 })])
 * ratio // [0.25, 0.75, 0.5, 0.5]
 * wiener // [0.1, 0.9, 0.5, 0.5]
 */
export function ratioMask(magnitudes: Tensor, { axis = -1, power = 1 }: RatioMaskOptions = {}): Tensor {
  if (!(power > 0)) throw new ShapeError('ratioMask', `power ${power}; allowed are numbers > 0`)
  // Of the loudest source, so that no power overflows or vanishes.
  const loudest = max(magnitudes, { axes: [axis], keepDims: true })
  const relative = div(magnitudes, maximum(loudest, silentMagnitude))
  const heard = greater(loudest, silentMagnitude)
  const powers = power === 1 ? relative : power === 2 ? square(relative) : powerOf(relative, power)
  const shares = where(heard, powers, 1)
  return div(shares, sum(shares, { axes: [axis], keepDims: true }))
}

/**
 * Softmax over sources: masks of a network's scores, in 0…1 and of sum 1.
 *
 * @throws ShapeError or RangeError for an axis that is none
 *
 * @example
 * const [masks] = await evaluate(() => [softMask(constant([0, Math.log(3)], [1, 2]))]) // [0.25, 0.75]
 */
export function softMask(scores: Tensor, { axis = -1 }: SourceAxis = {}): Tensor {
  return softmax(scores, axis)
}

/**
 * 1 − M: the mask of all that a mask leaves out.
 *
 * @example
 * const [rest] = await evaluate(() => [inverseMask(constant([0, 0.25, 1]))]) // [1, 0.75, 0]
 */
export function inverseMask(mask: Tensor): Tensor {
  return sub(1, mask)
}

function isComplex(mask: Tensor | Complex): mask is Complex {
  return 're' in mask
}

/**
 * M⊙Y, broadcast: a real mask changes magnitudes alone, a complex one phases too.
 *
 * @param mask (…, t, f), with leading axes of sources for several at once
 * @throws ShapeError where the shapes do not broadcast
 *
 * @example
 * const mixture = { re: constant([2]), im: constant([4]) }
 * const [half, turned] = await evaluate(() => [
 *   applyMask(constant([0.5]), mixture).im,
 *   applyMask({ re: constant([0]), im: constant([1]) }, mixture).re,
 * ])
 * half // [2]
 * turned // [-4]
 */
export function applyMask(mask: Tensor | Complex, mixture: Complex): Complex {
  return isComplex(mask) ? complex.mul(mask, mixture) : { re: mul(mask, mixture.re), im: mul(mask, mixture.im) }
}
