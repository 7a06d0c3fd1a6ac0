/** Separation of whole spectrograms in windows of frames. */
export { separateByParts } from './complex-separation.ts'
export {
  checkSizes,
  type FrameNetwork,
  type FramePadding,
  type FrameSizes,
  type FrameWindowOptions,
  framePadding,
  inFrameWindows,
  ttaSizes,
} from './frame-windows.ts'
export { estimateMask, type MaskOptions, type SeparatedSpectra, separateByMask } from './mask-separation.ts'
export { type MergeOptions, mergeArtifacts } from './merge-artifacts.ts'
