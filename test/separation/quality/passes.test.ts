/** Shifts, exchanged channels, polarity: what a network is indifferent to changes nothing; what it is not is averaged. */

import { describe, expect, it } from 'vitest'
import type { AudioBlock } from '../../../src/audio/index.ts'
import { type Separator, separate, withChannelSwap, withPolarity, withShifts } from '../../../src/separation/index.ts'
import { noise, perChannel, separatorOf, sourceOf } from '../fakes.ts'
import { copyOf, difference, filtered, gain, listening, sumsTo, windowOf } from './fakes.ts'

const wrappers: Readonly<Record<string, (separator: Separator) => Separator>> = {
  'channel swap': withChannelSwap,
  polarity: withPolarity,
  'three shifts': (separator) => withShifts(separator, 3, { seconds: 0.002 }),
  'all of them': (separator) => withShifts(withPolarity(withChannelSwap(separator)), 2, { seconds: 0.002 }),
}

async function vocalsOf(song: readonly Float32Array[], separator: Separator): Promise<readonly Float64Array[]> {
  const blocks: AudioBlock[] = []
  const source = { ...sourceOf(song), reopen: async () => sourceOf(song) }
  for await (const { stems } of separate(source, { separator, stems: ['vocals'] })) blocks.push(stems.vocals!)
  return song.map((_, c) => Float64Array.from(blocks.flatMap((block) => [...block[c]!])))
}

describe.each(Object.entries(wrappers))('%s', (_, wrap) => {
  it('leaves the estimate of a network that is odd, even-handed and shift-invariant as it is, to the bit', async () => {
    const inner = separatorOf(filtered)
    const separator = wrap(inner)
    const window = windowOf(separator.windowLength)
    const { vocals } = await separator.predict(copyOf(window))
    expect(vocals).toEqual(filtered(window))
  })

  it('gives stems that sum to the song and have its length', async () => {
    const song = noise(2, 1777)
    const separator = wrap(separatorOf(filtered))
    // The instrumental is a float32 difference: half a step of values below 1.
    expect(await sumsTo(song, separator)).toEqual({ length: 1777, exact: true })
  })

  it('asks one after the other, hands what is aborted back at once, and disposes', async () => {
    const inner = separatorOf(filtered)
    const separator = wrap(inner)
    const aborted = AbortSignal.abort(new Error('enough'))
    await expect(separator.predict(windowOf(separator.windowLength), { signal: aborted })).rejects.toThrow('enough')
    expect(inner.calls).toBe(0)
    await separator.dispose()
    expect(inner.disposed).toBe(true)
  })

  it('keeps what it does not change, methods of classes included', async () => {
    class Counting {
      readonly [key: string]: unknown
      disposals = 0
      async dispose() {
        this.disposals++
      }
    }
    const counting = Object.assign(new Counting(), { ...separatorOf(filtered), dispose: Counting.prototype.dispose })
    const separator = wrap(counting as unknown as Separator)
    expect(separator).toMatchObject({ name: 'fake', device: 'test', stems: ['vocals'], sampleRate: 44100, channels: 2, margin: 64 })
    await separator.dispose()
    expect(counting.disposals).toBe(1)
  })

  it('tells the network what it wants to know of the song', async () => {
    const song = noise(2, 2000)
    const loudest = (heard: readonly Float32Array[]) => Math.max(...heard.flatMap((samples) => Array.from(samples, Math.abs)))
    const vocals = await vocalsOf(song, wrap(listening(loudest)))
    const expected = gain(Math.fround(loudest(song)))([song[0]!, song[1]!])
    // Overlap-add divides by weights that sum to one within two roundings.
    for (const c of [0, 1] as const) for (const [i, x] of vocals[c]!.entries()) expect(Math.abs(x - expected[c][i]!)).toBeLessThan(2e-7)
  })
})

