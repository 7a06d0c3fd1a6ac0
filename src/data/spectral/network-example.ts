/** Examples in the arrays that a FrameTransformer takes: parts of complex spectra over their scales, or magnitudes over one. */
import { largestOf } from '../../dsp/plain-spectrogram.ts'
import type { SpectralMix } from './mixing.ts'

export interface NetworkExampleOptions {
  readonly estimate: 'complex' | 'mask'
  /** What values are divided by: the largest of the song and of the input ('song', as in the original), or that of the input alone ('crop'). */
  readonly scale: 'song' | 'crop'
  /** The largest magnitude of the song. */
  readonly peak: number
}

export interface NetworkExample {
  /** (channels, frames, bins): twice the sound's channels where spectra are complex. */
  readonly input: Float32Array
  readonly target: Float32Array
}

const over = (values: Float32Array, scale: number): Float32Array => values.map((x) => x / scale)

/** Real parts over the largest real part of the input, imaginary ones over theirs. */
function byCrop({ mixture, target }: SpectralMix): NetworkExample {
  const half = mixture.length / 2
  const [re, im] = [mixture.subarray(0, half), mixture.subarray(half)].map((part) => largestOf(part) || 1) as [number, number]
  const scaled = (values: Float32Array) => values.map((x, i) => x / (i < half ? re : im))
  return { input: scaled(mixture), target: scaled(target) }
}

/**
 * Input and target of a network.
 *
 * @example
 * const parts = { mixture: Float32Array.of(0.5, 0.5), target: Float32Array.of(0.5, 0) } // one bin, real and imaginary
 * const mix = { channels: 2, frames: 1, bins: 1, ...parts, scales: { re: 6, im: 8 } }
 * networkExample(mix, { estimate: 'mask', scale: 'song', peak: 10 }) // { input: [0.5], target: [0.3] }
 */
export function networkExample(mix: SpectralMix, { estimate, scale, peak }: NetworkExampleOptions): NetworkExample {
  if (estimate === 'complex') return scale === 'song' ? { input: mix.mixture, target: mix.target } : byCrop(mix)
  const half = mix.mixture.length / 2
  const { re, im } = mix.scales
  const magnitudes = (parts: Float32Array) =>
    Float32Array.from({ length: half }, (_, i) => Math.hypot(parts[i]! * re, parts[half + i]! * im))
  const [input, target] = [magnitudes(mix.mixture), magnitudes(mix.target)]
  const largest = largestOf(input)
  const divisor = (scale === 'song' ? Math.max(peak, largest) : largest) || 1
  return { input: over(input, divisor), target: over(target, divisor) }
}
