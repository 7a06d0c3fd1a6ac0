/** Moments, peaks and keys against values by hand and by trying everything. */
import { describe, expect, it } from 'vitest'
import { detectionScores, keyScore, matchEvents, pickPeaks } from '../../src/evaluation/index.ts'
import { createRandom } from '../../src/tensor/index.ts'

/** The largest matching, by trying for each true moment every estimate that is left, and none. */
function largestMatching(truth: readonly number[], estimated: readonly number[], tolerance: number): number {
  const [first, ...rest] = truth
  if (first === undefined) return 0
  let best = largestMatching(rest, estimated, tolerance)
  for (const [i, time] of estimated.entries())
    if (Math.abs(time - first) <= tolerance) best = Math.max(best, 1 + largestMatching(rest, estimated.toSpliced(i, 1), tolerance))
  return best
}

describe('events', () => {
  it('1.14 time-varying task head: onsets are right within ±50 ms, each matched once', () => {
    expect(matchEvents([1], [1.05])).toEqual({ matched: 1, truth: 1, estimated: 1 })
    expect(matchEvents([1], [1.051])).toEqual({ matched: 0, truth: 1, estimated: 1 })
    expect(matchEvents([1], [0.97, 1, 1.03]).matched).toBe(1)
    expect(matchEvents([1, 1.04], [1.02]).matched).toBe(1)
    // Taking the nearest pair first, 1.05 with 1.04, would leave nothing for 1.00.
    expect(matchEvents([1, 1.05], [1.04, 1.1]).matched).toBe(2)
    expect(matchEvents([], [1])).toEqual({ matched: 0, truth: 0, estimated: 1 })
  })

  it('1.14 time-varying task head: the matching is the largest there is', () => {
    const random = createRandom(3)
    for (let trial = 0; trial < 200; trial++) {
      const draw = () => Array.from({ length: random.integer(0, 6) }, () => random.uniform(0, 0.5))
      const [truth, estimated] = [draw(), draw()]
      expect(matchEvents(truth, estimated).matched).toBe(largestMatching(truth, estimated, 0.05))
    }
  })

  it('1.14 time-varying task head: precision, recall and F1, of nothing too', () => {
    expect(detectionScores({ matched: 3, truth: 4, estimated: 6 })).toEqual({ precision: 0.5, recall: 0.75, f1: 0.6 })
    expect(detectionScores({ matched: 0, truth: 4, estimated: 0 })).toEqual({ precision: 0, recall: 0, f1: 0 })
    expect(detectionScores({ matched: 0, truth: 0, estimated: 2 })).toEqual({ precision: 0, recall: 0, f1: 0 })
    expect(detectionScores({ matched: 0, truth: 0, estimated: 0 })).toEqual({ precision: 1, recall: 1, f1: 1 })
  })

  it('1.14 time-varying task head: peaks are above the threshold, the largest near them, and one of equals', () => {
    expect(pickPeaks([0.2, 0.5, 0.2, 0, 0, 0.49])).toEqual([1])
    expect(pickPeaks([0.2, 0.5, 0.2, 0, 0, 0.49], { threshold: 0.4 })).toEqual([1, 5])
    expect(pickPeaks([0.9, 0, 0, 0.8, 0, 0, 0, 0.7])).toEqual([0, 7])
    expect(pickPeaks([0.9, 0, 0, 0.8, 0, 0, 0, 0.7], { neighbours: 2 })).toEqual([0, 3, 7])
    expect(pickPeaks([0.6, 0.6, 0.6, 0.6, 0.6, 0.6])).toEqual([0])
    expect(pickPeaks([Number.NaN, 0.9])).toEqual([1])
    expect(pickPeaks([])).toEqual([])
  })

  it('refuses what is no time, no tolerance and no neighbourhood', () => {
    expect(() => matchEvents([1, Number.NaN], [])).toThrow('truth[1] is NaN; allowed are finite times')
    expect(() => matchEvents([], [Infinity])).toThrow('estimated[0] is Infinity')
    expect(() => matchEvents([], [], -1)).toThrow('tolerance -1; allowed are seconds ≥ 0')
    expect(() => pickPeaks([1], { neighbours: 0 })).toThrow('neighbours 0; allowed are whole numbers ≥ 1')
  })
})

describe('keys', () => {
  it('1.15 time-invariant task head: MIREX forgives the fifth above, the relative and the parallel key', () => {
    // C major: itself, G major, A minor, C minor, F major, E minor.
    expect([0, 7, 21, 12, 5, 16].map((key) => keyScore(0, key))).toEqual([1, 0.5, 0.3, 0.2, 0, 0])
    // A minor: itself, E minor, C major, A major, D minor, F# minor.
    expect([21, 16, 0, 9, 14, 18].map((key) => keyScore(21, key))).toEqual([1, 0.5, 0.3, 0.2, 0, 0])
    expect(() => keyScore(0, 24)).toThrow('estimated 24; allowed are whole numbers from 0 to 23')
    expect(() => keyScore(0.5, 2)).toThrow('truth 0.5')
  })
})
