/**
 * The mel scale and filters on it, with librosa's definitions. Slaney's scale (Auditory Toolbox 1998) is linear up to 1000 Hz, 200/3 Hz per mel,
 * and logarithmic above, a factor of 6.4 in 27 mel; HTK's is 2595 log₁₀(1 + f/700).
 */

export interface MelScale {
  /** HTK's formula instead of Slaney's. */
  readonly htk?: boolean
}

const HERTZ_PER_MEL = 200 / 3
const CORNER_HERTZ = 1000
const CORNER_MEL = CORNER_HERTZ / HERTZ_PER_MEL
const NEPERS_PER_MEL = Math.log(6.4) / 27

/**
 * Mel of a frequency.
 *
 * @example
 * hzToMel(440) // 6.6
 * hzToMel(440, { htk: true }) // 549.64
 */
export function hzToMel(hertz: number, { htk = false }: MelScale = {}): number {
  if (htk) return 2595 * Math.log10(1 + hertz / 700)
  return hertz < CORNER_HERTZ ? hertz / HERTZ_PER_MEL : CORNER_MEL + Math.log(hertz / CORNER_HERTZ) / NEPERS_PER_MEL
}

/**
 * Frequency (Hz) of a mel.
 *
 * @example
 * melToHz(3) // 200.00
 */
export function melToHz(mel: number, { htk = false }: MelScale = {}): number {
  if (htk) return 700 * (10 ** (mel / 2595) - 1)
  return mel < CORNER_MEL ? mel * HERTZ_PER_MEL : CORNER_HERTZ * Math.exp((mel - CORNER_MEL) * NEPERS_PER_MEL)
}

export interface MelRange extends MelScale {
  /** Lowest frequency (Hz), 0 by default. */
  readonly fMin?: number
  /** Highest frequency (Hz). */
  readonly fMax: number
}

/**
 * Frequencies (Hz) equally far apart in mel, from fMin to fMax.
 *
 * @throws RangeError for a count that is no whole number ≥ 2, or where not 0 ≤ fMin < fMax
 *
 * @example
 * melFrequencies(3, { fMax: 4000 }) // Float64Array [0.0, 1194.2, 4000.0]
 */
export function melFrequencies(count: number, { fMin = 0, fMax, htk = false }: MelRange): Float64Array {
  if (!Number.isInteger(count) || count < 2) throw new RangeError(`mel frequencies: ${count}; allowed are whole numbers ≥ 2`)
  if (!(fMin >= 0 && fMin < fMax)) throw new RangeError(`fMin: ${fMin} Hz, fMax: ${fMax} Hz; needs 0 ≤ fMin < fMax`)
  const [low, high] = [hzToMel(fMin, { htk }), hzToMel(fMax, { htk })]
  return Float64Array.from({ length: count }, (_, i) => melToHz(low + ((high - low) * i) / (count - 1), { htk }))
}

export interface MelOptions extends MelScale {
  readonly sampleRate: number
  readonly nFft: number
  /** 128 by default. */
  readonly melBands?: number
  /** Lower edge of the lowest band (Hz), 0 by default. */
  readonly fMin?: number
  /** Upper edge of the highest band (Hz), half the sample rate by default. */
  readonly fMax?: number
  /** `slaney`, the default, divides each triangle by half its width in Hz, so that all have the same area and noise is equally loud in all; `none` gives them the height 1. */
  readonly norm?: 'slaney' | 'none'
  /** Let bands between two bins be 0 for ever, as librosa does with a warning, instead of refusing them. */
  readonly allowEmpty?: boolean
}

/**
 * Triangular filters between mel frequencies over the bins of a spectrum: (melBands, nFft/2 + 1) in row-major order, as librosa.filters.mel.
 *
 * @throws RangeError for a sampleRate that is no finite number above 0, a norm that is none, an nFft or a number of bands that is no whole number ≥ 1, a range outside
 * 0 ≤ fMin < fMax ≤ sampleRate/2, and bands so narrow that they have no bin
 *
 * @example
 * melFilterBank({ sampleRate: 8000, nFft: 8, melBands: 2, norm: 'none' }) // Float64Array [0.00, 0.78, 0.00, 0.00, 0.00, 0.00, 0.22, 0.90, 0.45, 0.00]
 */
export function melFilterBank(options: MelOptions): Float64Array {
  const { sampleRate, nFft, melBands = 128, fMin = 0, fMax = sampleRate / 2, htk = false, norm = 'slaney', allowEmpty = false } = options
  if (!(sampleRate > 0 && sampleRate < Infinity)) throw new RangeError(`sampleRate: ${sampleRate}; allowed are finite numbers > 0`)
  if (norm !== 'slaney' && norm !== 'none') throw new RangeError(`norm: ${String(norm)}; allowed are 'slaney' and 'none'`)
  if (!Number.isInteger(nFft) || nFft < 1) throw new RangeError(`nFft: ${nFft}; allowed are whole numbers ≥ 1`)
  if (!Number.isInteger(melBands) || melBands < 1) throw new RangeError(`melBands: ${melBands}; allowed are whole numbers ≥ 1`)
  if (fMax > sampleRate / 2) throw new RangeError(`fMax: ${fMax} Hz; allowed is half the sample rate at most, ${sampleRate / 2} Hz`)
  const edges = melFrequencies(melBands + 2, { fMin, fMax, htk })
  const bins = Math.floor(nFft / 2) + 1
  const weights = new Float64Array(melBands * bins)
  for (let band = 0; band < melBands; band++) {
    const [low, centre, high] = [edges[band]!, edges[band + 1]!, edges[band + 2]!]
    const gain = norm === 'slaney' ? 2 / (high - low) : 1
    let highest = 0
    for (let bin = 0; bin < bins; bin++) {
      const hertz = (bin * sampleRate) / nFft
      const weight = Math.max(0, Math.min((hertz - low) / (centre - low), (high - hertz) / (high - centre)))
      weights[band * bins + bin] = gain * weight
      highest = Math.max(highest, weight)
    }
    if (highest === 0 && !allowEmpty) {
      const range = `${low.toFixed(1)}–${high.toFixed(1)} Hz`
      const spacing = (sampleRate / nFft).toFixed(1)
      throw new RangeError(
        `melBands: band ${band} of ${melBands} (${range}) has no bin, they are ${spacing} Hz apart; use fewer bands, a larger nFft, or allowEmpty`,
      )
    }
  }
  return weights
}
