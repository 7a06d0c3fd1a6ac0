import { describe, expect, it } from 'vitest'
import { LIMIT_DB, sdr, siSdr, subtract } from '../../src/evaluation/index.ts'
import { createRandom } from '../../src/tensor/random.ts'

// Example of the project's list of building blocks, 3.33.
const reference = [Float64Array.of(1, -2, 3, -4, 5)]
const estimate = [Float64Array.of(1.1, -1.9, 3.2, -3.8, 5.3)]
const silence = [new Float64Array(5)]

const noise = (seed: number, frames = 1000): Float64Array => {
  const random = createRandom(seed)
  return Float64Array.from({ length: frames }, () => random.normal())
}

describe('sdr', () => {
  it('gives the golden value', () => {
    expect(sdr(reference, estimate)).toBeCloseTo(24.616091, 6)
  })

  it('takes all channels together: a second channel without error adds its power', () => {
    const power = 55
    const error = power / 10 ** (sdr(reference, estimate) / 10)
    expect(sdr([...reference, ...reference], [...estimate, ...reference])).toBeCloseTo(10 * Math.log10((2 * power) / error), 9)
  })

  it('is 0 dB for silence in place of a sound', () => {
    expect(sdr(reference, silence)).toBe(0)
  })
})

describe('siSdr', () => {
  it('gives the golden value', () => {
    expect(siSdr(reference, estimate)).toBeCloseTo(25.447478, 6)
  })

  it('does not change with the scale of the estimate', () => {
    for (const scale of [0.01, 3, -2])
      expect(siSdr(reference, [estimate[0]!.map((x) => scale * x)])).toBeCloseTo(siSdr(reference, estimate), 9)
  })

  it('finds the level of added noise', () => {
    const [s, n] = [noise(1, 20000), noise(2, 20000)]
    // Independent noise at −20 dB; its scalar product with the signal scatters by 1/√20000.
    expect(Math.abs(siSdr([s], [s.map((x, i) => x + 0.1 * n[i]!)]) - 20)).toBeLessThan(0.2)
  })
})

describe('silence and exactness', () => {
  it('have finite values at the ends of the scale', () => {
    for (const ratio of [sdr, siSdr]) {
      expect(ratio(silence, silence)).toBe(LIMIT_DB)
      expect(ratio(silence, estimate)).toBe(-LIMIT_DB)
      expect(ratio(reference, reference)).toBe(LIMIT_DB)
    }
    expect(siSdr(reference, silence)).toBe(-LIMIT_DB)
  })

  it('shapes that differ are refused', () => {
    expect(() => sdr(reference, [new Float64Array(4)])).toThrow(
      /one shape, got 1 channel\(s\) of 5 samples and 1 channel\(s\) of 4 samples/,
    )
    expect(() => siSdr(reference, [...estimate, ...estimate])).toThrow(/2 channel\(s\)/)
    expect(() => sdr([], [])).toThrow(/one shape/)
  })
})

it('subtract leaves what the estimate did not take', () => {
  expect(subtract([Float32Array.of(1, 2)], [Float32Array.of(0.5, 3)])).toEqual([Float32Array.of(0.5, -1)])
})
