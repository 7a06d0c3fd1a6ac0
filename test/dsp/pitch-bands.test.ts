/** Bands of pitch: a semitone up is the next band, at every octave. */
import { describe, expect, it } from 'vitest'
import { pitchFilterBank } from '../../src/dsp/index.ts'

const options = { sampleRate: 16000, nFft: 8192, bands: 72, lowest: 110, perOctave: 12 }
const bins = options.nFft / 2 + 1
const rowOf = (bank: Float64Array, band: number) => bank.subarray(band * bins, (band + 1) * bins)

describe('pitch bands', () => {
  it('are triangles around lowest · 2^(k/perOctave) that sum to 1 and end at their neighbours', () => {
    const bank = pitchFilterBank({ ...options, bands: 36 })
    for (const band of [24, 30, 35]) {
      const hertz = (k: number) => 110 * 2 ** (k / 12)
      const row = rowOf(bank, band)
      const [first, last] = [row.findIndex((w) => w > 0), row.findLastIndex((w) => w > 0)].map((bin) => (bin * 16000) / 8192)
      // A bin (2 Hz) is how exact an end can be.
      expect(first! - hertz(band - 1)).toBeGreaterThanOrEqual(0)
      expect(first! - hertz(band - 1)).toBeLessThan(2)
      expect(hertz(band + 1) - last!).toBeGreaterThanOrEqual(0)
      expect(hertz(band + 1) - last!).toBeLessThan(2)
      expect((row.indexOf(Math.max(...row)) * 16000) / 8192).toBeCloseTo(hertz(band), -0.5)
      // Sums of some 50 float64 weights.
      expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12)
    }
  })

  it('have bins where neighbours are closer than those', () => {
    const bank = pitchFilterBank({ sampleRate: 16000, nFft: 512, bands: 12, lowest: 40, perOctave: 12 })
    for (let band = 0; band < 12; band++) {
      const row = bank.subarray(band * 257, (band + 1) * 257)
      expect(row.some((weight) => weight > 0)).toBe(true)
      expect(row.every(Number.isFinite)).toBe(true)
    }
  })

  it('refuse what has no bands, by name and way out', () => {
    expect(() => pitchFilterBank({ ...options, bands: 0 })).toThrow('bands: 0; allowed are whole numbers ≥ 1')
    expect(() => pitchFilterBank({ ...options, lowest: 0 })).toThrow('pitch bands from 0 to 0.0 Hz')
    expect(() => pitchFilterBank({ ...options, bands: 76 })).toThrow('up to half the sample rate, 8000 Hz: use fewer bands')
    expect(() => pitchFilterBank({ ...options, sampleRate: Number.NaN })).toThrow('sampleRate: NaN')
    expect(() => pitchFilterBank({ ...options, perOctave: 1.5 })).toThrow('perOctave: 1.5')
  })
})
