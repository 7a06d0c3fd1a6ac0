/**
 * What FrameTransformer's networks minimise in its three stages (carperbr 2023): the distance of what they restore, the distance of the accompaniment, and
 * that plus what a discriminator hears of the voice.
 *
 * The original's discriminator sees no pairs of true and false. It learns where in an estimate a voice was mixed in, by labels; the generator learns to
 * make it say "nowhere". In the original its gradient stops before the generator; here it does not, unless asked for.
 */
import { binaryCrossEntropyWithLogits, l1Loss, signedSigmoid, weightedSpectralLoss } from '../../losses/index.ts'
import type { FrameTransformerDiscriminator, FrameTransformerSeparation } from '../../models/index.ts'
import { reportTerm } from '../../nn/index.ts'
import { abs, add, div, maximum, mul, sigmoid, stopGradient, sub, sum, type Tensor } from '../../tensor/index.ts'
import type { FrameTransformerData } from './data.ts'

export type Batch = Readonly<Record<string, Tensor>>

/**
 * A network's estimate of a batch's targets: the parts of a complex spectrum themselves, 2σ − 1; or a mask σ times the magnitudes that come in. Spans that
 * are filled no mask could restore: there magnitudes are estimated themselves too, as 2σ − 1, which begins near the small numbers that most of them are.
 */
export function estimateOf({ network, config }: FrameTransformerSeparation, { input }: Batch, { stage }: FrameTransformerData): Tensor {
  const logits = network.forward(input!)
  return config.estimate === 'complex' || stage === 'masked' ? signedSigmoid(logits) : mul(sigmoid(logits), input!)
}

/** The distance that an estimate is judged by in training and validation. */
export function distanceOf(estimate: Tensor, { target, masked }: Batch, { stage, masked: masking, loss }: FrameTransformerData): Tensor {
  if (stage !== 'masked') return weightedSpectralLoss(estimate, target!, loss)
  if (masking.loss === 'all') return l1Loss(estimate, target!)
  const [, channels, , bins] = estimate.shape as [number, number, number, number]
  // A batch may have no masked frame.
  const values = maximum(mul(sum(masked!), channels * bins), 1)
  return div(sum(mul(abs(sub(estimate, target!)), masked!)), values)
}

/** What the discriminator learns: where the voice was. The estimate is given to it as it is; the generator is not changed by this. */
export function discriminatorLoss(
  discriminator: FrameTransformerDiscriminator,
  network: FrameTransformerSeparation,
  batch: Batch,
  data: FrameTransformerData,
): Tensor {
  return binaryCrossEntropyWithLogits(discriminator.forward(stopGradient(estimateOf(network, batch, data))), batch.presence!)
}

/** What the generator learns: distance, and, beside a discriminator, that it hears no voice. */
export function generatorLoss(
  discriminator: FrameTransformerDiscriminator | undefined,
  network: FrameTransformerSeparation,
  batch: Batch,
  data: FrameTransformerData,
): Tensor {
  const estimate = estimateOf(network, batch, data)
  const distance = distanceOf(estimate, batch, data)
  if (!discriminator) return distance
  reportTerm('distance', distance)
  const { lambda, detach } = data.adversarial
  const said = discriminator.forward(detach ? stopGradient(estimate) : estimate)
  const heard = reportTerm('adversarial', binaryCrossEntropyWithLogits(said, mul(batch.presence!, 0)))
  return add(heard, mul(distance, lambda))
}
