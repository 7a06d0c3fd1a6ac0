/**
 * Ratios of energies in decibels as losses, negative so that less is better; `l1Loss` and `mseLoss` of waveforms are their plain companions.
 * Energies get a floor, so that silence has a value and a gradient: for a silent target they pull the estimate's energy down.
 */
import { add, div, log, maximum, mean, mul, ShapeError, square, sub, sum, type Tensor } from '../tensor/index.ts'
import { checkSameShape, type LossOptions, reduceLoss } from './reduction.ts'

export interface RatioOptions extends LossOptions {
  /** Energy that is added to signal and error, 1e-8 by default: a sum of squares far below it counts as silence. */
  readonly eps?: number
  /** Remove the means first, false by default. */
  readonly zeroMean?: boolean
}

const perNaturalLog = 10 / Math.LN10

function energy(x: Tensor): Tensor {
  return sum(square(x), { axes: [-1], keepDims: true })
}

/** 10 log₁₀((‖error‖² + ε) / (‖signal‖² + ε)) of rows. */
function ratioDb(who: string, signal: Tensor, error: Tensor, eps: number, reduction: LossOptions['reduction']): Tensor {
  const level = (x: Tensor) => log(add(sum(square(x), { axes: [-1] }), eps))
  return reduceLoss(who, mul(sub(level(error), level(signal)), perNaturalLog), reduction)
}

function prepared(who: string, estimate: Tensor, target: Tensor, { eps = 1e-8, zeroMean = false }: RatioOptions) {
  checkSameShape(who, { estimate, target })
  if (target.shape.length === 0) throw new ShapeError(who, 'a scalar is no signal; needs (…, n)')
  if (!(eps > 0 && eps < Infinity)) throw new RangeError(`${who}: eps ${eps}; allowed are finite numbers > 0`)
  const centred = (x: Tensor) => (zeroMean ? sub(x, mean(x, { axes: [-1], keepDims: true })) : x)
  return { eps, estimate: centred(estimate), target: centred(target) }
}

/**
 * −10 log₁₀(‖s‖² / ‖ŝ − s‖²) dB of each row: the negative signal-to-noise ratio.
 *
 * @param estimate, target (…, n)
 * @returns a scalar, or (…) with the reduction 'none'
 * @throws ShapeError where the shapes differ; RangeError for an eps that is not above 0
 *
 * @example
 * const [loss] = await evaluate(() => [snrLoss(constant([1.1, -1.9, 3.2, -3.8, 5.3]), constant([1, -2, 3, -4, 5]))]) // [-24.616091]
 */
export function snrLoss(estimate: Tensor, target: Tensor, options: RatioOptions = {}): Tensor {
  const of = prepared('snrLoss', estimate, target, options)
  return ratioDb('snrLoss', of.target, sub(of.estimate, of.target), of.eps, options.reduction)
}

/**
 * −10 log₁₀(‖t‖² / ‖ŝ − t‖²) dB of each row, t = (⟨ŝ, s⟩ / ‖s‖²)·s: the negative scale-invariant SDR (Le Roux et al. 2019, "SDR – half-baked or
 * well done?", arXiv 1811.02508). A silent target gives 10 log₁₀(‖ŝ‖²/ε + 1), which its gradient lowers.
 *
 * @param estimate, target (…, n)
 * @returns a scalar, or (…) with the reduction 'none'
 * @throws ShapeError where the shapes differ; RangeError for an eps that is not above 0
 *
 * @example
 * const [loss] = await evaluate(() => [siSdrLoss(constant([1.1, -1.9, 3.2, -3.8, 5.3]), constant([1, -2, 3, -4, 5]))]) // [-25.447478]
 */
export function siSdrLoss(estimate: Tensor, target: Tensor, options: RatioOptions = {}): Tensor {
  const of = prepared('siSdrLoss', estimate, target, options)
  const share = div(sum(mul(of.estimate, of.target), { axes: [-1], keepDims: true }), maximum(energy(of.target), 1e-30))
  const scaled = mul(of.target, share)
  return ratioDb('siSdrLoss', scaled, sub(of.estimate, scaled), of.eps, options.reduction)
}
