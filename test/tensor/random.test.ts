import { describe, expect, it } from 'vitest'
import { createRandom, foldKey, type RandomState, restoreRandom } from '../../src/tensor/index.ts'

describe('createRandom', () => {
  it('gives every key a stream of its own, the same each time', () => {
    const draw = (...key: number[]) => {
      const random = createRandom(...key)
      return Array.from({ length: 5 }, () => random.uniform())
    }
    expect(draw(1, 2)).toEqual(draw(1, 2))
    const streams = [[1, 2], [2, 1], [1], [1, 2, 0], [0, 1, 2], [1, 3]].map((key) => draw(...key).join())
    expect(new Set(streams).size).toBe(streams.length)
  })

  it('draws uniformly and independently: moments, correlation and buckets within 5 deviations of chance', () => {
    const n = 100_000
    const random = createRandom(7)
    const values = Float64Array.from({ length: n }, () => random.uniform())
    const mean = values.reduce((a, b) => a + b, 0) / n
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / n
    let lag = 0
    for (let i = 1; i < n; i++) lag += ((values[i]! - 0.5) * (values[i - 1]! - 0.5)) / n
    expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / n))
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(5 * Math.sqrt(1 / 180 / n))
    expect(Math.abs(lag)).toBeLessThan(5 / 12 / Math.sqrt(n))
    const buckets = new Array<number>(64).fill(0)
    for (const value of values) buckets[Math.floor(value * 64)]!++
    const chi = buckets.reduce((sum, count) => sum + (count - n / 64) ** 2 / (n / 64), 0)
    expect(chi).toBeLessThan(63 + 5 * Math.sqrt(2 * 63))
  })

  it('first draws of neighbouring keys are independent too', () => {
    const n = 20_000
    const values = Array.from({ length: n }, (_, key) => createRandom(3, key).uniform())
    let lag = 0
    for (let i = 1; i < n; i++) lag += ((values[i]! - 0.5) * (values[i - 1]! - 0.5)) / n
    expect(Math.abs(lag)).toBeLessThan(5 / 12 / Math.sqrt(n))
  })

  it('has normal draws of mean 0 and deviation 1, integers with both ends, and the chance it is asked for', () => {
    const n = 50_000
    const random = createRandom(11)
    const normals = Array.from({ length: n }, () => random.normal())
    expect(Math.abs(normals.reduce((a, b) => a + b, 0) / n)).toBeLessThan(5 / Math.sqrt(n))
    expect(Math.abs(normals.reduce((a, b) => a + b * b, 0) / n - 1)).toBeLessThan(5 * Math.sqrt(2 / n))
    expect(new Set(Array.from({ length: 200 }, () => random.integer(-1, 1)))).toEqual(new Set([-1, 0, 1]))
    const hits = Array.from({ length: n }, () => random.chance(0.2)).filter(Boolean).length
    expect(Math.abs(hits / n - 0.2)).toBeLessThan(5 * Math.sqrt(0.16 / n))
  })

  it('5.4 a stream goes on from its state, which is plain numbers, as if it had not been left', () => {
    const random = createRandom(42, 7)
    for (let i = 0; i < 5; i++) random.normal()
    const saved = JSON.parse(JSON.stringify(random.state())) as RandomState
    const draw = () => [random.uniform(), random.normal(), random.integer(0, 99), random.chance(0.5), random.pick(['a', 'b', 'c'])]
    const wanted = draw()
    const later = draw()
    const again = restoreRandom(saved)
    expect([again.uniform(), again.normal(), again.integer(0, 99), again.chance(0.5), again.pick(['a', 'b', 'c'])]).toEqual(wanted)
    expect(again.state()).toEqual({ ...saved, counter: saved.counter + 6 })
    expect(later).not.toEqual(wanted)
    // Two draws make a normal number.
    expect(saved.counter).toBe(10)
    expect(restoreRandom(createRandom(3).state()).uniform()).toBe(createRandom(3).uniform())
  })

  it('5.4 refuses what is no state', () => {
    const state = createRandom(1).state()
    expect(() => restoreRandom({ ...state, low: -1 })).toThrow(/restoreRandom: low -1; allowed are whole numbers of 32 bits/)
    expect(() => restoreRandom({ ...state, high: 2 ** 32 })).toThrow(/high 4294967296/)
    expect(() => restoreRandom({ ...state, counter: 0.5 })).toThrow(/counter 0.5; allowed are whole numbers ≥ 0/)
  })

  it('refuses keys that are no whole numbers, and an empty choice', () => {
    expect(() => foldKey(0.5)).toThrow(/key words are safe integers, got 0.5/)
    expect(() => createRandom(1).pick([])).toThrow(/the list is empty/)
  })
})
