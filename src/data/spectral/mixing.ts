/**
 * Mixtures of spectrograms of voices and accompaniments that never met, scaled as networks take them, after FrameTransformer (carperbr, 2023).
 *
 * The original adds what it should not: it divides the voice's real part by the scale of its imaginary one and the other way round, and then adds
 * numbers in ±1 to an accompaniment in the units of its transform, in which the voice is next to nothing.
 */
import type { ComplexSpectrogram, SpectrogramShape } from '../../dsp/index.ts'
import { checkSpectrogram, largestOf } from '../../dsp/plain-spectrogram.ts'

/** A piece of a song's spectrogram, with what is known of the whole song. */
export interface SpectralChunk extends ComplexSpectrogram {
  /** The song's normaliser: its largest magnitude. The original's archives of voices have the peak of the waveform. */
  readonly peak: number
  /** The song's largest |Re| and |Im|. */
  readonly rePeak: number
  readonly imPeak: number
}

export interface MixOptions {
  /**
   * What the voice is multiplied with: one factor, which gives its song the accompaniment's peak ('joint', the default); one for each part, so that
   * its peak is that of the accompaniment's part ('parts', as the original was corrected later); or the original's two quotients ('original').
   */
  readonly vocalScale?: 'joint' | 'parts' | 'original'
}

/** Network input and target: (2·channels, frames, bins − 1), real channels before imaginary ones. */
export interface SpectralMix extends SpectrogramShape {
  readonly mixture: Float32Array
  /** The accompaniment in the mixture. */
  readonly target: Float32Array
  /** What real and imaginary parts were divided by. */
  readonly scales: { readonly re: number; readonly im: number }
}

/** Factors of the voice's real and imaginary parts. */
function vocalFactors(
  accompaniment: SpectralChunk,
  vocal: SpectralChunk,
  how: MixOptions['vocalScale'] = 'joint',
): readonly [number, number] {
  const over = (a: number, b: number) => (b === 0 ? 0 : a / b)
  switch (how) {
    case 'joint': {
      const factor = over(Math.max(accompaniment.rePeak, accompaniment.imPeak), Math.max(vocal.rePeak, vocal.imPeak))
      return [factor, factor]
    }
    case 'parts':
      return [over(accompaniment.rePeak, vocal.rePeak), over(accompaniment.imPeak, vocal.imPeak)]
    case 'original':
      return [over(1, vocal.imPeak), over(1, vocal.rePeak)]
    default:
      throw new RangeError(`vocalScale: "${String(how)}"; allowed are 'joint', 'parts' and 'original'`)
  }
}

/** Real and imaginary parts over their scales, without the Nyquist bin. */
function pack({ channels, frames, bins, re, im }: ComplexSpectrogram, scales: SpectralMix['scales']): Float32Array {
  const rows = channels * frames
  const packed = new Float32Array(2 * rows * (bins - 1))
  for (const [i, [part, scale]] of (
    [
      [re, scales.re],
      [im, scales.im],
    ] as const
  ).entries()) {
    for (let row = 0; row < rows; row++) {
      const to = (i * rows + row) * (bins - 1)
      for (let k = 0; k < bins - 1; k++) packed[to + k] = part[row * bins + k]! / scale
    }
  }
  return packed
}

/** Of silence the scale is 1: it stays silence. */
const scaleOf = (...peaks: readonly number[]): number => Math.max(...peaks) || 1

function checkPair(who: string, a: ComplexSpectrogram, b: ComplexSpectrogram): void {
  checkSpectrogram(who, a, a.re, a.im)
  checkSpectrogram(who, b, b.re, b.im)
  for (const axis of ['channels', 'frames', 'bins'] as const)
    if (a[axis] !== b[axis]) throw new RangeError(`${who}: ${a[axis]} and ${b[axis]} ${axis}; needs two spectrograms of one shape`)
}

function packPair(mixture: ComplexSpectrogram, target: ComplexSpectrogram, rePeak: number, imPeak: number): SpectralMix {
  const { channels, frames, bins } = mixture
  const scales = {
    re: scaleOf(rePeak, largestOf(mixture.re), largestOf(target.re)),
    im: scaleOf(imPeak, largestOf(mixture.im), largestOf(target.im)),
  }
  return { channels: 2 * channels, frames, bins: bins - 1, mixture: pack(mixture, scales), target: pack(target, scales), scales }
}

