import { describe, expect, it } from 'vitest'
import { createWindow, hann, overlapOf, type Window } from '../../src/dsp/index.ts'
import { goldens, nineDigits, relativeDifference } from './support.ts'

const kaiser = (beta: number): Window => ({ name: 'kaiser', beta })
const choice = (name: string): Window => (name === 'kaiser' ? kaiser(8.6) : (name as Window))

describe('3.22 windows', () => {
  it.each(Object.entries(goldens.windows))('3.22 %s is that of scipy, periodic and symmetric', (name, { periodic, symmetric }) => {
    expect(relativeDifference(createWindow(choice(name), 9), periodic)).toBeLessThan(nineDigits)
    expect(relativeDifference(createWindow(choice(name), 9, { symmetric: true }), symmetric)).toBeLessThan(nineDigits)
  })

  it('3.22 √Hann squared is Hann; one value is 1; values pass through', () => {
    const squared = createWindow('sqrt-hann', 12).map((value) => value ** 2)
    expect(relativeDifference(squared, createWindow('hann', 12))).toBeLessThan(1e-15)
    expect(createWindow('blackman', 1)).toEqual(Float64Array.of(1))
    expect(hann(1)).toEqual(Float64Array.of(1))
    expect(hann(6)).toEqual(createWindow('hann', 6))
    const own = Float64Array.of(1, 2, 3)
    expect(createWindow(own, 3)).toBe(own)
  })

  it('3.22 refuse unknown names, lengths and β', () => {
    expect(() => createWindow('tukey' as Window, 8)).toThrow(/window: "tukey"; allowed are hann, sqrt-hann/)
    expect(() => createWindow('hann', 0)).toThrow('window length: 0; allowed are whole numbers ≥ 1')
    expect(() => createWindow(kaiser(-1), 8)).toThrow('window kaiser: beta -1')
    expect(() => createWindow(Float64Array.of(1, 2), 3)).toThrow('window: 2 values; needs 3')
    expect(() => createWindow(Float64Array.of(1, NaN), 2)).toThrow('window: value 1 is NaN; allowed are finite numbers')
    expect(() => hann(2.5)).toThrow('window length: 2.5')
    for (const other of [{ name: 'tukey', beta: 1 }, 'toString', [1, 2], null]) {
      expect(() => createWindow(other as unknown as Window, 2)).toThrow(`window: ${JSON.stringify(other)}; allowed are hann`)
    }
  })
})

describe('3.22 overlap', () => {
  // Harris 1978 and the definitions: Hann adds up at every hop N/k with k ≥ 2, its square with k ≥ 3, √Hann's square with k ≥ 2.
  it.each([
    ['hann', 8, true, false],
    ['hann', 4, true, true],
    ['sqrt-hann', 8, false, true],
    ['hamming', 8, true, false],
    ['blackman', 4, true, false],
    ['rectangular', 16, true, true],
    ['hann', 5, false, false],
  ] as const)('3.22 of %s, 16 long, hop %i: Σ w constant %s, Σ w² constant %s', (window, hop, cola, colaOfSquares) => {
    const report = overlapOf(window, hop, 16)
    expect(report).toMatchObject({ nola: true, cola, colaOfSquares })
    expect(report.reason).toContain(cola ? 'Σ w' : colaOfSquares ? 'Σ w² constant' : 'neither')
  })

  it('3.22 holes are found, with the hop that closes them', () => {
    expect(overlapOf('hann', 16, 16)).toMatchObject({ nola: false, evenness: 0 })
    expect(overlapOf('hann', 16, 16).reason).toBe(
      'sample 0 of every 16 lies under no window (Σ w² is 0): not invertible; use a hop of at most 8',
    )
    expect(overlapOf(Float64Array.of(0, 0, 1, 0), 2).reason).toContain('use a hop of at most 1')
    expect(overlapOf('hann', 5, 5).reason).toContain('use a hop of at most 2')
    expect(overlapOf(new Float64Array(4), 1).reason).toContain('another window')
    expect(overlapOf(Float64Array.of(1, 1), 3).nola).toBe(false)
    expect(() => overlapOf('hann', 0, 8)).toThrow('hopLength: 0')
  })

  it('3.22 evenness says how unevenly samples are covered: cos⁴ at its least and at most', () => {
    // Hann at hop N/2: Σ w² = 1 − ½ sin²(2πn/N), from ½ to 1.
    expect(overlapOf('hann', 8, 16).evenness).toBeCloseTo(0.5, 12)
  })
})
