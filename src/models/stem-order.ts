/** Which output of a network is which, where outputs have no order of their own. */
import { assign } from '../losses/index.ts'

/** A stem's channels, or any part of them. */
type Channels = readonly Float32Array[]

function product(a: Channels, b: Channels): number {
  let sum = 0
  for (const [c, x] of a.entries()) for (let i = 0; i < x.length; i++) sum += x[i]! * b[c]![i]!
  return sum
}

/**
 * For each reference the index of the estimate that is the same sound: the assignment of least squared differences, which is that of the greatest
 * products. Silence fits as well as anything: where all is silent, the order stays.
 *
 * @param references as many as estimates, of their channels and length
 *
 * @example
 * const [low, high] = [[Float32Array.of(1, 1, 1, 1)], [Float32Array.of(1, -1, 1, -1)]]
 * orderLike([low, high], [high, low]) // [1, 0]
 */
export function orderLike(references: readonly Channels[], estimates: readonly Channels[]): readonly number[] {
  const costs = references.flatMap((reference) => estimates.map((estimate) => -product(reference, estimate)))
  // Numbers that are none are reported by whoever writes the stems.
  if (!costs.every(Number.isFinite)) return references.map((_, i) => i)
  return Array.from(assign(costs, references.length), Number)
}
