/** Spectrograms as training data: augmentations, mixtures, labels. */
export { type AugmentationStrengths, type AugmentOptions, augmentationSets, augmentSpectrogram, type Range } from './augment.ts'
export { drawChannel, fadeChannel, widenMagnitudes } from './channels.ts'
export type { Draws } from './draws.ts'
export { type SpectralExample, type SpectralExampleOptions, type SpectralLists, spectralExample } from './example.ts'
export { exchangeChannels, framesOf } from './frames.ts'
export { type BatchArray, type HalveOptions, halveAtRandom, halveFrames } from './halve.ts'
export { distortHarmonics, type HarmonicDistortion } from './harmonics.ts'
export {
  addPhaseNoise,
  changeDynamics,
  changeVolume,
  clipMagnitudes,
  type Dynamics,
  multiplyNoise,
  type NegativeMagnitudes,
} from './levels.ts'
export { type FrameFilling, fillFrames, frameFillings, type Masking, maskBins, maskBlocks, maskFrames } from './masking.ts'
export {
  addVocal,
  type MagnitudeMix,
  type MixOptions,
  mixMagnitudes,
  mixSpectra,
  pairSpectra,
  type SpectralChunk,
  type SpectralMix,
} from './mixing.ts'
export { type NetworkExample, type NetworkExampleOptions, networkExample } from './network-example.ts'
export { type PitchShiftOptions, shiftPitch } from './pitch.ts'
export { type PresenceOptions, vocalPresence } from './presence.ts'
export { type RestoringItem, type RestoringOptions, restoringItem } from './restoring.ts'
export { cropFrames, resizeFrames, stretchFrames } from './stretch.ts'
export { bringTreble, equaliseRandomly, randomGains, takeTreble } from './tone.ts'
export { createPlainTransform, type PlainTransform, samplesOf } from './transform.ts'
export { type ChunkList, mixVoxaug, type VoxaugItem, type VoxaugOptions, vocalFor, voxaugItem } from './voxaug.ts'
