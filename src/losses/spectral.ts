/** Losses on complex spectra of separated sources. */
import { abs, add, div, log, mean, mul, square, sub, sum, type Tensor } from '../tensor/index.ts'

export interface ComplexPair {
  readonly re: Tensor
  readonly im: Tensor
}

function perExample(x: Tensor): { axes: number[] } {
  return { axes: x.shape.map((_, axis) => axis).slice(1) }
}

/**
 * How much of the mixture is left as error, per example, in a compromise of two norms, averaged over the batch:
 * ln((‖E‖² + ε‖X‖²) / ‖X‖²) · energyWeight + ‖E‖₁ / ‖X‖₁, E = estimate − target.
 *
 * The first term is the natural logarithm of error energy over mixture energy (by Parseval's theorem that of the waveforms; 1 is 4.34 dB),
 * bounded by ε so that a perfect estimate does not run to −∞; the second keeps quiet parts of the spectrum alive. Both ignore the example's
 * level. Because the stems sum to the mixture, E is (up to its sign) the error of every stem of a two-stem separation.
 *
 * @param estimate, target, mixture parts of (b, …)
 * @throws ShapeError where their shapes do not broadcast
 *
 * @example
 * const pair = (value: number) => ({ re: constant([value], [1, 1]), im: constant([0], [1, 1]) })
 * const [loss] = await evaluate(() => [relativeError(pair(1), pair(0), pair(2), { floor: 0, energyWeight: 1 })])
 * loss?.[0] // -0.886
 */
export function relativeError(
  estimate: ComplexPair,
  target: ComplexPair,
  mixture: ComplexPair,
  { floor = 1e-3, energyWeight = 0.25 } = {},
): Tensor {
  const over = perExample(target.re)
  const [dRe, dIm] = [sub(estimate.re, target.re), sub(estimate.im, target.im)]
  const energy = (re: Tensor, im: Tensor) => add(sum(square(re), over), sum(square(im), over))
  const size = (re: Tensor, im: Tensor) => add(sum(abs(re), over), sum(abs(im), over))
  const whole = add(energy(mixture.re, mixture.im), 1e-9)
  const logEnergy = log(div(add(energy(dRe, dIm), mul(whole, floor)), whole))
  const share = div(size(dRe, dIm), add(size(mixture.re, mixture.im), 1e-9))
  return mean(add(mul(logEnergy, energyWeight), share))
}
