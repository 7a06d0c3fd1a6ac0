/**
 * Spectra as FrameTransformer (carperbr, 2023) takes them: without the Nyquist bin, so that the number of bins is a power of two, and scaled to ±1.
 * Complex ones become real channels, [Re L, Re R, Im L, Im R]; real and imaginary parts have a scale each, so that the scaled numbers do not have
 * the phase of the spectrum. Magnitudes have one.
 */
import {
  abs,
  type Complex,
  complex,
  concat,
  div,
  formatShape,
  max,
  maximum,
  mul,
  narrow,
  type Operand,
  pad,
  ShapeError,
  type Tensor,
} from '../tensor/index.ts'
import { silentMagnitude } from './masks.ts'
import type { Spectrum } from './stft.ts'

/** What spectra are divided by: numbers, or tensors that broadcast, such as one per example (b, 1, 1, 1). */
export interface SpectrumScales {
  readonly re: Operand
  readonly im: Operand
}

function checkSpectrum(who: string, { re, im }: Complex): void {
  if (formatShape(re.shape) !== formatShape(im.shape) || re.shape.length < 3 || re.shape.at(-1)! < 2)
    throw new ShapeError(who, `re ${formatShape(re.shape)}, im ${formatShape(im.shape)}: needs two of one shape (…, c, t, bins), bins ≥ 2`)
}

const withoutNyquist = (x: Tensor): Tensor => narrow(x, -1, 0, x.shape.at(-1)! - 1)

/** With a Nyquist bin of zeros. */
function withNyquist(x: Tensor): Tensor {
  const before = x.shape.map(() => 0)
  return pad(x, before, before.with(-1, 1))
}

/**
 * The largest |Re|, |Im| and |z| of each example, all bins of all frames and channels: (…, c, t, bins) → (…, 1, 1, 1). Of silence they are
 * the smallest magnitude that counts as sound, so that silence over them is silence.
 *
 * @param options `of`: 'frame' for those of each frame, (…, 1, t, 1)
 * @throws ShapeError for less than three axes, and parts of two shapes
 *
 * @example
 * const z = { re: constant([3, -1], [1, 1, 2]), im: constant([4, 2], [1, 1, 2]) }
 * const [re, im, magnitude] = await evaluate(() => { const peaks = spectrumPeaks(z); return [peaks.re, peaks.im, peaks.magnitude] })
 * re // [3]
 * im // [4]
 * magnitude // [5]
 */
export function spectrumPeaks(
  z: Complex,
  { of = 'example' }: { readonly of?: 'example' | 'frame' } = {},
): { readonly re: Tensor; readonly im: Tensor; readonly magnitude: Tensor } {
  checkSpectrum('spectrumPeaks', z)
  const axes = of === 'frame' ? [-3, -1] : [-3, -2, -1]
  const peak = (x: Tensor) => maximum(max(x, { axes, keepDims: true }), silentMagnitude)
  return { re: peak(abs(z.re)), im: peak(abs(z.im)), magnitude: peak(complex.abs(z)) }
}

/**
 * Real channels of a complex spectrum: (…, c, t, bins) → (…, 2c, t, bins − 1), the real parts before the imaginary ones, each over its scale.
 *
 * @throws ShapeError for less than three axes, and parts of two shapes
 *
 * @example
 * const z = { re: constant([1, 2, 9], [1, 1, 3]), im: constant([3, 4, 9], [1, 1, 3]) }
 * const [x] = await evaluate(() => [packSpectrum(z, { re: 2, im: 4 })]) // [0.5, 1, 0.75, 1]
 */
export function packSpectrum(z: Spectrum, scales: SpectrumScales): Tensor {
  checkSpectrum('packSpectrum', z)
  return concat([div(withoutNyquist(z.re), scales.re), div(withoutNyquist(z.im), scales.im)], -3)
}

/**
 * The inverse of `packSpectrum`, with a Nyquist bin of zeros: (…, 2c, t, bins − 1) → (…, c, t, bins).
 *
 * @throws ShapeError for less than three axes, and an odd number of channels
 *
 * @example
 * const { re, im } = unpackSpectrum(constant([0.5, 1, 0.75, 1], [2, 1, 2]), { re: 2, im: 4 })
 * const parts = await evaluate(() => [re, im])
 * parts[0] // [1, 2, 0]
 * parts[1] // [3, 4, 0]
 */
export function unpackSpectrum(x: Tensor, scales: SpectrumScales): Spectrum {
  const channels = x.shape.at(-3)
  if (channels === undefined || channels % 2 !== 0)
    throw new ShapeError('unpackSpectrum', `${formatShape(x.shape)}: needs (…, 2c, t, bins), real channels before imaginary ones`)
  const half = (from: number) => narrow(x, -3, from, from + channels / 2)
  return { re: mul(withNyquist(half(0)), scales.re), im: mul(withNyquist(half(channels / 2)), scales.im) }
}

/**
 * Magnitudes over their scale: (…, c, t, bins) → (…, c, t, bins − 1), in 0…1 where the scale is the largest of them.
 *
 * @throws ShapeError for less than three axes, and parts of two shapes
 *
 * @example
 * const z = { re: constant([3, 0, 9], [1, 1, 3]), im: constant([4, 2, 9], [1, 1, 3]) }
 * const [x] = await evaluate(() => [packMagnitude(z, 5)]) // [1, 0.4]
 */
export function packMagnitude(z: Spectrum, scale: Operand): Tensor {
  checkSpectrum('packMagnitude', z)
  return div(withoutNyquist(complex.abs(z)), scale)
}
