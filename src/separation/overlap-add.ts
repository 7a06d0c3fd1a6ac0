/** Weighted overlap-add: the estimates of overlapping windows become one stream, each sample divided by the sum of its weights. */

import { type WindowEnds, type WindowPlan, windowWeights } from './window-plan.ts'

export interface OverlapAdd {
  /**
   * Adds the estimates of the window that starts at `start`; windows come in order.
   *
   * @param planes One array of at least `length` samples per plane.
   * @param length Samples that belong to the song: less than the window only for a song shorter than one window.
   */
  add(start: number, length: number, planes: readonly Float32Array[], ends: WindowEnds): void
  /** The finished samples from the last position taken up to `until`, before which no later window may weigh anything. */
  take(until: number): Float32Array[]
}

/** An overlap-add of `planes` independent signals (stems × channels). */
export function createOverlapAdd(plan: WindowPlan, planes: number): OverlapAdd {
  const sums = Array.from({ length: planes }, () => new Float32Array(plan.length))
  const weightSums = new Float32Array(plan.length)
  const weightsByEnds = new Map<string, Float32Array>()
  let base = 0 // position of index 0

  const weightsFor = (ends: WindowEnds): Float32Array => {
    const key = `${ends.first} ${ends.last}`
    let weights = weightsByEnds.get(key)
    if (!weights) {
      weights = windowWeights(plan, ends)
      weightsByEnds.set(key, weights)
    }
    return weights
  }

  return {
    add(start, length, estimates, ends) {
      const weights = weightsFor(ends)
      const skipped = Math.max(0, base - start)
      const shift = start - base
      for (const [p, sum] of sums.entries()) {
        const estimate = estimates[p]!
        for (let i = skipped; i < length; i++) sum[shift + i]! += weights[i]! * estimate[i]!
      }
      for (let i = skipped; i < length; i++) weightSums[shift + i]! += weights[i]!
    },
    take(until) {
      const count = until - base
      const taken = sums.map((sum) => {
        const out = sum.slice(0, count)
        for (let i = 0; i < count; i++) out[i]! /= weightSums[i]!
        return out
      })
      for (const sum of [...sums, weightSums]) {
        sum.copyWithin(0, count)
        sum.fill(0, sum.length - count)
      }
      base = until
      return taken
    },
  }
}
