/**
 * The low-pass filter of the resampler: a sinc under a Kaiser window, tabulated by phase.
 *
 * Kaiser, "Nonrecursive digital filter design using the I0-sinh window function" (1974): β and the width of the transition band from the attenuation.
 */

/** Half length of the filter in zero crossings of its sinc. */
const ZERO_CROSSINGS = 80
/** Stop-band attenuation that the window is made for (dB). */
const ATTENUATION = 120

export interface FilterTable {
  /** Coefficients by row: one row per phase, and a last one for phase 1. 64-bit: the inner loops run faster without conversions. */
  readonly rows: Float64Array
  /** Coefficients of a row, a multiple of 4. */
  readonly taps: number
  readonly phases: number
}

/** Modified Bessel function of the first kind and order zero, by its power series. */
function besselI0(x: number): number {
  let sum = 1
  let term = 1
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2
    sum += term
  }
  return sum
}

/** Coefficients of a phase: a multiple of four, which the inner loops take at a time. */
export function filterTaps(bandwidth: number): number {
  return 4 * Math.ceil(ZERO_CROSSINGS / bandwidth / 2)
}

/**
 * The filter of every phase p / phases, 0 ≤ p ≤ phases: coefficient j weighs the input sample j − taps / 2 + 1 after the one at or before the output's time.
 *
 * @param bandwidth - lower of the two Nyquist frequencies, relative to the input's
 */
export function filterTable(bandwidth: number, phases: number): FilterTable {
  const reach = ZERO_CROSSINGS / bandwidth
  const taps = filterTaps(bandwidth)
  const half = taps / 2
  const beta = 0.1102 * (ATTENUATION - 8.7)
  // Kaiser's formula for the width of the transition band; the stop band begins at the Nyquist frequency.
  const transition = (ATTENUATION - 7.95) / (2.285 * Math.PI * 2 * ZERO_CROSSINGS)
  const cutoff = bandwidth * (1 - transition / 2)
  const rows = new Float64Array((phases + 1) * taps)
  const edge = besselI0(beta)
  for (let phase = 0; phase <= phases; phase++) {
    const row = rows.subarray(phase * taps, (phase + 1) * taps)
    let sum = 0
    for (let j = 0; j < taps; j++) {
      const t = phase / phases - (j - half + 1)
      const inside = 1 - (t / reach) ** 2
      const x = Math.PI * cutoff * t
      row[j] = inside > 0 ? (x === 0 ? 1 : Math.sin(x) / x) * (besselI0(beta * Math.sqrt(inside)) / edge) : 0
      sum += row[j]!
    }
    // Every phase passes a constant unchanged.
    for (let j = 0; j < taps; j++) row[j] = row[j]! / sum
  }
  return { rows, taps, phases }
}
