/** Signal functions of tensors: transforms, windows, bands. */
export { type BandOptions, bandCentres, bandMatrices } from './bands.ts'
export { irfft, rfft } from './dft.ts'
export { fft, ifft } from './fft.ts'
export { type OverlapReport, overlapOf } from './overlap.ts'
export { frameCount, istft, type Spectrum, type StftOptions, stft } from './stft.ts'
export { createWindow, hann, type Window, type WindowName, type WindowSymmetry } from './windows.ts'