describe('withChannelSwap', () => {
  it('shares out what a network does to one channel alone', async () => {
    const separator = withChannelSwap(separatorOf(([left, right]) => [left.map((x) => 0.25 * x), right.slice()]))
    const window = windowOf(512)
    const { vocals } = await separator.predict(copyOf(window))
    // (1/4 + 1)/2 is exact in binary.
    expect(vocals).toEqual(gain(0.625)(window))
  })

  it('lets the network hear the song exchanged where its windows are', async () => {
    const left = ([samples]: readonly Float32Array[]) => samples![0]!
    const song = [new Float32Array(600).fill(0.5), new Float32Array(600).fill(0.25)]
    const vocals = await vocalsOf(song, withChannelSwap(listening(left)))
    // The fact of the song is 0.5, of the exchanged one 0.25.
    expect(vocals[0]![300]).toBeCloseTo(0.5 * 0.375, 6)
    expect(vocals[1]![300]).toBeCloseTo(0.25 * 0.375, 6)
  })
})

describe('withPolarity', () => {
  it('takes away what does not turn round with the sound', async () => {
    const separator = withPolarity(separatorOf(perChannel((samples) => samples.map((x) => x + 0.125))))
    const window = windowOf(512)
    // x + 1/8 is rounded on the way, by half a step of values below 1.
    expect(difference((await separator.predict(copyOf(window))).vocals!, window)).toBeLessThan(2 ** -24)
  })
})

describe('withShifts', () => {
  it('averages what depends on the place in the window', async () => {
    // Even places are kept, odd ones are lost: at two places, 44 samples apart over 88, nothing changes; 43 apart, half of every sample is left.
    const places = perChannel((samples) => samples.map((x, i) => (i % 2 === 0 ? x : 0)))
    const even = withShifts(separatorOf(places), 2, { seconds: 88 / 44100 })
    const odd = withShifts(separatorOf(places), 2, { seconds: 86 / 44100 })
    const window = windowOf(512 - 88)
    expect((await even.predict(copyOf(window))).vocals).toEqual(places(window))
    const longer = windowOf(512 - 86)
    expect((await odd.predict(copyOf(longer))).vocals).toEqual(gain(0.5)(longer))
  })

  it('makes windows shorter by the spread, and one shift alone changes nothing else', async () => {
    const separator = withShifts(separatorOf(filtered), 1, { seconds: 0.001 })
    expect(separator.windowLength).toBe(512 - 44)
    const window = windowOf(512 - 44)
    expect((await separator.predict(copyOf(window))).vocals).toEqual(filtered(window))
  })

  it('refuses shifts that are none and spreads that leave nothing between the margins', () => {
    const separator = separatorOf(filtered)
    for (const shifts of [0, -1, 1.5, Number.NaN]) expect(() => withShifts(separator, shifts)).toThrow(/shifts: .* whole numbers ≥ 1/)
    expect(() => withShifts(separator, 2)).toThrow('shifts: seconds 0.5; windows of 512 samples allow 0 to 0.009')
    expect(() => withShifts(separator, 2, { seconds: -1 })).toThrow(/seconds -1/)
  })

  it('keeps stems without an order together', async () => {
    // Which output is the sound and which is silence depends on where the sound lies in the window.
    let calls = 0
    const base = separatorOf(filtered, { stems: ['source-1', 'source-2'] })
    const fickle: Separator = {
      ...base,
      interchangeable: true,
      predict: async (window) => {
        const both = [filtered(window), gain(0)(window)]
        if (calls++ % 2 === 1) both.reverse()
        return { 'source-1': both[0]!, 'source-2': both[1]! }
      },
    }
    const separator = withShifts(fickle, 4, { seconds: 0.002 })
    const window = windowOf(separator.windowLength)
    const found = await separator.predict(copyOf(window))
    expect(found['source-1']).toEqual(filtered(window))
    expect(difference(found['source-2']!, gain(0)(window))).toBe(0)
  })
})
