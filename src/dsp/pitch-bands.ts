/** Bands that are equally far apart in pitch: what a constant-Q transform gives, from the bins of a Fourier transform (Brown 1991; madmom's logarithmic filter bank). */

export interface PitchBandOptions {
  readonly sampleRate: number
  readonly nFft: number
  readonly bands: number
  /** Centre of the lowest band (Hz). */
  readonly lowest: number
  /** Bands per octave: 12 are semitones, 24 quarter tones. */
  readonly perOctave: number
}

/**
 * Triangles around lowest · 2^(k / perOctave) that reach to their neighbours' centres, and, where those are closer than bins, to the next bins; each sums to
 * 1: (bands, nFft/2 + 1) in row-major order.
 *
 * @throws RangeError for sizes that are no whole numbers ≥ 1, a lowest that is not above 0, and bands above half the sample rate
 *
 * @example
 * pitchFilterBank({ sampleRate: 8000, nFft: 8, bands: 2, lowest: 1000, perOctave: 1 }) // Float64Array [0.000, 1.000, 0.000, 0.000, 0.000, 0.000, 0.000, 0.667, 0.333, 0.000]
 */
export function pitchFilterBank({ sampleRate, nFft, bands, lowest, perOctave }: PitchBandOptions): Float64Array {
  for (const [name, value] of Object.entries({ nFft, bands, perOctave })) {
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`pitch bands, ${name}: ${value}; allowed are whole numbers ≥ 1`)
  }
  if (!(sampleRate > 0 && sampleRate < Infinity)) throw new RangeError(`sampleRate: ${sampleRate}; allowed are finite numbers > 0`)
  const highest = lowest * 2 ** ((bands - 1) / perOctave)
  if (!(lowest > 0 && highest <= sampleRate / 2))
    throw new RangeError(
      `pitch bands from ${lowest} to ${highest.toFixed(1)} Hz; allowed is what lies above 0 and up to half the sample rate, ${sampleRate / 2} Hz: use fewer bands`,
    )
  const bins = Math.floor(nFft / 2) + 1
  const ratio = 2 ** (1 / perOctave)
  const weights = new Float64Array(bands * bins)
  for (let band = 0; band < bands; band++) {
    const row = weights.subarray(band * bins, (band + 1) * bins)
    const centre = (lowest * ratio ** band * nFft) / sampleRate
    const [below, above] = [Math.max(1, centre - centre / ratio), Math.max(1, centre * ratio - centre)]
    for (let bin = 0; bin < bins; bin++) row[bin] = Math.max(0, bin < centre ? 1 - (centre - bin) / below : 1 - (bin - centre) / above)
    const sum = row.reduce((total, weight) => total + weight, 0)
    for (let bin = 0; bin < bins; bin++) row[bin]! /= sum
  }
  return weights
}
