/**
 * Pitch of spectrograms, up or down by semitones, length unchanged. By default each peak of the spectrum moves with the bins around it to its new
 * place, and its phase goes on from frame to frame at its new frequency (Laroche & Dolson 1999, "New phase-vocoder techniques for pitch-shifting,
 * harmonizing and other exotic effects"). FrameTransformer's way (carperbr, 2023) stretches the magnitudes of each frame, the wrong way round: positive
 * semitones lower what is heard.
 */
import type { PolarSpectrogram } from '../../dsp/index.ts'
import { checkSpectrogram } from '../../dsp/plain-spectrogram.ts'

export interface PitchShiftOptions {
  /** 'peaks' (the default), or 'original'. */
  readonly form?: 'peaks' | 'original'
  /** Samples between frames over samples of a frame: 0.5 by default. */
  readonly hopShare?: number
}

/** x − 2π·⌊(x + π)/2π⌋, in −π…π. */
function wrap(angle: number): number {
  return angle - 2 * Math.PI * Math.floor((angle + Math.PI) / (2 * Math.PI))
}

/** Magnitude at bin k is that at k·s, that of the last bin beyond it; phases sum up steps over s, from 0 on. */
function resampleBins(s: PolarSpectrogram, factor: number): PolarSpectrogram {
  const { channels, frames, bins } = s
  const [magnitude, phase] = [new Float32Array(s.magnitude.length), new Float32Array(s.phase.length)]
  for (let c = 0; c < channels; c++) {
    const turned = new Float64Array(bins)
    for (let t = 0; t < frames; t++) {
      const row = (c * frames + t) * bins
      for (let k = 0; k < bins; k++) {
        const at = Math.min(k * factor, bins - 1)
        const low = Math.floor(at)
        const [a, b] = [s.magnitude[row + low]!, s.magnitude[row + Math.min(low + 1, bins - 1)]!]
        magnitude[row + k] = a + (at - low) * (b - a)
        if (t === 0) continue
        const before = s.phase[row - bins + k]!
        turned[k]! += wrap(s.phase[row + k]! - before) / factor
        phase[row + k] = before + turned[k]!
      }
    }
  }
  return { channels, frames, bins, magnitude, phase }
}

/** A peak of a frame's spectrum and the bins that belong to it, `from` up to before `to`. */
interface Peak {
  readonly at: number
  readonly from: number
  readonly to: number
}

/** Local maxima of powers over two neighbours on each side, parted where it is quietest between them. */
function findPeaks(power: Float64Array): Peak[] {
  const bins = power.length
  const at: number[] = []
  for (let k = 0; k < bins; k++) {
    const here = power[k]!
    if (here === 0) continue
    let highest = true
    for (let d = 1; d <= 2; d++) if (here < (power[k + d] ?? 0) || here <= (power[k - d] ?? -1)) highest = false
    if (highest) at.push(k)
  }
  const edges = at.slice(1).map((next, i) => {
    let quietest = at[i]! + 1
    for (let k = quietest; k < next; k++) if (power[k]! < power[quietest]!) quietest = k
    return quietest
  })
  return at.map((peak, i) => ({ at: peak, from: edges[i - 1] ?? 0, to: edges[i] ?? bins }))
}

/** Moves peaks; all channels share them and their turns, so that the phases between channels stay. */
function movePeaks(s: PolarSpectrogram, factor: number, hopShare: number): PolarSpectrogram {
  const { channels, frames, bins } = s
  const size = frames * bins
  const [re, im] = [new Float64Array(s.magnitude.length), new Float64Array(s.magnitude.length)]
  /** By how much the bins of the frame before were turned. */
  let turns = new Float64Array(bins)
  for (let t = 0; t < frames; t++) {
    const row = t * bins
    const power = new Float64Array(bins)
    for (let c = 0; c < channels; c++) for (let k = 0; k < bins; k++) power[k]! += s.magnitude[c * size + row + k]! ** 2
    const next = new Float64Array(bins)
    for (const { at, from, to } of findPeaks(power)) {
      const frequency = at + offsetOf(s, t, at, hopShare)
      const shift = Math.round(frequency * (factor - 1))
      // The first frame's phases are as good as any.
      const turn = t === 0 ? 0 : wrap(turns[at]! + 2 * Math.PI * hopShare * frequency * (factor - 1))
      next.fill(turn, from, to)
      for (let k = Math.max(from, -shift); k < Math.min(to, bins - shift); k++) {
        for (let c = 0; c < channels; c++) {
          const source = c * size + row + k
          const angle = s.phase[source]! + turn
          re[source + shift]! += s.magnitude[source]! * Math.cos(angle)
          im[source + shift]! += s.magnitude[source]! * Math.sin(angle)
        }
      }
    }
    turns = next
  }
  return {
    channels,
    frames,
    bins,
    magnitude: Float32Array.from(re, (x, i) => Math.hypot(x, im[i]!)),
    phase: Float32Array.from(re, (x, i) => Math.atan2(im[i]!, x)),
  }
}

/** How far from the middle of a bin the tone in it is, in bins: what its phase turned since the frame before tells, beyond what the bin itself turns. */
function offsetOf({ channels, frames, bins, magnitude, phase }: PolarSpectrogram, t: number, bin: number, hopShare: number): number {
  if (frames === 1) return 0
  const now = Math.max(t, 1) * bins + bin
  let [re, im] = [0, 0]
  for (let c = 0; c < channels; c++) {
    const [i, before] = [c * frames * bins + now, c * frames * bins + now - bins]
    const weight = magnitude[i]! * magnitude[before]!
    re += weight * Math.cos(phase[i]! - phase[before]!)
    im += weight * Math.sin(phase[i]! - phase[before]!)
  }
  return wrap(Math.atan2(im, re) - 2 * Math.PI * hopShare * bin) / (2 * Math.PI * hopShare)
}

/**
 * A spectrogram with its tones at 2^(semitones/12) times their frequency; 12 are an octave up. What would lie beyond the highest bin is lost.
 *
 * @throws RangeError for semitones beyond ±48 and a hop share outside 0…1
 *
 * @example
 * const shape = { channels: 1, frames: 1, bins: 9 }
 * const tone = { ...shape, magnitude: Float32Array.of(0, 0, 1, 0, 0, 0, 0, 0, 0), phase: new Float32Array(9) }
 * shiftPitch(tone, 12).magnitude // [0, 0, 0, 0, 1, 0, 0, 0, 0]
 */
export function shiftPitch(
  s: PolarSpectrogram,
  semitones: number,
  { form = 'peaks', hopShare = 0.5 }: PitchShiftOptions = {},
): PolarSpectrogram {
  checkSpectrogram('shiftPitch', s, s.magnitude, s.phase)
  if (!(Math.abs(semitones) <= 48)) throw new RangeError(`shiftPitch: semitones ${semitones}; allowed are numbers in −48…48`)
  if (!(hopShare > 0 && hopShare <= 1)) throw new RangeError(`shiftPitch: hopShare ${hopShare}; allowed are numbers above 0, up to 1`)
  const factor = 2 ** (semitones / 12)
  return form === 'original' ? resampleBins(s, factor) : movePeaks(s, factor, hopShare)
}
