/**
 * The main entry point, `divisi`: what an application needs to take songs apart. Each folder has an entry point of its own
 * (`divisi/tensor`, `divisi/nn`, `divisi/training`, …) with everything that is public in it.
 */
export { type AudioBlock, AudioError, type AudioInfo, type AudioStream, openAudio } from './audio/index.ts'
export { type LoadOptions, loadSeparator, shippedModels } from './models/index.ts'
export {
  type SeparatedBlock,
  type SeparateOptions,
  SeparationError,
  type SeparationProgress,
  type Separator,
  separate,
  type WriteStemsOptions,
  type WrittenStems,
  writeStems,
} from './separation/index.ts'
