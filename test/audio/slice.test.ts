/** A slice holds exactly the samples asked for, whatever the cut of the source into blocks, reads no further, and closes what it was cut from. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AudioStream, slice } from '../../src/audio/index.ts'
import { sourceOf } from '../separation/fakes.ts'

const ramp = (length: number) => Float32Array.from({ length }, (_, i) => i)

async function read(stream: AudioStream): Promise<number[]> {
  const samples: number[] = []
  for await (const [left] of stream.blocks) samples.push(...left!)
  return samples
}

describe('slice', () => {
  it('gives what Array.slice gives, and knows its length where the source does', async () => {
    const bounds = fc.tuple(fc.nat(60), fc.nat(60)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
    await fc.assert(
      fc.asyncProperty(fc.nat(40), fc.integer({ min: 1, max: 20 }), bounds, async (length, blockLength, [from, to]) => {
        const expected = Array.from(ramp(length)).slice(from, to)
        const part = slice(sourceOf([ramp(length)], { blockLength }), from, to)
        expect(part.info.frames).toBe(expected.length)
        expect(await read(part)).toEqual(expected)
      }),
    )
  })

  it('reads no further than its end, and closes the source', async () => {
    const source = sourceOf([ramp(10_000)], { blockLength: 100 })
    expect(await read(slice(source, 150, 250))).toHaveLength(100)
    expect(source.given).toBe(300)
    expect(source.closed).toBe(true)
    const unread = sourceOf([ramp(10)])
    await slice(unread, 2).close()
    expect(unread.closed).toBe(true)
  })

  it('opens again where its source does, and leaves lengths unknown', async () => {
    const open = (): AudioStream => ({ ...sourceOf([ramp(100)], { lengthKnown: false }), reopen: async () => open() })
    const part = slice(open(), 10, 13)
    expect(part.info.frames).toBeUndefined()
    expect(await read(await part.reopen!())).toEqual([10, 11, 12])
    expect(await read(await part.reopen!())).toEqual([10, 11, 12])
    expect(slice(sourceOf([ramp(100)]), 0).reopen).toBeUndefined()
  })

  it('refuses what is no stretch', () => {
    for (const [from, to] of [
      [-1, 3],
      [3, 2],
      [0.5, 2],
      [0, Number.NaN],
      [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ] as const)
      expect(() => slice(sourceOf([ramp(10)]), from, to)).toThrow(`slice: samples ${from} to ${to}`)
  })
})
