/** Losses: functions of tensors to a scalar tensor. */
export { type ApproximationOptions, magnitudeApproximation, phaseSensitiveApproximation } from './approximation.ts'
export { assign } from './assignment.ts'
export { type BinaryCrossEntropyOptions, binaryCrossEntropyWithLogits } from './binary.ts'
export { type CrossEntropyOptions, crossEntropy, type NllOptions, nllLoss } from './classification.ts'
export {
  chimeraLoss,
  type DeepClusteringOptions,
  deepClusteringLoss,
  type EmbeddingOptions,
  silenceWeights,
  type WhitenedKMeansOptions,
  whitenedKMeansLoss,
} from './deep-clustering.ts'
export {
  type SpectralLossOptions,
  type SpectralLossWeights,
  signedSigmoid,
  signedSpectrumLoss,
  spectralLossWeights,
  weightedSpectralLoss,
} from './frame-transformer.ts'
export { type LogSpectralOptions, logSpectralLoss } from './log-spectral.ts'
export { type MultiResolutionStftOptions, multiResolutionStftLoss, type StftResolution } from './multi-resolution-stft.ts'
export { assignedLoss, pairwiseLosses, permutationInvariantLoss } from './permutation-invariant.ts'
export type { LossOptions, Reduction } from './reduction.ts'
export { type HuberOptions, huberLoss, l1Loss, mseLoss, type SmoothL1Options, smoothL1Loss } from './regression.ts'
export { type ComplexPair, relativeError } from './spectral.ts'
export { type RatioOptions, siSdrLoss, snrLoss } from './waveform.ts'
