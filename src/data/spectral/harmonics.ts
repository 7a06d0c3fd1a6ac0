/** Harmonic distortion of a signal. */

export interface HarmonicDistortion {
  /** The highest harmonic that is added, from 2 on. */
  readonly harmonics: number
  /** Of the second harmonic; the h-th has this to the power of h − 1. */
  readonly gain: number
  /**
   * 'chebyshev' (the default): polynomials T_h, which make cos(x) to cos(hx), of the signal over its peak, less T_h(0), so that silence stays
   * silence. 'original': FrameTransformer (carperbr,
   * 2023) adds the signal itself, rolled by h samples, which is a comb filter and gives no harmonics.
   */
  readonly form?: 'chebyshev' | 'original'
}

/**
 * The signal and its harmonics: x + Σ gain^(h−1)·h-th harmonic, h = 2 … harmonics.
 *
 * @throws RangeError for a number of harmonics that is no whole number ≥ 1
 *
 * @example
 * const cosine = Float32Array.of(1, 0, -1, 0)
 * distortHarmonics(cosine, { harmonics: 2, gain: 0.1 }) // [1.2, 0.0, -0.8, 0.0]
 */
export function distortHarmonics(samples: Float32Array, { harmonics, gain, form = 'chebyshev' }: HarmonicDistortion): Float32Array {
  if (!Number.isInteger(harmonics) || harmonics < 1)
    throw new RangeError(`distortHarmonics: harmonics ${harmonics}; allowed are whole numbers ≥ 1`)
  const n = samples.length
  if (form === 'original')
    return samples.map((x, i) => {
      let sum = x
      for (let h = 2; h <= harmonics; h++) sum += gain ** (h - 1) * samples[(((i - h) % n) + n) % n]!
      return sum
    })
  const peak = samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  if (peak === 0) return samples.slice()
  return samples.map((x) => {
    const u = x / peak
    let [before, now, sum] = [1, u, u]
    for (let h = 2; h <= harmonics; h++) {
      ;[before, now] = [now, 2 * u * now - before]
      sum += gain ** (h - 1) * (now - Math.cos((h * Math.PI) / 2))
    }
    return sum * peak
  })
}
