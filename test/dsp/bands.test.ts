import { describe, expect, it } from 'vitest'
import { bandCentres, bandMatrices } from '../../src/dsp/index.ts'

const options = { sampleRate: 44100, nFft: 4096, bands: 256, highest: 20000 }

describe('bands', () => {
  it('are one bin apart at the bottom, a constant ratio apart at the top, and end at the highest centre', () => {
    const centres = bandCentres(options)
    expect(Array.from(centres.subarray(0, 40))).toEqual(Array.from({ length: 40 }, (_, i) => i))
    const ratio = (i: number) => centres[i]! / centres[i - 1]!
    expect(ratio(255)).toBeCloseTo(ratio(200), 10)
    expect(ratio(255)).toBeGreaterThan(1.01)
    expect((centres[255]! * 44100) / 4096).toBeCloseTo(20000, 3)
  })

  it('average and interpolate without gain: constants stay constants both ways (rounding, 1e-12)', () => {
    const { analysis, synthesis } = bandMatrices(options)
    const bins = 2049
    for (let band = 0; band < 256; band++) {
      let total = 0
      for (let bin = 0; bin < bins; bin++) total += analysis[bin * 256 + band]!
      expect(Math.abs(total - 1)).toBeLessThan(1e-12)
    }
    for (let bin = 0; bin < bins; bin++) {
      let total = 0
      for (let band = 0; band < 256; band++) total += synthesis[band * bins + bin]!
      expect(Math.abs(total - 1)).toBeLessThan(1e-12)
    }
  })

  it('refuse more bands than bins and centres above half the sample rate', () => {
    expect(() => bandCentres({ ...options, bands: 3000 })).toThrow(/bands: 3000 up to 20000 Hz; needs 2 ≤ bands ≤ 1858/)
    expect(() => bandCentres({ ...options, highest: 30000 })).toThrow(/highest ≤ 22050/)
  })

  it('refuse so few bands that the last would end below the highest centre, and take the number they name', () => {
    expect(() => bandCentres({ ...options, bands: 12 })).toThrow(/bands: 12 end at bin 1024 below 20000 Hz.*needs 13 or more/)
    // The bisection's last interval is 2^-60 wide; rounding of a sum of that size remains.
    expect((bandCentres({ ...options, bands: 13 })[12]! * 44100) / 4096).toBeCloseTo(20000, 8)
  })
})
