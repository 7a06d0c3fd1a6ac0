/**
 * Loudness of spectrograms: volume, dynamic range, noise that multiplies. As in FrameTransformer (carperbr, 2023), which mixes voices and
 * accompaniments that never met and changes each before.
 */
import type { PolarSpectrogram } from '../../dsp/index.ts'
import { checkSpectrogram } from '../../dsp/plain-spectrogram.ts'
import { type Draws, happens } from './draws.ts'

/** Louder or quieter by a share drawn from ±`gain`: M·(1 + u). */
export function changeVolume(s: PolarSpectrogram, gain: number, draws: Draws): PolarSpectrogram {
  const factor = 1 + draws.uniform(-gain, gain)
  return { ...s, magnitude: s.magnitude.map((m) => m * factor) }
}

export interface Dynamics {
  /** What the threshold is a share of: the largest magnitude, say. */
  readonly reference: number
  readonly threshold: number
  /** Share by which magnitudes on one side of the threshold grow or shrink. */
  readonly gain: number
}

/**
 * Changes what lies above or below a threshold by a share of itself, one of four ways drawn with equal chances: two of them compress (loud
 * down, quiet up), two expand.
 *
 * @example
 * const s = { channels: 1, frames: 1, bins: 2, magnitude: Float32Array.of(1, 4), phase: new Float32Array(2) }
 * const always = { uniform: () => 0, integer: () => 0, normal: () => 0 } // loud down
 * changeDynamics(s, { reference: 4, threshold: 0.5, gain: 0.25 }, always).magnitude // [1, 3]
 */
export function changeDynamics(s: PolarSpectrogram, { reference, threshold, gain }: Dynamics, draws: Draws): PolarSpectrogram {
  const compresses = happens(draws, 0.5)
  const above = happens(draws, 0.5)
  const factor = compresses === above ? 1 - gain : 1 + gain
  const edge = threshold * reference
  return { ...s, magnitude: s.magnitude.map((m) => ((above ? m > edge : m < edge) ? m * factor : m)) }
}

export interface NegativeMagnitudes {
  /**
   * What becomes of magnitudes that come out below 0, which turn the phase by π: 0 ('zero', the default), or they stay ('keep', as in the original).
   */
  readonly negative?: 'zero' | 'keep'
}

/** Magnitudes with those below 0 as wanted. */
export function nonNegative(magnitude: Float32Array, { negative = 'zero' }: NegativeMagnitudes): Float32Array {
  return negative === 'keep' ? magnitude : magnitude.map((m) => (m < 0 ? 0 : m))
}

/** Every magnitude times a number of its own, normal around 1 with the deviation `strength`. */
export function multiplyNoise(s: PolarSpectrogram, strength: number, draws: Draws, options: NegativeMagnitudes = {}): PolarSpectrogram {
  return {
    ...s,
    magnitude: nonNegative(
      s.magnitude.map((m) => m * (1 + strength * draws.normal())),
      options,
    ),
  }
}

/** Magnitudes brought into 0…`most`. */
export function clipMagnitudes(s: PolarSpectrogram, most: number): PolarSpectrogram {
  checkSpectrogram('clipMagnitudes', s, s.magnitude)
  return { ...s, magnitude: s.magnitude.map((m) => Math.min(Math.max(m, 0), most)) }
}

/** Every phase plus a number of its own, uniform in ±π·`strength`. Magnitudes stay. */
export function addPhaseNoise(s: PolarSpectrogram, strength: number, draws: Draws): PolarSpectrogram {
  return { ...s, phase: s.phase.map((p) => p + strength * draws.uniform(-Math.PI, Math.PI)) }
}
