import { describe, expect, it } from 'vitest'
import { oracleMasks, oracleRatioMask, sdr } from '../../src/evaluation/index.ts'
import { createOracle } from '../../src/evaluation/oracle.ts'
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

describe('ideal masks of several sources', () => {
  const sources = [[sine(300)], [sine(2500)], [noise(8).map((x) => x / 50)]]
  const mixture = sources[0]![0]!.map((_, i) => sources.reduce((sum, [x]) => sum + x![i]!, 0))

  it.each(['ratio', 'binary'] as const)('3.43 the %s mask separates three sources, which sum to the mixture', (mask) => {
    const made = oracleMasks(sources, mask)
    expect(made).toHaveLength(3)
    // The clicks of the cut ends overlap.
    for (const j of [0, 1]) expect(sdr(sources[j]!, made[j]!)).toBeGreaterThan(25)
    // Two float32 roundings.
    for (let i = 0; i < FRAMES; i += 41) expect(made.reduce((sum, [x]) => sum + x![i]!, 0)).toBeCloseTo(mixture[i]!, 6)
  })

  it('3.43 the binary mask gives a bin to its loudest source, and to the first of equal ones', () => {
    const x = noise(5)
    const [soft, loud] = oracleMasks([[x.map((s) => 0.9 * s)], [x]], 'binary')
    // All bins have one ratio, so that the loud source takes all of the mixture.
    expect(Math.max(...soft![0]!.map(Math.abs))).toBe(0)
    expect(loud![0]![5000]).toBeCloseTo(1.9 * x[5000]!, 6)
    const [first] = oracleMasks([[x], [x]], 'binary')
    expect(first![0]![5000]).toBeCloseTo(2 * x[5000]!, 6)
  })

  it('3.43 gives block by block what it gives at once, whatever the blocks, and refuses sizes that do not fit', () => {
    const whole = oracleMasks(sources, 'ratio')
    const oracle = createOracle(3, 1, 'ratio')
    const parts: Float32Array[][][] = []
    for (const [from, to] of [
      [0, 1],
      [1, 3000],
      [3000, 3100],
      [3100, FRAMES],
    ] as const)
      parts.push(
        oracle.push(
          sources.map((s) => s.map((x) => x.subarray(from, to))),
          [mixture.subarray(from, to)],
        ),
      )
    parts.push(oracle.flush())
    for (const j of [0, 1, 2]) {
      const joined = parts.flatMap((part) => Array.from(part[j]![0]!))
      expect(joined).toHaveLength(FRAMES)
      for (let i = 0; i < FRAMES; i += 17) expect(joined[i]).toBeCloseTo(whole[j]![0]![i]!, 6)
    }
    expect(() => createOracle(2, 1, 'ratio', { size: 1000 })).toThrow(/size 1000; allowed are powers of two/)
    expect(() => createOracle(2, 1, 'ratio', { size: 1024, hop: 1024 })).toThrow(/hop 1024; allowed are divisors of 1024 up to 512/)
  })
})
