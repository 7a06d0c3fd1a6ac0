/**
 * Frequency bands that are one bin wide where harmonics are close and grow with frequency where hearing is coarse: linear spacing up to the
 * frequency at which a constant ratio is one bin, geometric above. Fewer cells than a spectrogram, the same detail where voices need it.
 */

export interface BandOptions {
  readonly sampleRate: number
  readonly nFft: number
  readonly bands: number
  /** Centre of the highest band (Hz). */
  readonly highest: number
}

/**
 * Centres in bins, ascending, from 0. The ratio of the geometric part is found by bisection so that `bands` centres reach `highest`.
 *
 * @throws RangeError for fewer than 2 bands, more than there are bins up to `highest`, too few to reach it with spacings that at most double, or a
 * `highest` above half the sample rate
 *
 * @example
 * bandCentres({ sampleRate: 8000, nFft: 64, bands: 7, highest: 4000 }) // [0, 1, 2, 4, 8, 16, 32]
 */
export function bandCentres({ sampleRate, nFft, bands, highest }: BandOptions): Float64Array {
  const top = (highest * nFft) / sampleRate
  if (!(top <= nFft / 2) || bands < 2 || bands - 1 > top) {
    throw new RangeError(`bands: ${bands} up to ${highest} Hz; needs 2 ≤ bands ≤ ${Math.floor(top) + 1} and highest ≤ ${sampleRate / 2}`)
  }
  const last = (ratio: number): number => {
    let centre = 0
    for (let i = 1; i < bands; i++) centre += Math.max(1, centre * ratio)
    return centre
  }
  if (last(1) < top) {
    const fewest = 2 + Math.ceil(Math.log2(top))
    throw new RangeError(`bands: ${bands} end at bin ${last(1)} below ${highest} Hz, as a spacing at most doubles; needs ${fewest} or more`)
  }
  let [low, high] = [0, 1]
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (last(middle) < top) low = middle
    else high = middle
  }
  const centres = new Float64Array(bands)
  for (let i = 1; i < bands; i++) centres[i] = centres[i - 1]! + Math.max(1, centres[i - 1]! * high)
  return centres
}

/**
 * Triangular weights between centres: `analysis` (bins, bands) averages the bins of a band (columns sum to 1), `synthesis` (bands, bins)
 * interpolates a value per band linearly to bins (columns sum to 1, constant outside the outer centres).
 */
export function bandMatrices(options: BandOptions): { analysis: Float64Array; synthesis: Float64Array } {
  const centres = bandCentres(options)
  const { bands, nFft } = options
  const bins = nFft / 2 + 1
  const synthesis = new Float64Array(bands * bins)
  for (let bin = 0, upper = 1; bin < bins; bin++) {
    while (upper < bands - 1 && centres[upper]! < bin) upper++
    const [a, b] = [centres[upper - 1]!, centres[upper]!]
    const share = Math.min(1, Math.max(0, (bin - a) / (b - a)))
    synthesis[(upper - 1) * bins + bin] = 1 - share
    synthesis[upper * bins + bin]! += share
  }
  const analysis = new Float64Array(bins * bands)
  for (let band = 0; band < bands; band++) {
    const row = synthesis.subarray(band * bins, (band + 1) * bins)
    const total = row.reduce((sum, weight) => sum + weight, 0)
    for (let bin = 0; bin < bins; bin++) analysis[bin * bands + band] = row[bin]! / total
  }
  return { analysis, synthesis }
}
