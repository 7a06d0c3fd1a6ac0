/** Networks whose outputs have no order: each written stem is one source throughout. */
import { describe, expect, it } from 'vitest'
import { orderLike } from '../../src/models/index.ts'
import { type Separator, separate } from '../../src/separation/index.ts'
import { noise, separatorOf, sourceOf } from './fakes.ts'

/** Two sounds and a network that tells them apart, but names them differently from window to window. */
function shuffling(parts: readonly (readonly Float32Array[])[], swaps: (call: number) => boolean): Separator {
  const fake = separatorOf((window) => window, { windowLength: 512, margin: 64, stems: ['source-1', 'source-2'] })
  const mixture = parts[0]!.map((channel, c) => channel.map((x, i) => x + parts[1]![c]![i]!))
  let call = 0
  return {
    ...fake,
    interchangeable: true,
    predict: async (window) => {
      // Where the window is in the song: its first sample is nowhere else.
      const start = mixture[0]!.indexOf(window[0][0]!)
      const [a, b] = parts.map((part) => {
        const [left, right] = part.map((channel) => {
          const out = new Float32Array(512)
          out.set(channel.subarray(start, start + 512))
          return out
        })
        return [left!, right!] as const
      })
      return swaps(call++) ? { 'source-1': b!, 'source-2': a! } : { 'source-1': a!, 'source-2': b! }
    },
  }
}

describe('interchangeable outputs', () => {
  it.each([
    ['each window', (call: number) => call % 2 === 1],
    ['some windows', (call: number) => [1, 2, 5].includes(call)],
    ['none', () => false],
  ])('3.37 separate: stems keep their source where %s swaps them', async (_, swaps) => {
    const parts = [noise(2, 3000, { seed: 1 }), noise(2, 3000, { seed: 2 })]
    const mixture = parts[0]!.map((channel, c) => channel.map((x, i) => x + parts[1]![c]![i]!))
    const found: Record<string, number[]> = { 'source-1': [], 'source-2': [] }
    for await (const { stems } of separate(sourceOf(mixture), { separator: shuffling(parts, swaps) }))
      for (const [stem, block] of Object.entries(stems)) found[stem]!.push(...block[0]!)
    for (const [s, stem] of ['source-1', 'source-2'].entries()) {
      expect(found[stem]).toHaveLength(3000)
      // Weights of overlapping windows add up to one within two roundings of samples up to 1.
      for (const [i, x] of found[stem]!.entries()) expect(Math.abs(x - parts[s]![0]![i]!)).toBeLessThan(1e-6)
    }
  })

  it('orderLike: the assignment of the greatest products; in silence, and of numbers that are none, the order stays', () => {
    const three = [1, 2, 3].map((seed) => noise(2, 200, { seed }))
    const shuffled = [three[2]!, three[0]!, three[1]!]
    expect(orderLike(three, shuffled)).toEqual([1, 2, 0])
    // A little of everything in each does not change it.
    const leaky = shuffled.map((part) => part.map((x, c) => x.map((v, i) => v + 0.3 * three[0]![c]![i]!)))
    expect(orderLike(three, leaky)).toEqual([1, 2, 0])
    const silent = three.map((part) => part.map((x) => x.map(() => 0)))
    expect(orderLike(three, silent)).toEqual([0, 1, 2])
    expect(orderLike(three, [three[1]!, three[0]!.map((x) => x.map(() => Number.NaN)), three[2]!])).toEqual([0, 1, 2])
  })
})
