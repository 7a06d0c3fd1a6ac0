/**
 * What of this folder a browser needs to separate: model files from their bytes, and separators made of them. package.json gives it to bundlers as
 * `divisi/models` (condition `browser`), so that nothing of Node gets into a page.
 */
export { createNetwork, type Network, type SeparationConfig, separationConfig } from './architectures.ts'
export { type CreateSeparatorOptions, createSeparator, type WindowOptions } from './create-separator.ts'
export { type LoadedModel, readModel } from './model-file.ts'
export { SeparationNetwork } from './separation-network.ts'
export type { Separator, SongFacts, SongListener, StereoWindow } from './separator.ts'
