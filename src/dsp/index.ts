/** Signal functions of tensors: transforms, windows, bands; masks, phases, clusters. */
export { AnalyticEncoder } from './analytic-encoder.ts'
export { type BandOptions, bandCentres, bandMatrices } from './bands.ts'
export { type ClusterMaskOptions, clusterMasks } from './cluster-masks.ts'
export { convolve, crossCorrelate, type SlideOptions } from './convolution.ts'
export { createFilterBank, type FilterBank, type FilterBankOptions } from './create-filter-bank.ts'
export { irfft, rfft } from './dft.ts'
export { fft, ifft } from './fft.ts'
export { FilterDecoder, FilterEncoder, type FilterOptions, type Framing, FreeEncoder } from './filter-bank.ts'
export {
  erbToHz,
  type GammatoneOptions,
  gammatoneFilters,
  hzToErb,
  type SpacingOptions,
  type StftFilterOptions,
  type StftFilters,
  spacedFrequencies,
  stftFilters,
} from './filter-shapes.ts'
export {
  type Compression,
  createFrontEnd,
  FrontEnd,
  type FrontEndChoices,
  type FrontEndGrid,
  type FrontEndOptions,
  frontEndGrid,
  type RankedFrontEnd,
  searchFrontEnds,
} from './front-end.ts'
export { type GriffinLimOptions, griffinLim, type MisiOptions, misi, mixturePhase, type Reconstruction } from './griffin-lim.ts'
export { filterImage, gaussianKernel, laplacianKernel, sharpenKernel, sobelKernels } from './image-filters.ts'
export {
  type Clusters,
  type KMeansOptions,
  type KMeansStarts,
  kMeans,
  type SoftClusters,
  type SoftKMeansOptions,
  softKMeans,
} from './k-means.ts'
export {
  amplitudeToDb,
  type DecibelOptions,
  dbToAmplitude,
  dbToPower,
  flooredLog,
  logCompress,
  logExpand,
  powerToDb,
} from './levels.ts'
export { applyMask, binaryMask, inverseMask, type RatioMaskOptions, ratioMask, type SourceAxis, softMask } from './masks.ts'
export { hzToMel, type MelOptions, type MelRange, type MelScale, melFilterBank, melFrequencies, melToHz } from './mel.ts'
export { type OverlapReport, overlapOf } from './overlap.ts'
export { packMagnitude, packSpectrum, type SpectrumScales, spectrumPeaks, unpackSpectrum } from './packed-spectrum.ts'
export {
  type CompressionOptions,
  complexRatioMask,
  compressMask,
  expandMask,
  type PhaseSensitiveOptions,
  phaseSensitiveMask,
  phaseSensitiveTarget,
} from './phase-masks.ts'
export { type PitchBandOptions, pitchFilterBank } from './pitch-bands.ts'
export { type ComplexSpectrogram, fromPolar, type PolarSpectrogram, type SpectrogramShape, toPolar } from './plain-spectrogram.ts'
export { type ConfidenceOptions, silhouette, silhouetteConfidence } from './silhouette.ts'
export { SincEncoder, type SincOptions } from './sinc-encoder.ts'
export {
  dct,
  type LogMelOptions,
  logMagnitude,
  logMelSpectrogram,
  logPower,
  type MelSpectrogramOptions,
  type MfccOptions,
  magnitude,
  melSpectrogram,
  mfcc,
  type SpectrogramOptions,
  spectrogram,
  toMel,
} from './spectrogram.ts'
export { collectStatistics, type FeatureStatistics, type StatisticsCollector } from './statistics.ts'
export { addFrames, frameCount, istft, type Spectrum, type StftOptions, stft } from './stft.ts'
export { type ContrastOptions, InputWhitening, localContrastNormalize, type WhiteningOptions, whitenBins } from './whitening.ts'
export { type SpatialModel, spatialModel, type WienerEmOptions, type WienerOptions, wienerEM, wienerFilter } from './wiener.ts'
export { type OverlapAddOptions, overlapAdd, toWindows, type WindowingOptions } from './windowing.ts'
export { createWindow, hann, type Window, type WindowName, type WindowSymmetry } from './windows.ts'
