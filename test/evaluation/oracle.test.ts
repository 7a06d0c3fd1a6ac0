import { describe, expect, it } from 'vitest'
import { oracleRatioMask, sdr } from '../../src/evaluation/index.ts'
import { createRandom } from '../../src/tensor/random.ts'

const FRAMES = 10_001
const sine = (hz: number): Float32Array => Float32Array.from({ length: FRAMES }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * i) / 44100))
const noise = (seed: number): Float32Array => {
  const random = createRandom(seed)
  return Float32Array.from({ length: FRAMES }, () => random.uniform(-0.5, 0.5))
}

describe('the ideal ratio mask', () => {
  it('separates what does not overlap, ends included', () => {
    const [v, a] = [[sine(440)], [sine(3000)]]
    const made = oracleRatioMask(v, a)
    // The sidelobes of the Hann window 120 bins away lie far below; what is left (about −37 dB) are the clicks of the cut ends, which overlap.
    expect(sdr(v, made.vocals)).toBeGreaterThan(35)
    expect(sdr(a, made.accompaniment)).toBeGreaterThan(35)
  })

  it('gives estimates that sum to the mixture, at any length and channel count', () => {
    const v = [noise(1), noise(2)]
    const a = [noise(3), noise(4)]
    const made = oracleRatioMask(v, a)
    for (const c of [0, 1]) {
      expect(made.vocals[c]!.length).toBe(FRAMES)
      // Two float32 roundings.
      for (let i = 0; i < FRAMES; i += 37) expect(made.vocals[c]![i]! + made.accompaniment[c]![i]!).toBeCloseTo(v[c]![i]! + a[c]![i]!, 6)
    }
  })

  it('gives back all of the mixture where one stem is silent', () => {
    const v = [noise(1)]
    const made = oracleRatioMask(v, [new Float32Array(FRAMES)])
    // The transform and its inverse in double precision, stored in single: 24 bits.
    expect(sdr(v, made.vocals)).toBeGreaterThan(90)
    expect(oracleRatioMask([new Float32Array(FRAMES)], v).vocals[0]!.every((x) => Math.abs(x) < 1e-9)).toBe(true)
  })

  it('is the power ratio: equal magnitudes in a bin are shared in halves, a tenth of the amplitude keeps a hundredth of the bin', () => {
    // Two stems of one shape: every bin has the same ratio, so that the mask is one number.
    const x = noise(5)
    const tenth = x.map((s) => s / 10)
    const made = oracleRatioMask([tenth], [x])
    const mask = made.vocals[0]![5000]! / (x[5000]! * 1.1)
    expect(mask).toBeCloseTo(0.01 / 1.01, 6)
    expect(oracleRatioMask([tenth], [x], { power: 1 }).vocals[0]![5000]! / (x[5000]! * 1.1)).toBeCloseTo(0.1 / 1.1, 6)
  })
})
