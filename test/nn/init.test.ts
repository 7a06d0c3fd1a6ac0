/** Initial values against the definitions of torch.nn.init. */
import { describe, expect, it } from 'vitest'
import {
  calculateGain,
  constantInit,
  diracInit,
  eyeInit,
  type GainNonlinearity,
  type Init,
  kaimingNormal,
  kaimingUniform,
  normalInit,
  onesInit,
  orthogonalInit,
  truncatedNormalInit,
  uniformInit,
  xavierNormal,
  xavierUniform,
  zerosInit,
} from '../../src/nn/index.ts'
import { createRandom, type Shape, sizeOf } from '../../src/tensor/index.ts'

function drawn(init: Init, shape: Shape, seed = 1): Float32Array {
  const values = new Float32Array(sizeOf(shape))
  init(values, shape, createRandom(seed))
  return values
}

const meanOf = (values: ArrayLike<number>, f: (x: number) => number = (x) => x) =>
  Array.from(values).reduce((total, x) => total + f(x), 0) / values.length

/** 480 inputs meet in an output, an input goes to 960 outputs: in PyTorch's words fan_in and fan_out. */
const shape = [64, 32, 3, 5]
const n = sizeOf(shape)

// Four deviations of chance: of a mean σ/√n, of a share √(p(1 − p)/n), of σ itself σ·√((k − 1)/4n), where k is the fourth moment over σ⁴.
describe('5.5 initialisers', () => {
  it.each<[string, Init, number]>([
    ['uniform in ±0.3', uniformInit(0.3), 0.3],
    ['Xavier', xavierUniform(), Math.sqrt(6 / (480 + 960))],
    ['Xavier for tanh', xavierUniform(5 / 3), (5 / 3) * Math.sqrt(6 / (480 + 960))],
    ['Kaiming', kaimingUniform(), Math.sqrt(2) * Math.sqrt(3 / 480)],
    ['Kaiming by outputs', kaimingUniform({ mode: 'fan_out' }), Math.sqrt(2) * Math.sqrt(3 / 960)],
    ['Kaiming, slope √5', kaimingUniform({ slope: Math.sqrt(5) }), 1 / Math.sqrt(480)],
    ['Kaiming, linear', kaimingUniform({ nonlinearity: 'linear' }), Math.sqrt(3 / 480)],
  ])('5.5 uniform ones fill their bounds: %s', (_, init, bound) => {
    const values = drawn(init, shape)
    const largest = values.reduce((top, x) => Math.max(top, Math.abs(x)), 0)
    expect(largest).toBeLessThanOrEqual(Math.fround(bound))
    expect(largest).toBeGreaterThan(bound * (1 - 20 / n))
    const deviation = bound / Math.sqrt(3)
    expect(Math.abs(meanOf(values))).toBeLessThan((4 * deviation) / Math.sqrt(n))
    expect(Math.abs(Math.sqrt(meanOf(values, (x) => x * x)) / deviation - 1)).toBeLessThan(4 * Math.sqrt(0.8 / (4 * n)))
    expect(Math.abs(meanOf(values, (x) => (x < bound / 2 ? 1 : 0)) - 0.75)).toBeLessThan(4 * Math.sqrt(0.1875 / n))
  })

  it.each<[string, Init, number, number?]>([
    ['deviation 0.02', normalInit(0.02), 0.02],
    ['mean 3', normalInit(0.5, 3), 0.5, 3],
    ['Xavier', xavierNormal(), Math.sqrt(2 / (480 + 960))],
    ['Xavier, gain 2', xavierNormal(2), 2 * Math.sqrt(2 / (480 + 960))],
    ['Kaiming', kaimingNormal(), Math.sqrt(2 / 480)],
    ['Kaiming by outputs, leaky', kaimingNormal({ mode: 'fan_out', slope: 0.2 }), Math.sqrt(2 / 1.04 / 960)],
    ['Kaiming, tanh', kaimingNormal({ nonlinearity: 'tanh' }), 5 / 3 / Math.sqrt(480)],
  ])('5.5 normal ones have their deviation and are normal: %s', (_, init, deviation, mean = 0) => {
    const values = drawn(init, shape)
    expect(Math.abs(meanOf(values) - mean)).toBeLessThan((4 * deviation) / Math.sqrt(n))
    expect(Math.abs(Math.sqrt(meanOf(values, (x) => (x - mean) ** 2)) / deviation - 1)).toBeLessThan(4 * Math.sqrt(2 / (4 * n)))
    // Φ of the table.
    for (const [z, share] of [
      [-1, 0.158655],
      [0.5, 0.691462],
      [2, 0.97725],
    ] as const) {
      expect(Math.abs(meanOf(values, (x) => (x < mean + z * deviation ? 1 : 0)) - share)).toBeLessThan(
        4 * Math.sqrt((share * (1 - share)) / n),
      )
    }
  })

  it('5.5 truncated normal ones stay within their bounds and are normal between them', () => {
    const values = drawn(truncatedNormalInit(), [n])
    expect(values.reduce((top, x) => Math.max(top, Math.abs(x)), 0)).toBeLessThanOrEqual(2)
    // Var = 1 − 4φ(2)/(2Φ(2) − 1) = 0.773741, whose fourth moment is 1.4161 (by numerical integration); Φ between ±2: (0.691462 − 0.02275)/0.9545.
    expect(Math.abs(meanOf(values, (x) => x * x) - 0.773741)).toBeLessThan(4 * Math.sqrt((1.4161 - 0.773741 ** 2) / n))
    expect(Math.abs(meanOf(values, (x) => (x < 0.5 ? 1 : 0)) - 0.700589)).toBeLessThan(4 * Math.sqrt(0.21 / n))
    // One tail, and bounds that do not matter: the mean of N(0, 1) above 3 is φ(3)/Q(3) = 3.28310.
    const tail = drawn(truncatedNormalInit({ mean: 1, deviation: 2, low: 7, high: 1e9 }), [n])
    expect(tail.reduce((least, x) => Math.min(least, x), Number.POSITIVE_INFINITY)).toBeGreaterThanOrEqual(7)
    expect(Math.abs(meanOf(tail) - (1 + 2 * 3.2831))).toBeLessThan((4 * 2 * 0.266) / Math.sqrt(n))
    const free = drawn(truncatedNormalInit({ deviation: 0.02 }), [n])
    expect(Math.abs(Math.sqrt(meanOf(free, (x) => x * x)) / 0.02 - 1)).toBeLessThan(4 * Math.sqrt(2 / (4 * n)))
  })

  it.each<[Shape, number]>([
    [[20, 20], 1],
    [[12, 40], 1],
    [[40, 12], 2],
    [[16, 4, 3, 3], 0.5],
    [[1, 7], 1],
  ])('5.5 orthogonal ones of shape %j, gain %f: W·Wᵀ or Wᵀ·W is gain² on the diagonal', (size, gain) => {
    const values = drawn(orthogonalInit(gain), size)
    const [rows, columns] = [size[0]!, sizeOf(size.slice(1))]
    const count = Math.min(rows, columns)
    const at = (vector: number, k: number) => (rows > columns ? values[k * columns + vector]! : values[vector * columns + k]!)
    for (let i = 0; i < count; i++) {
      for (let j = 0; j <= i; j++) {
        let product = 0
        for (let k = 0; k < Math.max(rows, columns); k++) product += at(i, k) * at(j, k)
        // Values are float32: 6e-8 of gain² and its square root many; the specification asks for 1e-6.
        expect(Math.abs(product - (i === j ? gain ** 2 : 0))).toBeLessThan(1e-6 * gain ** 2)
      }
    }
  })

  it('5.5 orthogonal ones are drawn evenly: no sign and no place is preferred', () => {
    const draws = Array.from({ length: 4000 }, (_, seed) => drawn(orthogonalInit(), [2, 2], seed))
    // The first value is the cosine of an even angle: mean 0, mean square 1/2 with variance 1/8; half of the matrices are reflections.
    expect(Math.abs(meanOf(draws.map((w) => w[0]!)))).toBeLessThan(4 * Math.sqrt(0.5 / 4000))
    expect(Math.abs(meanOf(draws.map((w) => w[0]! ** 2)) - 0.5)).toBeLessThan(4 * Math.sqrt(0.125 / 4000))
    expect(Math.abs(meanOf(draws.map((w) => (w[0]! * w[3]! > w[1]! * w[2]! ? 1 : 0))) - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / 4000))
  })

  it('5.5 zeros, ones, constants, identities', () => {
    expect(drawn(zerosInit, [3])).toEqual(Float32Array.of(0, 0, 0))
    expect(drawn(onesInit, [2])).toEqual(Float32Array.of(1, 1))
    expect(drawn(constantInit(0.5), [2])).toEqual(Float32Array.of(0.5, 0.5))
    expect(drawn(eyeInit, [2, 3])).toEqual(Float32Array.of(1, 0, 0, 0, 1, 0))
    expect(drawn(eyeInit, [3, 2])).toEqual(Float32Array.of(1, 0, 0, 1, 0, 0))
  })

  it('5.5 Dirac kernels pass channels through, group by group', () => {
    expect(drawn(diracInit(), [2, 2, 3])).toEqual(Float32Array.of(0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0))
    // An even kernel has its tap after the middle, as in PyTorch; the third output has no input left.
    expect(drawn(diracInit(), [3, 2, 2])).toEqual(Float32Array.of(0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0))
    expect(drawn(diracInit(2), [4, 2, 1])).toEqual(Float32Array.of(1, 0, 0, 1, 1, 0, 0, 1))
    const plane = drawn(diracInit(), [1, 1, 3, 4])
    expect(plane.indexOf(1)).toBe(1 * 4 + 2)
    expect(plane.reduce((total, x) => total + x)).toBe(1)
  })

  // torch.nn.init.calculate_gain of 1.13.
  it.each<[GainNonlinearity, number | undefined, number]>([
    ['linear', undefined, 1],
    ['conv', undefined, 1],
    ['sigmoid', undefined, 1],
    ['tanh', undefined, 1.6666666666666667],
    ['relu', undefined, Math.SQRT2],
    ['leaky_relu', undefined, 1.4141428569978354],
    ['leaky_relu', 0.2, 1.3867504905630728],
    ['selu', undefined, 0.75],
  ])('5.5 the gain of %s (%f) is %f', (name, slope, gain) => {
    expect(calculateGain(name, slope)).toBeCloseTo(gain, 14)
  })

  it('5.5 equal seeds give equal values, others do not', () => {
    for (const init of [xavierUniform(), kaimingNormal(), truncatedNormalInit(), orthogonalInit()]) {
      expect(drawn(init, [4, 3], 5)).toEqual(drawn(init, [4, 3], 5))
      expect(drawn(init, [4, 3], 6)).not.toEqual(drawn(init, [4, 3], 5))
    }
  })

  it('5.5 refuses shapes without fans, and arguments out of range, by name', () => {
    expect(() => drawn(xavierUniform(), [3])).toThrow(/xavierUniform: a parameter \(3\) has no fans; allowed are 2 axes or more/)
    expect(() => drawn(kaimingNormal(), [])).toThrow(/kaimingNormal: .* no fans/)
    expect(() => drawn(orthogonalInit(), [3])).toThrow(/orthogonalInit: a parameter \(3\) is no matrix/)
    expect(() => drawn(eyeInit, [2, 2, 2])).toThrow(/eyeInit: a parameter \(2, 2, 2\); allowed are matrices/)
    expect(() => drawn(diracInit(), [2, 2])).toThrow(/diracInit: a parameter \(2, 2\); allowed are weights of convolutions/)
    expect(() => drawn(diracInit(2), [3, 1, 3])).toThrow(/2 groups of 3 outputs; allowed are divisors/)
    expect(() => uniformInit(1, 0)).toThrow(/bounds 1 and 0/)
    expect(() => normalInit(-1)).toThrow(/deviation -1; allowed are numbers ≥ 0/)
    expect(() => truncatedNormalInit({ deviation: 0 })).toThrow(/deviation 0; allowed are numbers above 0/)
    expect(() => truncatedNormalInit({ low: 2, high: 1 })).toThrow(/bounds 2 and 1/)
    expect(() => calculateGain('swish' as GainNonlinearity)).toThrow(/no gain of "swish" is known; allowed are linear, conv/)
  })
})
