/** Means and medians of estimates, sample by sample. */

import { orderLike, type StereoWindow } from '../../models/index.ts'

export type Estimates = Readonly<Record<string, StereoWindow>>

/** Each stem and channel of the estimates, made one. */
function merged(
  estimates: readonly Estimates[],
  stems: readonly string[],
  merge: (all: readonly Float32Array[]) => Float32Array,
): Record<string, StereoWindow> {
  const channel = (stem: string, c: 0 | 1): Float32Array => merge(estimates.map((estimate) => estimate[stem]![c]))
  return Object.fromEntries(stems.map((stem) => [stem, [channel(stem, 0), channel(stem, 1)] as const]))
}

/**
 * Σ wᵢ·xᵢ / Σ wᵢ of each stem and channel, in 64 bits: the mean of equal estimates is that estimate.
 *
 * @param estimates of the same stems and length, one at least
 * @param weights one for each, equal by default
 */
export function meanOf(
  estimates: readonly Estimates[],
  stems: readonly string[],
  weights: readonly number[] = estimates.map(() => 1),
): Record<string, StereoWindow> {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return merged(estimates, stems, (all) => {
    const sum = new Float64Array(all[0]!.length)
    for (const [e, samples] of all.entries()) addScaled(sum, samples, weights[e]!)
    return scaled(sum, total)
  })
}

// Loops of their own, over arrays of one kind each: within a closure over several they take four times as long as often as not.
function addScaled(sum: Float64Array, samples: Float32Array, weight: number): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += weight * samples[i]!
}

function scaled(sum: Float64Array, divisor: number): Float32Array {
  const out = new Float32Array(sum.length)
  for (let i = 0; i < out.length; i++) out[i] = sum[i]! / divisor
  return out
}

/** The value in the middle, of an even number the mean of the two. */
export function medianOf(estimates: readonly Estimates[], stems: readonly string[]): Record<string, StereoWindow> {
  const half = (estimates.length - 1) / 2
  const sorted = new Float64Array(estimates.length)
  return merged(estimates, stems, (all) => {
    const out = new Float32Array(all[0]!.length)
    for (let i = 0; i < out.length; i++) {
      for (let e = 0; e < all.length; e++) sorted[e] = all[e]![i]!
      sorted.sort()
      out[i] = (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2
    }
    return out
  })
}

/** Stems that have no order of their own, in the order that the first estimate has. */
export function inOrderOf(first: Estimates, estimates: Estimates, stems: readonly string[]): Estimates {
  const order = orderLike(
    stems.map((stem) => first[stem]!),
    stems.map((stem) => estimates[stem]!),
  )
  return Object.fromEntries(stems.map((stem, i) => [stem, estimates[stems[order[i]!]!]!]))
}
