/** Filters to begin with: those of the Fourier transform with their inverse, and gammatones, which resemble those of the ear. */
import { melFrequencies } from './mel.ts'
import { overlapOf } from './overlap.ts'
import { createWindow, type Window } from './windows.ts'

export interface StftFilterOptions {
  /** Taps, even. */
  readonly length: number
  readonly hop: number
  /** Periodic Hann by default. */
  readonly window?: Window
}

/** Each (length + 2, length) in row-major order: rows of cosines for bins 0 … length/2, then those of −sines. */
export interface StftFilters {
  readonly analysis: Float64Array
  /** The dual filters: they add up to the signal wherever all frames are there. */
  readonly synthesis: Float64Array
}

/**
 * The short-time Fourier transform as filters w[n] cos(2πkn/L) and −w[n] sin(2πkn/L), and its inverse with the window w/Σw² (the canonical dual;
 * Griffin & Lim 1984).
 *
 * @throws RangeError for a length that is not even and ≥ 4, and where window and hop do not reconstruct
 *
 * @example
 * stftFilters({ length: 4, hop: 2 }).analysis.subarray(4, 8) // Float64Array [0.0, 0.0, -1.0, 0.0]
 */
export function stftFilters({ length, hop, window = 'hann' }: StftFilterOptions): StftFilters {
  if (!Number.isInteger(length) || length < 4 || length % 2 !== 0)
    throw new RangeError(`STFT filters, length: ${length}; allowed are even whole numbers ≥ 4`)
  const { nola, reason } = overlapOf(window, hop, length)
  if (!nola) throw new RangeError(`STFT filters, hop ${hop}: ${reason}`)
  const values = createWindow(window, length)
  const sums = new Float64Array(hop)
  for (const [n, value] of values.entries()) sums[n % hop]! += value ** 2
  const bins = length / 2 + 1
  const [analysis, synthesis] = [new Float64Array(2 * bins * length), new Float64Array(2 * bins * length)]
  for (let k = 0; k < bins; k++) {
    const count = k === 0 || 2 * k === length ? 1 : 2
    for (let n = 0; n < length; n++) {
      const angle = (2 * Math.PI * ((k * n) % length)) / length
      for (const [row, turn] of [
        [k, Math.cos(angle)],
        [bins + k, -Math.sin(angle)],
      ] as const) {
        analysis[row * length + n] = values[n]! * turn
        synthesis[row * length + n] = ((count / length) * values[n]! * turn) / sums[n % hop]!
      }
    }
  }
  return { analysis, synthesis }
}

/** Number of equivalent rectangular bandwidths below a frequency (Glasberg & Moore 1990): 21.4 log₁₀(1 + 0.00437 f). */
export function hzToErb(hertz: number): number {
  return 21.4 * Math.log10(1 + 0.00437 * hertz)
}

/**
 * The inverse of hzToErb.
 *
 * @example
 * erbToHz(hzToErb(1000)) // 1000.00
 */
export function erbToHz(erb: number): number {
  return (10 ** (erb / 21.4) - 1) / 0.00437
}

export interface SpacingOptions {
  readonly sampleRate: number
  /** Lowest frequency (Hz). */
  readonly fMin?: number
  /** Highest frequency (Hz), half the sample rate by default. */
  readonly fMax?: number
  /** In what the frequencies are equally far apart. */
  readonly scale?: 'erb' | 'mel'
}

/**
 * Frequencies (Hz) equally far apart on a scale of hearing, from fMin to fMax.
 *
 * @throws RangeError for fewer than 2, a sampleRate that is no finite number above 0, a scale that is none, and where not
 * 0 ≤ fMin < fMax ≤ sampleRate/2
 *
 * @example
 * spacedFrequencies(3, { sampleRate: 8000, fMin: 100, scale: 'erb' }) // Float64Array [100.0, 950.4, 4000.0]
 */
export function spacedFrequencies(
  count: number,
  { sampleRate, fMin = 0, fMax = sampleRate / 2, scale = 'erb' }: SpacingOptions,
): Float64Array {
  if (!(sampleRate > 0 && sampleRate < Infinity)) throw new RangeError(`sampleRate: ${sampleRate}; allowed are finite numbers > 0`)
  if (scale !== 'erb' && scale !== 'mel') throw new RangeError(`scale: ${String(scale)}; allowed are 'erb' and 'mel'`)
  if (fMax > sampleRate / 2) throw new RangeError(`fMax: ${fMax} Hz; allowed is half the sample rate at most, ${sampleRate / 2} Hz`)
  const mel = melFrequencies(count, { fMin, fMax })
  if (scale === 'mel') return mel
  const [low, high] = [hzToErb(fMin), hzToErb(fMax)]
  return mel.map((_, i) => erbToHz(low + ((high - low) * i) / (count - 1)))
}

export interface GammatoneOptions extends SpacingOptions {
  readonly filters: number
  /** Taps. */
  readonly length: number
  /** Every frequency with so many phases, equally far apart; 2 by default, a filter and its negative, since rectifiers keep half of either. */
  readonly phases?: number
}

/**
 * Gammatones t³ e^{−2πbt} cos(2πft + φ), b = 1.019 · 24.7 (0.00437f + 1) Hz (Patterson et al. 1987), of unit energy (Ditter & Gerkmann 2020,
 * "A multi-phase gammatone filterbank for speech separation", arXiv 1910.11615): (filters, length) in row-major order, low frequencies first,
 * the phases of each together. They begin at their first tap.
 *
 * @throws RangeError for sizes that are no whole numbers ≥ 1, filters that the phases do not divide into 2 frequencies or more, and a range outside
 * 0 ≤ fMin < fMax ≤ sampleRate/2
 *
 * @example
 * gammatoneFilters({ filters: 16, length: 20, sampleRate: 8000 }).length // 320
 */
export function gammatoneFilters({ filters, length, phases = 2, fMin = 100, ...spacing }: GammatoneOptions): Float64Array {
  for (const [name, value] of Object.entries({ filters, length, phases })) {
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`gammatones, ${name}: ${value}; allowed are whole numbers ≥ 1`)
  }
  if (filters % phases !== 0 || filters < 2 * phases)
    throw new RangeError(`gammatones, filters: ${filters}; needs a multiple of the ${phases} phases, ${2 * phases} or more`)
  const bank = new Float64Array(filters * length)
  for (const [i, hertz] of spacedFrequencies(filters / phases, { ...spacing, fMin }).entries()) {
    const bandwidth = 1.019 * 24.7 * (0.00437 * hertz + 1)
    for (let phase = 0; phase < phases; phase++) {
      const row = bank.subarray((i * phases + phase) * length, (i * phases + phase + 1) * length)
      // From half a sample on: at t = 0 a gammatone is 0 whatever it is.
      for (let n = 0; n < length; n++) {
        const t = (n + 0.5) / spacing.sampleRate
        row[n] = t ** 3 * Math.exp(-2 * Math.PI * bandwidth * t) * Math.cos(2 * Math.PI * (hertz * t + phase / phases))
      }
      const norm = Math.sqrt(row.reduce((sum, value) => sum + value ** 2, 0))
      for (let n = 0; n < length; n++) row[n]! /= norm
    }
  }
  return bank
}

/** Filters that undo others about as well as their plain adjoint can: the same, scaled so that white noise keeps its energy on average. */
export function adjointFilters(bank: Float64Array, hop: number): Float64Array {
  const energy = bank.reduce((sum, value) => sum + value ** 2, 0)
  return bank.map((value) => (value * hop) / energy)
}
