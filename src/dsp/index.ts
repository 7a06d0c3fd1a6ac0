/** Signal functions of tensors: transforms, windows, bands; masks, phases, clusters. */
export { type BandOptions, bandCentres, bandMatrices } from './bands.ts'
export { type ClusterMaskOptions, clusterMasks } from './cluster-masks.ts'
export { convolve, crossCorrelate, type SlideOptions } from './convolution.ts'
export { irfft, rfft } from './dft.ts'
export { fft, ifft } from './fft.ts'
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
export { applyMask, binaryMask, inverseMask, type RatioMaskOptions, ratioMask, type SourceAxis, softMask } from './masks.ts'
export { type OverlapReport, overlapOf } from './overlap.ts'
export {
  type CompressionOptions,
  complexRatioMask,
  compressMask,
  expandMask,
  type PhaseSensitiveOptions,
  phaseSensitiveMask,
  phaseSensitiveTarget,
} from './phase-masks.ts'
export { type ConfidenceOptions, silhouette, silhouetteConfidence } from './silhouette.ts'
export { frameCount, istft, type Spectrum, type StftOptions, stft } from './stft.ts'
export { type SpatialModel, spatialModel, type WienerEmOptions, type WienerOptions, wienerEM, wienerFilter } from './wiener.ts'
export { createWindow, hann, type Window, type WindowName, type WindowSymmetry } from './windows.ts'