/** The voice as it is in the mixture. */
function scaledVocal(accompaniment: SpectralChunk, vocal: SpectralChunk, { vocalScale }: MixOptions): ComplexSpectrogram {
  checkPair('mix of voice and accompaniment', accompaniment, vocal)
  const [re, im] = vocalFactors(accompaniment, vocal, vocalScale)
  return { ...vocal, re: vocal.re.map((x) => x * re), im: vocal.im.map((x) => x * im) }
}

const plus = (a: Float32Array, b: Float32Array): Float32Array => a.map((x, i) => x + b[i]!)

/**
 * Accompaniment and voice as a mixture, both parts over the accompaniment's song peaks, or what in the mixture exceeds them.
 *
 * @throws RangeError for spectrograms of two shapes
 *
 * @example
 * const shape = { channels: 1, frames: 1, bins: 2 }
 * const accompaniment = { ...shape, re: Float32Array.of(2, 0), im: Float32Array.of(0, 1), peak: 4, rePeak: 4, imPeak: 4 }
 * const vocal = { ...shape, re: Float32Array.of(1, 0), im: Float32Array.of(1, 0), peak: 2, rePeak: 2, imPeak: 2 }
 * const mix = mixSpectra(accompaniment, vocal)
 * mix.mixture // [1, 0.5]
 * mix.target // [0.5, 0]
 */
export function mixSpectra(accompaniment: SpectralChunk, vocal: SpectralChunk, options: MixOptions = {}): SpectralMix {
  const voice = scaledVocal(accompaniment, vocal, options)
  const mixture = { ...voice, re: plus(accompaniment.re, voice.re), im: plus(accompaniment.im, voice.im) }
  return packPair(mixture, accompaniment, accompaniment.rePeak, accompaniment.imPeak)
}

/**
 * A recorded mixture and its accompaniment, on scales that cover both.
 *
 * @throws RangeError for spectrograms of two shapes
 */
export function pairSpectra(mixture: SpectralChunk, accompaniment: SpectralChunk): SpectralMix {
  checkPair('pairSpectra', mixture, accompaniment)
  return packPair(mixture, accompaniment, Math.max(mixture.rePeak, accompaniment.rePeak), Math.max(mixture.imPeak, accompaniment.imPeak))
}

/**
 * Accompaniment and voice as they are, in the units of the accompaniment, with peaks that cover both: a mixture to mask or to mix further.
 *
 * @throws RangeError for spectrograms of two shapes
 */
export function addVocal(accompaniment: SpectralChunk, vocal: SpectralChunk, options: MixOptions = {}): SpectralChunk {
  const voice = scaledVocal(accompaniment, vocal, options)
  const [re, im] = [plus(accompaniment.re, voice.re), plus(accompaniment.im, voice.im)]
  const magnitude = re.reduce((most, x, i) => Math.max(most, Math.hypot(x, im[i]!)), 0)
  return {
    ...accompaniment,
    re,
    im,
    peak: Math.max(accompaniment.peak, magnitude),
    rePeak: Math.max(accompaniment.rePeak, largestOf(re)),
    imPeak: Math.max(accompaniment.imPeak, largestOf(im)),
  }
}

/** Magnitudes of mixture and accompaniment in 0…1, (channels, frames, bins − 1). */
export interface MagnitudeMix extends SpectrogramShape {
  readonly mixture: Float32Array
  readonly target: Float32Array
  readonly scale: number
}

/**
 * The same for networks that estimate masks of magnitudes, over the largest of the accompaniment's song peak and the mixture.
 *
 * @throws RangeError for spectrograms of two shapes
 */
export function mixMagnitudes(accompaniment: SpectralChunk, vocal: SpectralChunk, options: MixOptions = {}): MagnitudeMix {
  const voice = scaledVocal(accompaniment, vocal, options)
  const { channels, frames, bins } = accompaniment
  const magnitudes = (re: Float32Array, im: Float32Array) => re.map((x, i) => Math.hypot(x, im[i]!))
  const mixture = magnitudes(plus(accompaniment.re, voice.re), plus(accompaniment.im, voice.im))
  const scale = scaleOf(accompaniment.peak, largestOf(mixture))
  const share = (magnitude: Float32Array) => {
    const out = new Float32Array(channels * frames * (bins - 1))
    for (let row = 0; row < channels * frames; row++)
      for (let k = 0; k < bins - 1; k++) out[row * (bins - 1) + k] = Math.min(1, magnitude[row * bins + k]! / scale)
    return out
  }
  return { channels, frames, bins: bins - 1, mixture: share(mixture), target: share(magnitudes(accompaniment.re, accompaniment.im)), scale }
}
