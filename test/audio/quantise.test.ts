import { describe, expect, it } from 'vitest'
import { countOverflows, findPeak, quantise } from '../../src/audio/index.ts'

describe('quantise', () => {
  it('gives the nearest multiple of 2^(1 − bits), exactly', () => {
    expect([...quantise(Float32Array.of(0.1, -0.1, 0), { kind: 'int', bits: 16 })]).toEqual([3277 / 32768, -3277 / 32768, 0])
    expect([...quantise(Float64Array.of(0.1), { kind: 'int', bits: 24 })]).toEqual([838861 / 2 ** 23])
    expect([...quantise(Float64Array.of(0.1), { kind: 'int', bits: 8 })]).toEqual([13 / 128])
  })

  it('keeps all 32 bits of an integer, which needs 64-bit numbers', () => {
    const values = Float64Array.of(1 - 2 ** -31, -1, 2 ** -31)
    const rounded = quantise(values, { kind: 'int', bits: 32 })
    expect(rounded).toBeInstanceOf(Float64Array)
    expect(rounded).toEqual(values)
  })

  it('rounds floats to their own width', () => {
    expect([...quantise(Float64Array.of(0.1), { kind: 'float', bits: 32 })]).toEqual([Math.fround(0.1)])
    expect([...quantise(Float64Array.of(0.1), { kind: 'float', bits: 64 })]).toEqual([0.1])
  })

  it('is the identity on what it gave before', () => {
    const once = quantise(
      Float64Array.from({ length: 1000 }, (_, i) => Math.sin(i)),
      { kind: 'int', bits: 24 },
    )
    expect(quantise(once, { kind: 'int', bits: 24 })).toEqual(once)
  })

  it('does not clamp, and tells how many samples a writer would', () => {
    const format = { kind: 'int', bits: 16 } as const
    const loud = Float32Array.of(1.5, -1.5, 1, -1, 1 - 2 ** -15, 0.999999)
    expect([...quantise(loud, format).subarray(0, 4)]).toEqual([1.5, -1.5, 1, -1])
    // 1.5, −1.5, 1 and 0.999999, which rounds to 1, lie outside [−1, 1 − 2^−15].
    expect(countOverflows([loud, loud], format)).toBe(8)
    expect(countOverflows([loud], { kind: 'float', bits: 32 })).toBe(0)
    expect(findPeak([Float32Array.of(0.5), Float32Array.of(-0.75)])).toBe(0.75)
    expect(findPeak([])).toBe(0)
  })

  it('refuses formats that no file has', () => {
    expect(() => quantise(new Float32Array(1), { kind: 'float', bits: 16 })).toThrow(/float samples have 32, 64 bits, got 16/)
  })
})
