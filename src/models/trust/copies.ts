/**
 * Whether estimates are the sound itself: at its own level, at another one, or at none, which is silence. Beside it a network that does nothing leaves
 * the arithmetic of a transform and its inverse, −127 dB of the sound in float32. What a network that works leaves is not bounded: of voices alone the
 * shipped one left as little as −79 dB, of instruments alone −107 dB (docs/separate.md): a copy is a reason to ask (alarm.ts), no more.
 */
import type { StereoWindow } from '../separator.ts'

/** Of the sound's energy: −80 dB. */
const remainder = 1e-8
/** Mean square of a sound of which nothing can be told: −90 dB of full scale. */
const inaudible = 1e-9
/** Samples of a channel that are looked at before all are. */
const glance = 4096

/** What is left of an estimate's energy when as much of the sound as fits is taken out of each channel, over the sound's; NaN for silence, and for NaN. */
function apart(sound: StereoWindow, estimate: StereoWindow, stride: number): number {
  let [left, energy] = [0, 0]
  for (const [c, x] of sound.entries()) {
    const y = estimate[c]!
    let [own, shared, whole] = [0, 0, 0]
    for (let i = 0; i < x.length; i += stride) {
      own += y[i]! * y[i]!
      shared += x[i]! * y[i]!
      whole += x[i]! * x[i]!
    }
    left += whole > 0 ? Math.max(0, own - (shared * shared) / whole) : own
    energy += whole
  }
  return left / energy
}

/** Whether a sound is loud enough to judge estimates by. */
function isAudible(sound: StereoWindow): boolean {
  const energy = sound.reduce((sum, channel) => channel.reduce((total, x) => total + x * x, sum), 0)
  return energy > inaudible * 2 * sound[0].length
}

/**
 * Whether every estimate is the sound, each channel at any level. One of several may well be: silence, where a song has no drums. Of silence nothing is a copy.
 *
 * @example
 * const sound: StereoWindow = [Float32Array.of(1, -1, 0.5), Float32Array.of(0, 1, 0.5)]
 * areCopies(sound, [[Float32Array.of(0.5, -0.5, 0.25), Float32Array.of(0, 1, 0.5)]]) // true
 * areCopies(sound, [[Float32Array.of(0.5, -0.5, 0.25), Float32Array.of(0, 1, 0)]]) // false
 */
export function areCopies(sound: StereoWindow, estimates: readonly StereoWindow[]): boolean {
  const stride = Math.ceil(sound[0].length / glance)
  const all = (step: number) => estimates.every((estimate) => apart(sound, estimate, step) <= remainder)
  return all(stride) && isAudible(sound) && all(1)
}
