/** Tone of spectrograms: a random equaliser, and slopes that take the treble away or bring it up. After FrameTransformer (carperbr, 2023). */
import type { PolarSpectrogram } from '../../dsp/index.ts'
import type { Draws } from './draws.ts'

/** Knots of the equaliser's nine curves. */
const knotCounts = [512, 256, 128, 64, 32, 16, 8, 4, 2]

/** Every magnitude times the gain of its bin. */
function perBin(s: PolarSpectrogram, gains: Float64Array): PolarSpectrogram {
  return { ...s, magnitude: s.magnitude.map((m, i) => m * gains[i % s.bins]!) }
}

/** Adds knots, joined by straight lines from the first bin to the last, to a curve. */
function addCurve(curve: Float64Array, knots: Float64Array): void {
  const step = curve.length === 1 ? 0 : (knots.length - 1) / (curve.length - 1)
  for (let i = 0; i < curve.length; i++) {
    const at = i * step
    const low = Math.min(Math.floor(at), knots.length - 2)
    curve[i]! += knots[low]! + (at - low) * (knots[low + 1]! - knots[low]!)
  }
}

/**
 * Gains of a random equaliser, one per bin: the mean of nine curves of 512, 256, … 2 knots that are uniform in low…high, and so within these bounds.
 *
 * @throws RangeError for bounds that are no gains
 *
 * @example
 * const gains = randomGains(1025, { low: 0.5, high: 1.5 }, createRandom(1))
 * gains.every((gain) => gain >= 0.5 && gain <= 1.5) // true
 */
export function randomGains(bins: number, { low, high }: { readonly low: number; readonly high: number }, draws: Draws): Float64Array {
  if (!(low >= 0 && high >= low && high < Infinity))
    throw new RangeError(`randomGains: low ${low}, high ${high}; allowed are finite numbers, 0 ≤ low ≤ high`)
  const curve = new Float64Array(bins)
  for (const count of knotCounts)
    addCurve(
      curve,
      Float64Array.from({ length: count }, () => draws.uniform(low, high)),
    )
  // Rounding may leave the bounds by a last digit.
  return curve.map((sum) => Math.min(high, Math.max(low, sum / knotCounts.length)))
}

/** A random equaliser, the same in all channels and frames. */
export function equaliseRandomly(
  s: PolarSpectrogram,
  range: { readonly low: number; readonly high: number },
  draws: Draws,
): PolarSpectrogram {
  return perBin(s, randomGains(s.bins, range, draws))
}

/** 1 − k·f/(F − 1) of the bins f. */
function slope(bins: number, coefficient: number): Float64Array {
  if (!(coefficient >= 0 && coefficient <= 1)) throw new RangeError(`coefficient ${coefficient}; allowed are numbers in 0…1`)
  return Float64Array.from({ length: bins }, (_, f) => 1 - (bins === 1 ? 0 : (coefficient * f) / (bins - 1)))
}

/**
 * Takes treble away along a line, down to 1 − `coefficient` at the top.
 *
 * @throws RangeError for a coefficient outside 0…1
 */
export function takeTreble(s: PolarSpectrogram, coefficient: number): PolarSpectrogram {
  return perBin(s, slope(s.bins, coefficient))
}

/**
 * Brings treble up by the inverse of `takeTreble`, which is 1 / (1 − `coefficient`) at the top: with a coefficient of 1 no finite number.
 *
 * @param most the largest gain, 10 by default; Infinity is the original's
 * @throws RangeError for a coefficient outside 0…1
 */
export function bringTreble(s: PolarSpectrogram, coefficient: number, most = 10): PolarSpectrogram {
  return perBin(
    s,
    slope(s.bins, coefficient).map((gain) => Math.min(most, 1 / gain)),
  )
}
