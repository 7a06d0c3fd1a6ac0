/** Overlap-add must give every sample a total weight of one, whatever overlap is asked for, and use no sample of a margin inside the song. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planWindows, windowWeights } from '../../src/separation/window-plan.ts'

describe('planWindows', () => {
  it('by default overlaps by the margins and a short crossfade', () => {
    const plan = planWindows({ windowLength: 1000, margin: 100 })
    expect(plan).toEqual({ length: 1000, margin: 100, hop: 700, fade: 100 })
  })

  it('refuses overlaps that would leave gaps, and names the range', () => {
    const windows = { windowLength: 1000, margin: 100 }
    expect(() => planWindows(windows, 0.1)).toThrow('overlap 0.1 is not between 0.2')
    expect(() => planWindows(windows, 0.99)).toThrow('0.95')
    expect(() => planWindows(windows, Number.NaN)).toThrow(RangeError)
    expect(planWindows(windows, 0.2)).toMatchObject({ hop: 800, fade: 0 })
  })

  it('refuses windows that are all margin', () => {
    expect(() => planWindows({ windowLength: 200, margin: 100 })).toThrow('leave no sample to use')
  })
})

describe('windowWeights', () => {
  it('sum to one over the windows of a song for overlaps up to a half, by sin² + cos² = 1', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 8, max: 300 }),
        fc.double({ min: 0, max: 0.24, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (length, marginShare, fadeShare) => {
          const margin = Math.floor(length * marginShare)
          const usable = length - 2 * margin
          const overlap = (2 * margin + fadeShare * (usable / 2)) / length
          const plan = planWindows({ windowLength: length, margin }, Math.max(overlap, (2 * margin) / length))
          const total = new Float64Array(3 * plan.hop + length)
          for (let k = 0; k < 4; k++) {
            const weights = windowWeights(plan, { first: k === 0, last: k === 3 })
            for (const [i, weight] of weights.entries()) total[k * plan.hop + i]! += weight
          }
          // Weights are 32-bit floats: two roundings of at most 2^-25 each.
          if (plan.hop >= usable / 2) for (const sum of total) expect(Math.abs(sum - 1)).toBeLessThan(2e-7)
          else for (const sum of total) expect(sum).toBeGreaterThan(0.4)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('are zero in the margins inside the song and one at its ends', () => {
    const plan = planWindows({ windowLength: 100, margin: 10 })
    const middle = windowWeights(plan, { first: false, last: false })
    expect(Math.max(...middle.slice(0, 10), ...middle.slice(90))).toBe(0)
    const only = windowWeights(plan, { first: true, last: true })
    expect(Math.min(...only)).toBe(1)
  })
})
