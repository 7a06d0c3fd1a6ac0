/** Distances of spectra as the ear hears levels: in decibels, so that quiet bins count as much as loud ones. */
import { abs, add, log, mul, square, sub, type Tensor } from '../tensor/index.ts'
import { checkSameShape, type LossOptions, reduceLoss } from './reduction.ts'

export interface LogSpectralOptions extends LossOptions {
  /** Magnitude that is added to all, 1e-8 by default: values far below it count as silence. */
  readonly eps?: number
}

/**
 * (20 log₁₀(|estimate| + ε) − 20 log₁₀(|target| + ε))² dB²: the squared log-spectral distance (Gray & Markel 1976). FrameTransformer (carperbr, 2023)
 * takes its mean over all bins, without the root per frame that the distance usually has.
 *
 * @param estimate, target of one shape
 * @returns a scalar, or all values with the reduction 'none'
 * @throws ShapeError where the shapes differ; RangeError for an eps that is not above 0
 *
 * @example
 * const [loss] = await evaluate(() => [logSpectralLoss(constant([1, 0.1]), constant([10, 0.1]))]) // [200.0000]
 */
export function logSpectralLoss(estimate: Tensor, target: Tensor, { eps = 1e-8, reduction }: LogSpectralOptions = {}): Tensor {
  checkSameShape('logSpectralLoss', { estimate, target })
  if (!(eps > 0 && eps < Infinity)) throw new RangeError(`logSpectralLoss: eps ${eps}; allowed are finite numbers > 0`)
  const level = (x: Tensor) => mul(log(add(abs(x), eps)), 20 / Math.LN10)
  return reduceLoss('logSpectralLoss', square(sub(level(estimate), level(target))), reduction)
}
