/**
 * The losses that the versions of FrameTransformer (carperbr, 2023) were trained with: absolute differences of scaled spectra, and for its first
 * versions, which estimate magnitudes, sums of three distances.
 */
import { add, mul, reshape, sigmoid, sub, type Tensor } from '../tensor/index.ts'
import { logSpectralLoss } from './log-spectral.ts'
import { checkSameShape, type LossOptions } from './reduction.ts'
import { l1Loss } from './regression.ts'
import { siSdrLoss } from './waveform.ts'

/**
 * 2σ(x) − 1: logits to real or imaginary parts in ±1.
 *
 * @example
 * const [z] = await evaluate(() => [signedSigmoid(constant([0, 2, -40]))]) // [0.000000, 0.761594, -1.000000]
 */
export function signedSigmoid(logits: Tensor): Tensor {
  return sub(mul(sigmoid(logits), 2), 1)
}

/**
 * |2σ(x) − 1 − y|, of a network that estimates the parts of a complex spectrum themselves.
 *
 * @param logits of any shape
 * @param target real and imaginary parts over their scales, of that shape
 * @throws ShapeError where the shapes differ
 *
 * @example
 * const [loss] = await evaluate(() => [signedSpectrumLoss(constant([0, 2]), constant([0.5, 0.761594]))]) // [0.25]
 */
export function signedSpectrumLoss(logits: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkSameShape('signedSpectrumLoss', { logits, target })
  return l1Loss(signedSigmoid(logits), target, options)
}

/** How much each distance counts; 0 leaves it out. */
export interface SpectralLossWeights {
  /** Of `l1Loss`. */
  readonly l1?: number
  /** Of `logSpectralLoss`. */
  readonly logSpectral?: number
  /** Of `siSdrLoss`. */
  readonly siSdr?: number
}

/**
 * Weights of the first versions: V1's training script computes the sum that it announces (`v1Announced`) and then trains on the log-spectral
 * distance alone (`v1`).
 */
export const spectralLossWeights = {
  v1: { logSpectral: 1 },
  v1Announced: { logSpectral: 0.1, siSdr: 0.5, l1: 0.4 },
  v2b: { l1: 1, siSdr: 1e-4 },
} as const satisfies Readonly<Record<string, SpectralLossWeights>>

export interface SpectralLossOptions {
  /** What the SI-SDR is of: each example ('example', the default), or all of the batch as if it were one ('batch', as in the original). */
  readonly over?: 'example' | 'batch'
}

/**
 * A weighted sum of the mean distances of magnitudes.
 *
 * @param estimate, target (b, …)
 * @throws ShapeError where the shapes differ; RangeError where no weight is above 0 or one is below
 *
 * @example
 * const [estimate, target] = [constant([1, 2], [1, 2]), constant([1, 4], [1, 2])]
 * const [loss] = await evaluate(() => [weightedSpectralLoss(estimate, target, { l1: 0.5 })]) // [0.5]
 */
export function weightedSpectralLoss(
  estimate: Tensor,
  target: Tensor,
  { l1 = 0, logSpectral = 0, siSdr = 0 }: SpectralLossWeights,
  { over = 'example' }: SpectralLossOptions = {},
): Tensor {
  checkSameShape('weightedSpectralLoss', { estimate, target })
  const weights = Object.entries({ l1, logSpectral, siSdr })
  if (weights.some(([, weight]) => !(weight >= 0)) || weights.every(([, weight]) => weight === 0)) {
    const given = weights.map(([name, weight]) => `${name} ${weight}`).join(', ')
    throw new RangeError(`weightedSpectralLoss: weights ${given}; allowed are numbers ≥ 0, one of them above 0`)
  }
  if (over !== 'example' && over !== 'batch')
    throw new RangeError(`weightedSpectralLoss: over "${String(over)}"; allowed are 'example' and 'batch'`)
  const rows = (x: Tensor) => reshape(x, over === 'batch' ? [1, -1] : [x.shape[0] ?? 1, -1])
  const terms: Tensor[] = []
  if (l1 > 0) terms.push(mul(l1Loss(estimate, target), l1))
  if (logSpectral > 0) terms.push(mul(logSpectralLoss(estimate, target), logSpectral))
  if (siSdr > 0) terms.push(mul(siSdrLoss(rows(estimate), rows(target)), siSdr))
  return terms.reduce((a, b) => add(a, b))
}
