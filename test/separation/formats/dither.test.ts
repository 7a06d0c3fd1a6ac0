/** Noise for samples that lose depth: what it is, and what it does to the error. */

import { describe, expect, it } from 'vitest'
import { quantise } from '../../../src/audio/index.ts'
import { createDither } from '../../../src/separation/dither.ts'
import { round } from '../../../src/separation/round-stems.ts'

const format = { kind: 'int', bits: 16 } as const
const step = 2 ** -15
const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length

describe('createDither', () => {
  it('gives triangular noise of one step to either side', () => {
    const noise = createDither(format)
      .noise('vocals', 0, 0, 100_000)
      .map((value) => value / step)
    expect(Math.max(...noise)).toBeLessThan(1)
    expect(Math.min(...noise)).toBeGreaterThan(-1)
    // Variance 1/6; both within four standard errors of 100 000 draws (0.0013 of the mean, 0.0007 of the variance).
    expect(Math.abs(mean(noise))).toBeLessThan(0.0052)
    expect(Math.abs(mean(noise.map((value) => value ** 2)) - 1 / 6)).toBeLessThan(0.0028)
    // A triangle has a quarter of its weight beyond half a step, a uniform value a half.
    expect(Math.abs(mean(noise.map((value) => (Math.abs(value) > 0.5 ? 1 : 0))) - 0.25)).toBeLessThan(0.0055)
  })

  it('is found by position: any cut into blocks gives the same', () => {
    const whole = createDither(format).noise('vocals', 1, 0, 20_000)
    const pieces = createDither(format)
    for (const [from, length] of [
      [0, 1],
      [1, 4095],
      [4096, 10_000],
      [19_000, 1000],
    ] as const)
      expect(pieces.noise('vocals', 1, from, length)).toEqual(whole.slice(from, from + length))
  })

  it('has other values for each signal and channel', () => {
    const dither = createDither(format)
    const [a, b, c] = [dither.noise('vocals', 0, 0, 1000), dither.noise('vocals', 1, 0, 1000), dither.noise('mixture', 0, 0, 1000)]
    for (const [x, y] of [
      [a, b],
      [a, c],
      [b, c],
    ] as const) {
      // Correlation of 1000 independent values: within four standard errors, 4/√1000.
      expect(Math.abs((6 / step ** 2) * mean(x.map((value, i) => value * y[i]!)))).toBeLessThan(0.127)
    }
  })

  it('makes the mean of what is rounded that of what was there, below the last bit too', () => {
    const value = 0.3 * step
    const samples = [new Float64Array(50_000).fill(value)]
    expect(mean(quantise(samples[0]!, format))).toBe(0)
    const [rounded] = round('vocals', samples, 0, { format, dither: createDither(format) })
    // The error of dithered rounding has a variance of step²/4: four standard errors of 50 000 draws.
    expect(Math.abs(mean(rounded!) - value)).toBeLessThan(4 * 0.5 * step * 50_000 ** -0.5)
  })
})
