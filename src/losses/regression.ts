/** Distances of numbers, with PyTorch's names and reductions: of magnitudes, waveforms or whatever else is regressed. */
import { abs, minimum, mul, ShapeError, square, sub, type Tensor } from '../tensor/index.ts'
import { checkSameShape, type LossOptions, reduceLoss } from './reduction.ts'

/**
 * |estimate − target|.
 *
 * @param estimate of any shape
 * @param target of that shape
 * @returns a scalar, or all values with the reduction 'none'
 * @throws ShapeError where the shapes differ
 *
 * @example
 * const [loss] = await evaluate(() => [l1Loss(constant([1, -2, 3]), constant([1, 0, 0]))]) // [1.666667]
 */
export function l1Loss(estimate: Tensor, target: Tensor, { reduction }: LossOptions = {}): Tensor {
  checkSameShape('l1Loss', { estimate, target })
  return reduceLoss('l1Loss', abs(sub(estimate, target)), reduction)
}

/**
 * (estimate − target)²; shapes and reductions as for `l1Loss`.
 *
 * @example
 * const [loss] = await evaluate(() => [mseLoss(constant([1, -2, 3]), constant([1, 0, 0]))]) // [4.333333]
 */
export function mseLoss(estimate: Tensor, target: Tensor, { reduction }: LossOptions = {}): Tensor {
  checkSameShape('mseLoss', { estimate, target })
  return reduceLoss('mseLoss', square(sub(estimate, target)), reduction)
}

/** d²/2 up to |d| = bend, a line of that slope beyond. */
function bent(estimate: Tensor, target: Tensor, bend: number): Tensor {
  const distance = abs(sub(estimate, target))
  const near = minimum(distance, bend)
  return mul(near, sub(distance, mul(near, 0.5)))
}

export interface HuberOptions extends LossOptions {
  /** Where the parabola becomes a line, 1 by default. */
  readonly delta?: number
}

/**
 * d²/2 where |d| ≤ δ, δ(|d| − δ/2) beyond, d = estimate − target (Huber 1964).
 *
 * @throws ShapeError where the shapes differ or δ is not above 0
 *
 * @example
 * const [loss] = await evaluate(() => [huberLoss(constant([0.5, 3]), constant([0, 0]), { reduction: 'none' })]) // [0.125, 2.5]
 */
export function huberLoss(estimate: Tensor, target: Tensor, { delta = 1, reduction }: HuberOptions = {}): Tensor {
  checkSameShape('huberLoss', { estimate, target })
  if (!(delta > 0)) throw new ShapeError('huberLoss', `delta ${delta}; allowed are numbers > 0`)
  return reduceLoss('huberLoss', bent(estimate, target, delta), reduction)
}

export interface SmoothL1Options extends LossOptions {
  /** Where the parabola becomes a line of slope 1: 1 by default, 0 is `l1Loss`. */
  readonly beta?: number
}

/**
 * d²/2β where |d| < β, |d| − β/2 beyond (Girshick 2015): `huberLoss` over β.
 *
 * @throws ShapeError where the shapes differ or β is below 0
 *
 * @example
 * const [loss] = await evaluate(() => [smoothL1Loss(constant([0.5, 3]), constant([0, 0]), { beta: 2, reduction: 'none' })]) // [0.0625, 2]
 */
export function smoothL1Loss(estimate: Tensor, target: Tensor, { beta = 1, reduction }: SmoothL1Options = {}): Tensor {
  if (!(beta >= 0)) throw new ShapeError('smoothL1Loss', `beta ${beta}; allowed are numbers ≥ 0`)
  if (beta === 0) return l1Loss(estimate, target, { reduction })
  checkSameShape('smoothL1Loss', { estimate, target })
  return reduceLoss('smoothL1Loss', mul(bent(estimate, target, beta), 1 / beta), reduction)
}
