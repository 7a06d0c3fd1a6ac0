/**
 * Short-time spectra of plain arrays, frame by frame by fast transforms (fft.js): the same numbers as `stft` of dsp, for loaders, which compute beside a
 * trainer and must not share its engine.
 */
import FFT from 'fft.js'
import { type ComplexSpectrogram, hann } from '../../dsp/index.ts'

export interface PlainTransform {
  /** Samples of a frame, a power of two. */
  readonly nFft: number
  /** Samples between frames. */
  readonly hopLength: number
}

/** Samples that so many frames reach over. */
export function samplesOf(frames: number, { nFft, hopLength }: PlainTransform): number {
  return (frames - 1) * hopLength + nFft
}

/**
 * A function that gives all whole frames of channels of equal length, windowed by a periodic Hann window; nothing is padded.
 *
 * @throws RangeError for an nFft that is no power of two ≥ 4
 *
 * @example
 * const spectra = createPlainTransform({ nFft: 4, hopLength: 2 })
 * const z = spectra([Float32Array.of(0, 1, 1, 1, 0, 0)]) // two frames of three bins
 * z.re // [2, -1, 0, 0.5, 0, -0.5]
 */
export function createPlainTransform({ nFft, hopLength }: PlainTransform): (channels: readonly Float32Array[]) => ComplexSpectrogram {
  if (nFft < 4 || !Number.isInteger(Math.log2(nFft)))
    throw new RangeError(`createPlainTransform: nFft ${nFft}; allowed are powers of two from 4`)
  const fft = new FFT(nFft)
  const window = hann(nFft)
  const frame = new Float64Array(nFft)
  const out = fft.createComplexArray() as number[]
  const bins = nFft / 2 + 1
  return (channels) => {
    const frames = Math.max(0, Math.floor((channels[0]!.length - nFft) / hopLength) + 1)
    const [re, im] = [new Float32Array(channels.length * frames * bins), new Float32Array(channels.length * frames * bins)]
    for (const [c, samples] of channels.entries()) {
      for (let t = 0; t < frames; t++) {
        const start = t * hopLength
        for (let i = 0; i < nFft; i++) frame[i] = samples[start + i]! * window[i]!
        fft.realTransform(out, frame)
        const row = (c * frames + t) * bins
        for (let k = 0; k < bins; k++) {
          re[row + k] = out[2 * k]!
          im[row + k] = out[2 * k + 1]!
        }
      }
    }
    return { channels: channels.length, frames, bins, re, im }
  }
}
