/** Filters on whole buffers: fixed biquads and a lowpass that sweeps (Simper 2013, trapezoidal state variable). */
import { type Biquad, type BiquadKind, cookbookBiquad } from '../filter-cookbook.ts'

/**
 * Coefficients of a cookbook filter.
 *
 * @param frequency hertz; kept below 0.49 of the sample rate
 * @param q quality; for shelves 0.7 is the steepest without overshoot
 * @param decibels gain of peaks and shelves
 */
export function designBiquad(kind: BiquadKind, frequency: number, sampleRate: number, q = Math.SQRT1_2, decibels = 0): Biquad {
  return cookbookBiquad(kind, 2 * Math.PI * Math.min(0.49, frequency / sampleRate), q, decibels)
}

/** Filters in place (transposed direct form II, 64-bit state). */
export function applyBiquad(samples: Float32Array, filter: Biquad): void {
  const { b0, b1, b2, a1, a2 } = filter
  let [s1, s2] = [0, 0]
  for (let i = 0; i < samples.length; i++) {
    const x = samples[i]!
    const y = b0 * x + s1
    s1 = b1 * x - a1 * y + s2
    s2 = b2 * x - a2 * y
    samples[i] = y
  }
}

/** Two filters in one pass: each waits for its own last output, so the processor works on both at once. */
function applyPair(samples: Float32Array, first: Biquad, second: Biquad): void {
  const { b0, b1, b2, a1, a2 } = first
  const { b0: d0, b1: d1, b2: d2, a1: c1, a2: c2 } = second
  let [s1, s2, t1, t2] = [0, 0, 0, 0]
  for (let i = 0; i < samples.length; i++) {
    const x = samples[i]!
    const y = b0 * x + s1
    s1 = b1 * x - a1 * y + s2
    s2 = b2 * x - a2 * y
    const z = d0 * y + t1
    t1 = d1 * y - c1 * z + t2
    t2 = d2 * y - c2 * z
    samples[i] = z
  }
}

export function applyFilters(samples: Float32Array, filters: readonly Biquad[]): void {
  let k = 0
  for (; k + 1 < filters.length; k += 2) applyPair(samples, filters[k]!, filters[k + 1]!)
  if (k < filters.length) applyBiquad(samples, filters[k]!)
}

/** Samples between two updates of a control value such as a cutoff. */
export const CONTROL_HOP = 32

/**
 * Resonant lowpass in place whose cutoff moves.
 *
 * @param cutoff hertz at the start of every hop of CONTROL_HOP samples
 * @param q 0.5 to about 12
 */
export function sweepLowpass(samples: Float32Array, cutoff: (hop: number) => number, q: number, sampleRate: number): void {
  const k = 1 / q
  let [ic1, ic2] = [0, 0]
  for (let start = 0, hop = 0; start < samples.length; start += CONTROL_HOP, hop++) {
    const g = Math.tan(Math.PI * Math.min(0.45, Math.max(20, cutoff(hop)) / sampleRate))
    const a1 = 1 / (1 + g * (g + k))
    const a2 = g * a1
    const a3 = g * a2
    const end = Math.min(samples.length, start + CONTROL_HOP)
    for (let i = start; i < end; i++) {
      const v3 = samples[i]! - ic2
      const v1 = a1 * ic1 + a2 * v3
      const v2 = ic2 + a2 * ic1 + a3 * v3
      ic1 = 2 * v1 - ic1
      ic2 = 2 * v2 - ic2
      samples[i] = v2
    }
  }
}

/** White noise, uniform in ±1, into a buffer; one seed, one noise (xorshift32, Marsaglia 2003: a hash per draw would cost more than the synthesis). */
export function fillNoise(out: Float32Array, seed: number): void {
  let s = seed | 0 || 1
  for (let i = 0; i < out.length; i++) {
    s ^= s << 13
    s ^= s >>> 17
    s ^= s << 5
    out[i] = s * 4.656612873e-10
  }
}

/** Linear ramps of `seconds` at both ends, so that a note neither starts nor ends with a click. */
export function fadeEnds(samples: Float32Array, fadeIn: number, fadeOut: number): void {
  const n = samples.length
  const [a, b] = [Math.min(fadeIn, n), Math.min(fadeOut, n)]
  for (let i = 0; i < a; i++) samples[i]! *= i / a
  for (let i = 0; i < b; i++) samples[n - 1 - i]! *= i / b
}
