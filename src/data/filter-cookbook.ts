/**
 * Coefficients of second-order filter sections: the designs of R. Bristow-Johnson's "Cookbook formulae for audio EQ biquad filter
 * coefficients". Callers decide what becomes of frequencies out of range.
 */

/** y[n] = b0·x[n] + b1·x[n−1] + b2·x[n−2] − a1·y[n−1] − a2·y[n−2] */
export interface Biquad {
  readonly b0: number
  readonly b1: number
  readonly b2: number
  readonly a1: number
  readonly a2: number
}

export type BiquadKind = 'lowpass' | 'highpass' | 'bandpass' | 'peak' | 'low-shelf' | 'high-shelf'

export function normalised(b0: number, b1: number, b2: number, a0: number, a1: number, a2: number): Biquad {
  return { b0: b0 / a0, b1: b1 / a0, b2: b2 / a0, a1: a1 / a0, a2: a2 / a0 }
}

/**
 * The section of a kind.
 *
 * @param angle edge or centre in radians per sample, 0 to π
 * @param q quality: 1/√2 is Butterworth, and the steepest shelf without overshoot
 * @param decibels gain of peaks and shelves
 */
export function cookbookBiquad(kind: BiquadKind, angle: number, q: number, decibels = 0): Biquad {
  const [c, alpha, a] = [Math.cos(angle), Math.sin(angle) / (2 * q), 10 ** (decibels / 40)]
  const shelf = (sign: 1 | -1): Biquad => {
    const root = 2 * Math.sqrt(a) * alpha
    const cos = sign * c
    return normalised(
      a * (a + 1 - (a - 1) * cos + root),
      sign * 2 * a * (a - 1 - (a + 1) * cos),
      a * (a + 1 - (a - 1) * cos - root),
      a + 1 + (a - 1) * cos + root,
      sign * -2 * (a - 1 + (a + 1) * cos),
      a + 1 + (a - 1) * cos - root,
    )
  }
  switch (kind) {
    case 'lowpass':
      return normalised((1 - c) / 2, 1 - c, (1 - c) / 2, 1 + alpha, -2 * c, 1 - alpha)
    case 'highpass':
      return normalised((1 + c) / 2, -(1 + c), (1 + c) / 2, 1 + alpha, -2 * c, 1 - alpha)
    case 'bandpass':
      return normalised(alpha, 0, -alpha, 1 + alpha, -2 * c, 1 - alpha)
    case 'peak':
      return normalised(1 + alpha * a, -2 * c, 1 - alpha * a, 1 + alpha / a, -2 * c, 1 - alpha / a)
    case 'low-shelf':
      return shelf(1)
    case 'high-shelf':
      return shelf(-1)
  }
}
