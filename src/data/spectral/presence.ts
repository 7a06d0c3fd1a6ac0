/** Where a voice is: per channel, frame and band of frequencies, what FrameTransformer's discriminator (carperbr, 2023) learns to find in what is left. */
import type { ComplexSpectrogram } from '../../dsp/index.ts'
import { checkSpectrogram } from '../../dsp/plain-spectrogram.ts'

export interface PresenceOptions {
  /** What magnitudes are divided by. */
  readonly peak: number
  /** Equal bands of the bins below the Nyquist frequency, 4 by default. */
  readonly bands?: number
  /** Mean share of the peak above which a band counts as sung in, 0.00125 by default. */
  readonly threshold?: number
  /** 1 above the threshold and 0 else ('hard', the default), or min(1, (mean/threshold)²) ('soft', as in the original's snapshot). */
  readonly form?: 'hard' | 'soft'
  /** How often the channels are there: 2 for networks whose channels are real and imaginary parts, 1 by default. */
  readonly copies?: number
}

/**
 * Labels of a voice on its own: (copies·channels, frames, bands), 1 where it is and 0 where not.
 *
 * @throws RangeError where the bins do not divide into the bands, and for a peak or threshold that is not above 0
 *
 * @example
 * const z = { channels: 1, frames: 2, bins: 5, re: Float32Array.of(0, 0, 1, 0, 0, 0, 0, 0, 0, 0), im: new Float32Array(10) }
 * vocalPresence(z, { peak: 1, bands: 2 }) // [0, 1, 0, 0]
 */
export function vocalPresence(
  { re, im, ...shape }: ComplexSpectrogram,
  { peak, bands = 4, threshold = 0.00125, form = 'hard', copies = 1 }: PresenceOptions,
): Float32Array {
  checkSpectrogram('vocalPresence', shape, re, im)
  const { channels, frames, bins } = shape
  const width = (bins - 1) / bands
  if (!Number.isInteger(width) || width < 1)
    throw new RangeError(`vocalPresence: bands ${bands}; ${bins - 1} bins below the Nyquist frequency need a divisor of their number`)
  if (!(peak > 0) || !(threshold > 0))
    throw new RangeError(`vocalPresence: peak ${peak}, threshold ${threshold}; allowed are numbers above 0`)
  const labels = new Float32Array(channels * frames * bands)
  for (let at = 0; at < labels.length; at++) {
    const start = Math.floor(at / bands) * bins + (at % bands) * width
    let sum = 0
    for (let i = start; i < start + width; i++) sum += Math.hypot(re[i]!, im[i]!)
    const mean = sum / width / peak
    labels[at] = form === 'soft' ? Math.min(1, (mean / threshold) ** 2) : mean > threshold ? 1 : 0
  }
  const all = new Float32Array(copies * labels.length)
  for (let copy = 0; copy < copies; copy++) all.set(labels, copy * labels.length)
  return all
}
