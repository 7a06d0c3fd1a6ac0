/**
 * Losses of masks by what they make of the mixture's magnitudes |Y|: magnitude spectrum approximation asks for |S| (MSA), phase-sensitive
 * approximation for the part of S that has the mixture's phase, |S| cos(∠S − ∠Y) (PSA; Erdogan et al. 2015, "Phase-sensitive and
 * recognition-boosted speech separation using deep recurrent neural networks"), truncated to 0…|Y| where masks are in 0…1 (tPSA).
 */
import { type PhaseSensitiveOptions, phaseSensitiveTarget } from '../dsp/index.ts'
import { type Complex, complex, mul, type Tensor } from '../tensor/index.ts'
import type { LossOptions } from './reduction.ts'
import { l1Loss, mseLoss } from './regression.ts'

export interface ApproximationOptions extends LossOptions {
  /** Squared ('l2', the default) or absolute differences. */
  readonly norm?: 'l1' | 'l2'
}

function distance(who: string, mask: Tensor, mixture: Complex, target: Tensor, { norm = 'l2', reduction }: ApproximationOptions): Tensor {
  if (norm !== 'l1' && norm !== 'l2') throw new RangeError(`${who}: norm "${String(norm)}"; allowed are 'l1' and 'l2'`)
  const estimate = mul(mask, complex.abs(mixture))
  return norm === 'l1' ? l1Loss(estimate, target, { reduction }) : mseLoss(estimate, target, { reduction })
}

/**
 * MSA: ‖M⊙|Y| − |S|‖.
 *
 * @param mask, mixture, source of one shape
 * @throws ShapeError where the shapes differ
 *
 * @example
 * const [mixture, source] = [{ re: constant([0, 4]), im: constant([2, 3]) }, { re: constant([1, 0]), im: constant([0, 2]) }]
 * const [loss] = await evaluate(() => [magnitudeApproximation(constant([0.5, 1]), mixture, source)]) // [4.5]
 */
export function magnitudeApproximation(mask: Tensor, mixture: Complex, source: Complex, options: ApproximationOptions = {}): Tensor {
  return distance('magnitudeApproximation', mask, mixture, complex.abs(source), options)
}

/**
 * PSA: ‖M⊙|Y| − |S| cos(∠S − ∠Y)‖, the target truncated to 0…|Y| if asked. Of all real masks the one that this asks for leaves the least
 * error in the spectrum: it is lower than that of the true magnitudes, for it makes up for the wrong phase.
 *
 * @param mask, mixture, source of one shape
 * @throws ShapeError where the shapes differ
 *
 * @example
 * const [mixture, source] = [{ re: constant([2, 2]), im: constant([0, 0]) }, { re: constant([1, -1]), im: constant([5, 0]) }]
 * const [plain, truncated] = await evaluate(() => [
 *   phaseSensitiveApproximation(constant([0.5, 0]), mixture, source),
 *   phaseSensitiveApproximation(constant([0.5, 0]), mixture, source, { truncated: true }),
 * ])
 * plain // [0.5]
 * truncated // [0]
 */
export function phaseSensitiveApproximation(
  mask: Tensor,
  mixture: Complex,
  source: Complex,
  { truncated, ...options }: ApproximationOptions & PhaseSensitiveOptions = {},
): Tensor {
  return distance('phaseSensitiveApproximation', mask, mixture, phaseSensitiveTarget(source, mixture, { truncated }), options)
}
