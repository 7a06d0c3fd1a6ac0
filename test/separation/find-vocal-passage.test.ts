/** The passage that is found is that of the loudest voice, however much else there is, heard sparsely or not, at any rate. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AudioStream, Samples } from '../../src/audio/index.ts'
import { findVocalPassage, SeparationError, type Separator } from '../../src/separation/index.ts'
import { identity, noise, type SourceOptions, separatorOf, sourceOf } from './fakes.ts'

/** Steady noise on the left, a voice on the right that sings from one time to another: what the stand-in for a network tells apart. */
function songOf(
  seconds: number,
  voices: readonly (readonly [from: number, to: number, level: number])[],
  sampleRate = 8000,
): Float32Array[] {
  const [music, voice] = noise(2, Math.round(seconds * sampleRate)) as [Float32Array, Float32Array]
  const level = (n: number) => voices.find(([from, to]) => n >= from * sampleRate && n < to * sampleRate)?.[2] ?? 0
  return [music, voice.map((sample, n) => level(n) * sample)]
}

const rightOnly = (options: Parameters<typeof separatorOf>[1] = {}): Separator & { readonly calls: number } =>
  separatorOf(([left, right]) => [left.map(() => 0), right], { sampleRate: 8000, windowLength: 8000, margin: 400, ...options })

function reopenable(channels: readonly Samples[], options: SourceOptions = {}): AudioStream {
  return { ...sourceOf(channels, { sampleRate: 8000, ...options }), reopen: async () => reopenable(channels, options) }
}

describe('findVocalPassage', () => {
  it('finds the loudest voice to a step, when it hears all', async () => {
    const place = fc.integer({ min: 0, max: 160 })
    await fc.assert(
      fc.asyncProperty(place, fc.integer({ min: 100, max: 9000 }), fc.boolean(), async (tenth, blockLength, lengthKnown) => {
        const at = tenth / 10
        const song = songOf(20, [[at, at + 4, 1]])
        const found = await findVocalPassage(reopenable(song, { blockLength, lengthKnown }), {
          separator: rightOnly(),
          seconds: 4,
          every: 1,
        })
        expect(Math.abs(found.startSeconds - at)).toBeLessThan(0.11)
        expect(found.seconds).toBe(4)
        expect(found.share).toBeGreaterThan(0.97)
      }),
      { numRuns: 15 },
    )
  })

  it('finds it too when it hears one of three windows, by the energy of the song in between', async () => {
    const song = songOf(60, [
      [5, 15, 0.4],
      [30, 42, 1],
      [50, 58, 0.5],
    ])
    const separator = rightOnly()
    const { startSeconds } = await findVocalPassage(reopenable(song), { separator, seconds: 10, every: 3 })
    expect(startSeconds).toBeGreaterThanOrEqual(29)
    expect(startSeconds).toBeLessThanOrEqual(33)
    // 60 s in windows of 1 s less margins, one of three.
    expect(separator.calls).toBeLessThanOrEqual(Math.ceil(60 / (3 * 0.9)) + 1)
  })

  it('works at other rates, on mono, and where the source leaves its length open', async () => {
    const [, voice] = songOf(12, [[6, 8, 1]], 44100)
    const mono = reopenable([voice!], { sampleRate: 44100, lengthKnown: false })
    const separator = separatorOf(identity, { sampleRate: 8000, windowLength: 8000, margin: 400 })
    const { startSeconds, seconds } = await findVocalPassage(mono, { separator, seconds: 2 })
    expect(Math.abs(startSeconds - 6)).toBeLessThan(0.11)
    expect(seconds).toBe(2)
  })

  it('takes the whole song where it is shorter, and its beginning where nobody sings', async () => {
    const separator = rightOnly()
    expect(await findVocalPassage(reopenable(songOf(3, [])), { separator, seconds: 15 })).toEqual({ startSeconds: 0, seconds: 3, share: 1 })
    expect(separator.calls).toBe(0)
    const unknown = reopenable(songOf(3, [[0, 3, 1]]), { lengthKnown: false })
    expect(await findVocalPassage(unknown, { separator, seconds: 15 })).toEqual({ startSeconds: 0, seconds: 3, share: 1 })
    expect(await findVocalPassage(reopenable(songOf(30, [])), { separator, seconds: 15 })).toEqual({
      startSeconds: 0,
      seconds: 15,
      share: 0,
    })
  })

  it('tells how far it is, leaves the source unread, and closes what it opened', async () => {
    const opened: AudioStream[] = []
    const song = songOf(20, [[5, 8, 1]])
    const source = {
      ...sourceOf(song, { sampleRate: 8000 }),
      reopen: async () => {
        opened.push(sourceOf(song, { sampleRate: 8000 }))
        return opened[0]!
      },
    }
    const told: number[] = []
    await findVocalPassage(source, { separator: rightOnly(), seconds: 3, onProgress: ({ doneSeconds }) => told.push(doneSeconds) })
    expect(told).toEqual([...told].sort((a, b) => a - b))
    expect(told.at(-1)).toBe(20)
    expect(source.given).toBe(0)
    expect((opened[0] as ReturnType<typeof sourceOf>).closed).toBe(true)
  })

  it('refuses what can be heard only once, and options that make no sense, and stops on request', async () => {
    const song = songOf(20, [])
    const separator = rightOnly()
    await expect(findVocalPassage(sourceOf(song), { separator, seconds: 5 })).rejects.toThrow(SeparationError)
    await expect(findVocalPassage(sourceOf(song), { separator, seconds: 5 })).rejects.toThrow('save it as a file first')
    for (const seconds of [0, Number.NaN, Number.POSITIVE_INFINITY])
      await expect(findVocalPassage(reopenable(song), { separator, seconds })).rejects.toThrow(`seconds ${seconds}`)
    await expect(findVocalPassage(reopenable(song), { separator, seconds: 1, every: 0 })).rejects.toThrow('every 0')
    const drums = rightOnly({ stems: ['drums'] })
    await expect(findVocalPassage(reopenable(song), { separator: drums, seconds: 1 })).rejects.toThrow(
      'knows drums; needs one that knows vocals',
    )
    const controller = new AbortController()
    const onProgress = () => controller.abort(new Error('enough'))
    await expect(findVocalPassage(reopenable(song), { separator, seconds: 1, signal: controller.signal, onProgress })).rejects.toThrow(
      'enough',
    )
  })
})
