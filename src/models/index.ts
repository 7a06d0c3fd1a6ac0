/** Networks, their files, and separators made of them. */
export { type BandUnetConfig, type BandUnetInput, bandUnetConfig } from './band-unet/config.ts'
export { BandUnet } from './band-unet/network.ts'
export { devices, type LoadOptions, loadSeparator, shippedModels } from './load-separator.node.ts'
export { createNetwork, type LoadedModel, readModel, writeModel } from './model-file.ts'
export type { Separator, StereoWindow } from './separator.ts'
export { type UNetConfig, type UNetInput, uNetConfig } from './u-net/config.ts'
export { UNet } from './u-net/network.ts'
