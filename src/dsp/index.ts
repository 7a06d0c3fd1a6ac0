/** Signal functions of tensors: transforms, windows, bands. */
export { type BandOptions, bandCentres, bandMatrices } from './bands.ts'
export { rfft } from './dft.ts'
export { frameCount, istft, type Spectrum, type StftOptions, stft } from './stft.ts'
export { hann } from './windows.ts'
